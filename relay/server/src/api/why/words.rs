//! Decisions in sentences.

use std::net::IpAddr;

use ringfence_fence::{Pass, Policy, Refusal, Role, Rule, SiteId};

use crate::config::Sources;

/// Why it was refused at this relay's site, and what would have to be otherwise.
pub fn in_words(policy: &Policy, refusal: &Refusal, address: Option<IpAddr>) -> String {
    at_site(policy, refusal, address, policy.own_site())
}

/// Why it was refused at a site.
pub fn at_site(
    policy: &Policy,
    refusal: &Refusal,
    address: Option<IpAddr>,
    site: SiteId,
) -> String {
    let who = address.map_or("the address".to_owned(), |address| address.to_string());
    let region = refusal.region.map_or("", |region| policy.region_name(region));
    let whose = if site == policy.own_site() { "this relay's site" } else { "site" };
    let site = policy.site_name(site);
    let outside =
        |list| format!("{who} is in region `{region}`, which the fence does not list in `{list}`");
    match refusal.rule {
        Rule::UnknownAddress => format!("{who} is in no region, and unknown means no"),
        Rule::RegionNotInClients => outside("clients"),
        Rule::RegionNotInPeers => outside("peers"),
        Rule::RegionNotInTransit => outside("transit"),
        Rule::SiteNotInTransit => format!(
            "{whose} `{site}` is in region `{region}`, which the fence does not list in \
             `transit`: it may carry nothing under this fence"
        ),
        Rule::SiteNotRequired => format!(
            "{whose} `{site}` is in region `{region}`, which is not among those that the room requires"
        ),
        Rule::RegionRefusedByRoom => {
            format!("{who} is in region `{region}`, from which the room refuses participants")
        }
        Rule::HomeNotRequired => format!(
            "the tenant's home region `{region}` would be left out of `require`, which nothing can do"
        ),
        Rule::NotNarrower => format!(
            "region `{region}` is required, which the level above does not have: `require` can only \
             take away"
        ),
        Rule::UnknownRegion => "the policy has no such region".to_owned(),
        Rule::StaleNarrowing => {
            "the room was narrowed under an earlier policy, and not yet under this one".to_owned()
        }
        Rule::NotEncrypted => {
            format!(
                "the media of {who} is evidently not encrypted, and the fence requires that it is"
            )
        }
        Rule::UnknownGroup => "the tenant has no such group".to_owned(),
        Rule::OwnAddressMissing => {
            format!("this relay listens nowhere, so that it is at site `{site}` cannot be checked")
        }
        Rule::OwnAddressOutsideSite => format!(
            "this relay listens outside of the addresses of its site `{site}`, so it carries nothing"
        ),
        Rule::UnknownTenant => "there is no such tenant".to_owned(),
        Rule::FenceNotOfTenant => "this fence is not one of the tenant's".to_owned(),
        Rule::WrongEnclave => {
            format!("the tenant and {whose} `{site}` belong to different enclaves")
        }
        Rule::UnknownFence => "the policy has no such fence".to_owned(),
        Rule::UnknownSite => "the policy has no such site".to_owned(),
        rule => format!("{who} {}", of_form(rule)),
    }
}

/// Where the rule that refused is written, as `file:line`; `None` for what no line can change.
pub fn place(refusal: &Refusal, sources: &Sources) -> Option<String> {
    let place = sources.place(refusal.origin?)?;
    Some(format!("{}:{}", place.file, place.line))
}

/// Why it was let in.
pub(super) fn of_pass(policy: &Policy, pass: &Pass, site: SiteId) -> String {
    let address = pass.addr().ip();
    let region = policy.region_name(pass.region());
    let fence = policy.fence_name(pass.fence());
    let site = policy.site_name(site);
    let list = match pass.role() {
        Role::Client => "clients",
        Role::Peer => "peers",
        Role::Transit => "transit",
    };
    format!(
        "{address} is in region `{region}`, which fence `{fence}` admits by its `{list}`, and site \
         `{site}` may carry under it"
    )
}

/// What is wrong with the form of an address, whatever the fence says.
fn of_form(rule: Rule) -> &'static str {
    match rule {
        Rule::PortZero => "has port 0, which names no endpoint",
        Rule::Unspecified => "is an unspecified address, which names no endpoint",
        Rule::Multicast => "is a multicast address, which is many endpoints",
        Rule::Broadcast => "is the broadcast address, which is many endpoints",
        Rule::SixToFour => "is a 6to4 address, which hides an IPv4 address",
        Rule::Teredo => "is a Teredo address, which hides IPv4 addresses",
        Rule::Isatap => "is an ISATAP address, which hides an IPv4 address",
        Rule::Siit => "is an IPv4-translated address, which hides an IPv4 address",
        Rule::Ipv4Compatible => "is an IPv4-compatible address, which hides an IPv4 address",
        Rule::Nat64LocalUse => "is a NAT64 address of a prefix that `nat64.prefixes` does not list",
        Rule::Nat64Malformed => "is a NAT64 address with bits set that must be zero",
        Rule::Loopback => "is a loopback address that no region lists",
        Rule::OwnAddress => "is an address of this relay or its host, never a peer",
        Rule::LinkLocal => "is a link-local address that no region lists",
        Rule::Private => "is a private address that no region lists",
        Rule::UniqueLocal => "is a unique local address that no region lists",
        Rule::SharedAddress => "is an address of carrier-grade NAT that no region lists",
        Rule::Documentation => "is an address for documentation that no region lists",
        Rule::Benchmarking => "is an address for benchmarks that no region lists",
        _ => "is an address for special purposes that no region lists",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_sentence_of_its_own() {
        let loaded = crate::config::parse(
            "test",
            include_str!("../../../tests/config/reference.toml"),
            std::path::Path::new("/nonexistent"),
            [],
        );
        let policy = loaded.unwrap().policy;
        let sentences: BTreeSet<_> = Rule::ALL
            .iter()
            .map(|&rule| {
                let refusal = Refusal { rule, origin: None, region: None, epoch: policy.epoch() };
                in_words(&policy, &refusal, None)
            })
            .collect();
        assert_eq!(sentences.len(), Rule::ALL.len());
    }
}
