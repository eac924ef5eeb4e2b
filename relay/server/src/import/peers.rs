//! allowed-peer-ip and denied-peer-ip: ranges to prefixes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use ringfence_fence::draft::RegionDraft;
use ringfence_fence::{Epoch, Located, Origin, Policy, PolicyDraft};

use super::Outcome;
use super::lines::Setting;
use super::plan::{Plan, Sourced};

const BAD: &str = "this is not an address, nor two with a hyphen";
const BAD_DENIED: &str = "this is not an address, nor two with a hyphen; coturn passes over it and \
                          lets such peers in, the new fence has no peers until it is mended";

/// Which addresses belong to which region; no prefix is in two.
pub(super) struct Peers {
    pub(super) internet: Vec<IpNet>,
    pub(super) allowed: Vec<IpNet>,
    pub(super) denied: Vec<IpNet>,
}

pub(super) fn allowed(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    let Some(all) = prefixes(&setting.value) else {
        return Outcome::refused(BAD);
    };
    let value = without_refused_space(&all);
    if value.len() < all.len() {
        return Outcome::refused("some of these addresses can be nobody's peers");
    }
    plan.allowed.push(Sourced { line: setting.line, option: "allowed-peer-ip", value });
    Outcome::mapped("regions.allowed-peers, the peers of the fence")
}

pub(super) fn denied(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    let option = "denied-peer-ip";
    let Some(all) = prefixes(&setting.value) else {
        plan.denied_unread.push(Sourced { line: setting.line, option, value: () });
        return Outcome::refused(BAD_DENIED);
    };
    let value = without_refused_space(&all);
    if value.is_empty() {
        return Outcome::ignored("such addresses are never peers");
    }
    plan.denied.push(Sourced { line: setting.line, option, value });
    Outcome::mapped("regions.denied, which no fence lists")
}

/// Those that a region can hold; the fence knows.
fn without_refused_space(prefixes: &[IpNet]) -> Vec<IpNet> {
    let numbered = |(index, prefix): (usize, &IpNet)| Located {
        value: *prefix,
        origin: Origin { start: u32::try_from(index).unwrap_or(u32::MAX), ..Origin::default() },
    };
    let cidrs = prefixes.iter().enumerate().map(numbered).collect();
    let regions = vec![RegionDraft { cidrs, ..RegionDraft::default() }];
    let draft = PolicyDraft { regions, ..PolicyDraft::default() };
    let errors = Policy::compile(&draft, Epoch(1)).err().unwrap_or_default();
    let refused = errors.iter().filter(|error| error.code == "refused_space");
    let refused: BTreeSet<usize> = refused.map(|error| error.origin.start as usize).collect();
    let open = prefixes.iter().enumerate().filter(|(index, _)| !refused.contains(index));
    open.map(|(_, prefix)| *prefix).collect()
}

impl Peers {
    /// "If an ip address is specified as both allowed and denied, then the ip address is considered
    /// to be allowed" (turnserver.conf). Of nested prefixes the longer decides, which is narrower
    /// than coturn where a denied one lies within an allowed one.
    pub(super) fn of(plan: &Plan) -> Self {
        let allowed = gathered(&plan.allowed);
        let mut denied = gathered(&plan.denied);
        denied.retain(|prefix| !allowed.contains(prefix));
        let mut internet = vec![IpNet::default(), everything_v6()];
        internet.retain(|prefix| !allowed.contains(prefix) && !denied.contains(prefix));
        Self { internet, allowed, denied }
    }
}

fn gathered(ranges: &[Sourced<Vec<IpNet>>]) -> Vec<IpNet> {
    let all: Vec<IpNet> = ranges.iter().flat_map(|from| from.value.iter().copied()).collect();
    IpNet::aggregate(&all)
}

fn everything_v6() -> IpNet {
    IpNet::V6(ipnet::Ipv6Net::default())
}

/// An address, a range, or a prefix, which coturn does not know but whoever wrote it meant.
fn prefixes(text: &str) -> Option<Vec<IpNet>> {
    let text = text.trim();
    if let Ok(prefix) = text.parse::<IpNet>() {
        return Some(vec![unmapped(prefix.trunc())]);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let prefixes: Vec<IpNet> = match (first.trim().parse().ok()?, last.trim().parse().ok()?) {
        (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => {
            Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) if first <= last => {
            Ipv6Subnets::new(first, last, 0).map(|prefix| unmapped(prefix.into())).collect()
        }
        _ => return None,
    };
    Some(prefixes)
}

/// IPv4-mapped addresses are judged as IPv4. The prefix of all of them stays, and is refused space:
/// it names a form, not all of IPv4.
fn unmapped(prefix: IpNet) -> IpNet {
    const MAPPED_BITS: u8 = 96;
    let folded = prefix.addr().to_canonical();
    match prefix.prefix_len().checked_sub(MAPPED_BITS) {
        Some(bits @ 1..) if folded.is_ipv4() => IpNet::new(folded, bits).unwrap_or(prefix),
        _ => prefix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<Vec<String>> {
        prefixes(text).map(|prefixes| prefixes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_range_becomes_exactly_its_prefixes() {
        let cases = [
            ("83.166.68.45", "83.166.68.45/32"),
            ("83.166.64.0-83.166.95.255", "83.166.64.0/19"),
            ("10.0.0.1-10.0.0.2", "10.0.0.1/32 10.0.0.2/32"),
            ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
            ("fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::/7"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("::ffff:10.0.0.0-::ffff:10.255.255.255", "10.0.0.0/8"),
            ("::ffff:0.0.0.0-::ffff:255.255.255.255", "::ffff:0.0.0.0/96"),
        ];
        for (range, expected) in cases {
            assert_eq!(shown(range).map(|prefixes| prefixes.join(" ")).as_deref(), Some(expected));
        }
        for bad in ["", "x", "10.0.0.2-10.0.0.1", "10.0.0.1-::1", "10.0.0.1-", "10.0.0.0/33"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }
}
