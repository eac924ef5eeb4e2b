//! Whether the relay is where its configuration says it is.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ringfence_fence::draft::RegionDraft;
use ringfence_fence::{Policy, PolicyDraft};

use super::Finding;

const CHECK: &str = "site";

/// What is known of the own site.
struct Site<'a> {
    policy: &'a Policy,
    draft: &'a PolicyDraft,
    name: &'a str,
    region: &'a str,
}

/// One finding for each address: it lies in the site's declared ranges, and the regions agree that
/// it lies where the site does.
pub(super) fn check(policy: &Policy, draft: &PolicyDraft, own: &BTreeSet<IpAddr>) -> Vec<Finding> {
    let site = policy.own_site();
    let region = policy.site_region(site).map(|region| policy.region_name(region));
    let region = region.unwrap_or_default();
    let site = Site { policy, draft, name: policy.site_name(site), region };
    own.iter().map(|&ip| site.one(ip)).collect()
}

impl Site<'_> {
    fn one(&self, ip: IpAddr) -> Finding {
        let Self { name, region, .. } = self;
        if !self.declares(ip) {
            let message =
                format!("{ip} lies outside of site `{name}`: all fenced work is refused here");
            let fix = format!("[sites.{name}]: add \"{}\" to `addresses`", prefix(ip));
            return Finding::error(CHECK, message, fix);
        }
        match self.policy.locate(ip).map(|found| self.policy.region_name(found)) {
            Ok(found) if self.is_within(found) => Finding::ok(
                CHECK,
                format!("{ip} lies in site `{name}` and in its region `{region}`"),
            ),
            Ok(found) => {
                let message = format!(
                    "{ip} lies in region `{found}`, and site `{name}` says that it is in `{region}`"
                );
                Finding::error(CHECK, message, format!("[sites.{name}]\nregion = \"{found}\""))
            }
            Err(_) => {
                let message =
                    format!("no region holds {ip}, so nothing confirms that it lies in `{region}`");
                let fix = format!("[regions.{region}]: add \"{}\" to `cidrs`", prefix(ip));
                Finding::warning(CHECK, message, fix)
            }
        }
    }

    fn declares(&self, ip: IpAddr) -> bool {
        let own = self.draft.sites.iter().filter(|site| site.name.value == self.name);
        own.flat_map(|site| &site.addresses).any(|range| range.value.contains(&ip))
    }

    /// Whether a region is the site's, or lies within it. They are as many as a chain can be long.
    fn is_within(&self, found: &str) -> bool {
        let (mut found, regions) = (found, &self.draft.regions);
        let outer = |name: &str| {
            let named = |region: &&RegionDraft| region.name.value == name;
            regions.iter().find(named)?.within.as_ref().map(|outer| outer.value.as_str())
        };
        for _ in 0..regions.len() {
            match outer(found) {
                _ if found == self.region => return true,
                Some(next) => found = next,
                None => return false,
            }
        }
        false
    }
}

fn prefix(ip: IpAddr) -> String {
    format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Grade;
    use super::*;

    const TEXT: &str = r#"
        [node]
        site = "fra1"
        [listen]
        media = ["198.51.100.1:3478"]
        [regions.europe]
        cidrs = ["198.51.100.0/25"]
        [regions.germany]
        within = "europe"
        cidrs = ["198.51.100.0/28"]
        [regions.china]
        cidrs = ["198.51.100.128/25"]
        [sites.fra1]
        region = "europe"
        addresses = ["198.51.100.0/24", "203.0.113.0/24"]
        [fences.eu-only]
        clients = ["europe"]
        peers = ["europe"]
        transit = ["europe"]
        [tenants.acme]
        home = "europe"
        fences = ["eu-only"]
    "#;

    fn found(ip: &str) -> Finding {
        let loaded = crate::config::parse("test", TEXT, Path::new("/"), []).unwrap();
        let own = BTreeSet::from([ip.parse().unwrap()]);
        check(&loaded.policy, &loaded.config.policy, &own).remove(0)
    }

    #[test]
    fn an_address_in_the_site_and_its_region_is_as_it_should_be() {
        for ip in ["198.51.100.100", "198.51.100.1"] {
            assert_eq!(found(ip).grade, Grade::Ok, "{}", found(ip).message);
        }
    }

    #[test]
    fn an_address_elsewhere_is_an_error() {
        let found = found("192.0.2.1");
        assert_eq!(found.grade, Grade::Error);
        assert_eq!(found.fix.unwrap(), "[sites.fra1]: add \"192.0.2.1/32\" to `addresses`");
    }

    #[test]
    fn a_site_that_the_regions_put_elsewhere_is_an_error() {
        let found = found("198.51.100.200");
        assert_eq!(found.grade, Grade::Error);
        assert!(found.message.contains("`china`") && found.message.contains("`europe`"));
        assert_eq!(found.fix.unwrap(), "[sites.fra1]\nregion = \"china\"");
    }

    #[test]
    fn an_address_that_no_region_holds_is_a_warning() {
        let found = found("203.0.113.9");
        assert_eq!(found.grade, Grade::Warning);
        assert_eq!(found.fix.unwrap(), "[regions.europe]: add \"203.0.113.9/32\" to `cidrs`");
    }
}
