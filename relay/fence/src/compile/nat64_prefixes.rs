//! The operator's NAT64 prefixes: of a legal length, and no address in two of them.

use ipnet::{IpNet, Ipv6Net};

use crate::{Located, PolicyError, nat64, refused_space};

use super::prefixes;

/// Prefixes beside the well-known one. Every address is compared with each of them.
const NAT64_MAX: usize = 16;

pub(super) fn compile(draft: &[Located<Ipv6Net>], errors: &mut Vec<PolicyError>) -> Box<[Ipv6Net]> {
    if let Some(extra) = draft.get(NAT64_MAX) {
        let message = format!("more than {NAT64_MAX} NAT64 prefixes");
        errors.push(PolicyError::new("too_many", extra.origin, message));
    }
    for (place, prefix) in draft.iter().take(NAT64_MAX).enumerate() {
        check(prefix, errors);
        check_overlap(prefix, &draft[..place], errors);
    }
    draft.iter().map(|prefix| prefix.value).collect()
}

fn check(prefix: &Located<Ipv6Net>, errors: &mut Vec<PolicyError>) {
    let Located { value: net, origin } = *prefix;
    prefixes::check_host_bits(net.into(), origin, errors);
    let mapped = net.addr().to_ipv4_mapped().is_some();
    if mapped || refused_space::refuses_net(IpNet::V6(net)).is_some() {
        let message = format!("`{net}` lies in space that is always refused");
        errors.push(PolicyError::new("refused_space", origin, message));
    }
    if !nat64::PREFIX_LENS.contains(&net.prefix_len()) {
        let message = format!("a NAT64 prefix cannot have length {}", net.prefix_len());
        let help = "RFC 6052 section 2.2 has 32, 40, 48, 56, 64 and 96".to_owned();
        errors.push(PolicyError::new("nat64_length", origin, message).help(help));
    } else if net.network().octets()[nat64::RESERVED_OCTET] != 0 {
        let message = format!("bits 64 to 71 of the NAT64 prefix `{net}` are not zero");
        errors.push(PolicyError::new("nat64_reserved_bits", origin, message));
    }
}

/// Two prefixes that overlap would read two different IPv4 addresses out of one address.
fn check_overlap(
    prefix: &Located<Ipv6Net>,
    earlier: &[Located<Ipv6Net>],
    errors: &mut Vec<PolicyError>,
) {
    let net = prefix.value;
    let clash = |other: &Ipv6Net| other.contains(&net) || net.contains(other);
    if let Some(other) = earlier.iter().find(|other| clash(&other.value)) {
        let message = format!("NAT64 prefixes `{net}` and `{}` overlap", other.value);
        let error = PolicyError::new("nat64_overlap", prefix.origin, message);
        errors.push(error.related(other.origin, "the other one"));
    } else if net != nat64::WELL_KNOWN && clash(&nat64::WELL_KNOWN) {
        let message = format!("`{net}` overlaps the well-known `{}`", nat64::WELL_KNOWN);
        errors.push(PolicyError::new("nat64_overlap", prefix.origin, message));
    }
}
