//! The site that this relay runs at, and whether its addresses agree.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::Ipv6Net;

use crate::draft::SiteDraft;
use crate::{Epoch, Located, Origin, PolicyDraft, PolicyError, Refusal, Rule, SiteId, canonical};

use super::{declared, resolve};

pub(super) struct OwnSite {
    pub(super) id: SiteId,
    pub(super) standing: Result<(), Refusal>,
}

/// The addresses of this relay and its host, in canonical form and sorted.
pub(super) fn addresses(draft: &PolicyDraft, nat64: &[Ipv6Net]) -> Box<[IpAddr]> {
    let listed = draft.own_addresses.iter().map(|address| address.value);
    let all = listed.chain(draft.host_addresses.iter().copied());
    let canonical = all.filter_map(|address| canonical(address, nat64).ok());
    let sorted: BTreeSet<_> = canonical.map(|form| form.addr()).collect();
    sorted.into_iter().collect()
}

/// Bad standing is no error: such a relay runs, says so, and refuses all fenced work.
pub(super) fn compile(
    draft: &PolicyDraft,
    nat64: &[Ipv6Net],
    epoch: Epoch,
    errors: &mut Vec<PolicyError>,
) -> Option<OwnSite> {
    let sites = declared::places(draft.sites.iter().map(|site| &site.name));
    let place = resolve::resolve("unknown_site", "site", &draft.own_site, &sites, errors)?;
    let site = draft.sites.get(place)?;
    check_enclave(draft.own_enclave.as_ref(), site, errors);
    let refuse = |rule, origin: Origin| Refusal { rule, origin: Some(origin), region: None, epoch };
    let standing = standing(draft, site, nat64).map_err(|rule| refuse(rule, site.name.origin));
    Some(OwnSite { id: SiteId::from_index(place)?, standing })
}

/// A host that says it belongs to one enclave does not run as a site of another.
fn check_enclave(own: Option<&Located<String>>, site: &SiteDraft, errors: &mut Vec<PolicyError>) {
    let of_site = site.enclave.as_ref();
    if let Some(own) = own
        && of_site.is_none_or(|enclave| enclave.value != own.value)
    {
        let theirs = of_site.map_or("the common enclave", |enclave| enclave.value.as_str());
        let message = format!("site `{}` belongs to {theirs}", site.name.value);
        let error = PolicyError::new("wrong_enclave", own.origin, message);
        let origin = of_site.map_or(site.name.origin, |enclave| enclave.origin);
        errors.push(
            error.related(origin, "the site's enclave").help("is this the host's site?".to_owned()),
        );
    }
}

fn standing(draft: &PolicyDraft, site: &SiteDraft, nat64: &[Ipv6Net]) -> Result<(), Rule> {
    if draft.own_addresses.is_empty() {
        return Err(Rule::OwnAddressMissing);
    }
    let declared = |address| site.addresses.iter().any(|range| range.value.contains(&address));
    let inside = |address| canonical(address, nat64).is_ok_and(|form| declared(form.addr()));
    if draft.own_addresses.iter().all(|address| inside(address.value)) {
        return Ok(());
    }
    Err(Rule::OwnAddressOutsideSite)
}
