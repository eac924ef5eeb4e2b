//! Which sites may carry, before and after.

use std::collections::BTreeMap;

use crate::Policy;
use crate::site::Site;

use super::Change;
use super::pairs::OneUse;

/// The sites of two policies, by name.
pub(super) struct Sites<'a> {
    by_name: BTreeMap<&'a str, [Option<&'a Site>; 2]>,
}

impl<'a> Sites<'a> {
    pub(super) fn of(old: &'a Policy, new: &'a Policy) -> Self {
        let mut by_name: BTreeMap<_, [_; 2]> = BTreeMap::new();
        for (place, policy) in [old, new].into_iter().enumerate() {
            for (name, site) in policy.sites.iter() {
                by_name.entry(name).or_default()[place] = Some(site);
            }
        }
        Self { by_name }
    }

    /// The sites that may carry under one of these uses only.
    pub(super) fn change(
        &self,
        old: Option<OneUse<'_>>,
        new: Option<OneUse<'_>>,
    ) -> Change<Vec<String>> {
        let mut change: Change<Vec<String>> = Change::default();
        for (name, [before, after]) in &self.by_name {
            match (may_carry(old, *before), may_carry(new, *after)) {
                (false, true) => change.gained.push((*name).to_owned()),
                (true, false) => change.lost.push((*name).to_owned()),
                _ => {}
            }
        }
        change
    }
}

/// Whether the site is of the tenant's enclave, and in the transit of its use.
fn may_carry(one: Option<OneUse<'_>>, site: Option<&Site>) -> bool {
    one.zip(site).is_some_and(|(one, site)| {
        site.enclave == one.tenant.enclave && one.used.fence.transit.admits.contains(site.region)
    })
}
