//! Sites: their region, ranges and enclave.

use crate::draft::SiteDraft;
use crate::names::Named;
use crate::site::Site;
use crate::{PolicyError, RegionId};

use super::{declared, prefixes, resolve};

pub(super) fn compile(
    draft: &[SiteDraft],
    regions: &Named<()>,
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
            sites.push(&site.name.value, Site { region, enclave });
        }
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
