//! Prefixes as such, wherever they are written.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{Located, Origin, PolicyError, refused_space};

/// Reports host bits, and space that no policy can open.
pub(super) fn check(prefix: &Located<IpNet>, errors: &mut Vec<PolicyError>) {
    let Located { value: net, origin } = *prefix;
    check_host_bits(net, origin, errors);
    if let Some(folded) = unmapped(net) {
        let message = format!("`{net}` is IPv4-mapped and is judged as IPv4");
        let error = PolicyError::new("refused_space", origin, message);
        errors.push(error.help(format!("write `{folded}`")));
    } else if let Some(rule) = refused_space::refuses_net(net) {
        let message = format!("`{net}` lies in space that is always refused ({rule})");
        errors.push(PolicyError::new("refused_space", origin, message));
    }
}

pub(super) fn check_host_bits(net: IpNet, origin: Origin, errors: &mut Vec<PolicyError>) {
    let trunc = net.trunc();
    if trunc != net {
        let message = format!("`{net}` has bits set behind its prefix");
        let help = format!("write `{trunc}`");
        errors.push(PolicyError::new("host_bits", origin, message).help(help));
    }
}

/// The IPv4 form of a prefix that has IPv4-mapped addresses only.
fn unmapped(net: IpNet) -> Option<IpNet> {
    let IpNet::V6(v6) = net else { return None };
    let prefix_len = v6.prefix_len().checked_sub(refused_space::IPV4_MAPPED.prefix_len())?;
    let folded = IpAddr::V6(v6.network()).to_canonical();
    refused_space::IPV4_MAPPED.contains(&v6).then(|| IpNet::new(folded, prefix_len).ok()).flatten()
}
