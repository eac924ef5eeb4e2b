//! Sites: their region, ranges and enclave.

use crate::draft::SiteDraft;
use crate::names::Named;
use crate::region::Region;
use crate::site::Site;
use crate::{Located, PolicyError, RegionId};

use super::{declared, prefixes, resolve};

pub(super) fn compile(
    draft: &[SiteDraft],
    spare_sites: &[Located<String>],
    regions: &Named<Region>,
    errors: &mut Vec<PolicyError>,
) -> Named<Site> {
    declared::check("site", draft.iter().map(|site| &site.name), errors);
    let mut sites = Named::default();
    for site in draft {
        check_addresses(site, errors);
        let region = resolve::resolve("unknown_region", "region", &site.region, regions, errors);
        if let Some(enclave) = &site.enclave {
            declared::check_form("enclave", enclave, errors);
        }
        if let Some(region) = region.and_then(RegionId::from_index) {
            let enclave = site.enclave.as_ref().map(|enclave| enclave.value.clone());
            let spare = spare_sites.iter().any(|spare| spare.value == site.name.value);
            let addresses = site.addresses.iter().map(|prefix| prefix.value).collect();
            let origin = site.name.origin;
            sites.push(&site.name.value, Site { region, enclave, addresses, spare, origin });
        }
    }
    let places = declared::places(draft.iter().map(|site| &site.name));
    for name in spare_sites {
        resolve::resolve("unknown_site", "site", name, &places, errors);
    }
    sites
}

fn check_addresses(site: &SiteDraft, errors: &mut Vec<PolicyError>) {
    if site.addresses.is_empty() {
        let message = format!("site `{}` has no addresses", site.name.value);
        errors.push(PolicyError::new("empty_site", site.name.origin, message));
    }
    for prefix in &site.addresses {
        prefixes::check(prefix, errors);
    }
}
