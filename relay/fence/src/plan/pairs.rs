//! Uses of two policies that have the same names.

use std::collections::BTreeMap;

use crate::fence::FenceUse;
use crate::{Policy, Tenant};

use super::UseName;

/// A policy, one of its tenants, and a fence as that tenant uses it.
#[derive(Clone, Copy)]
pub(super) struct OneUse<'a> {
    pub(super) policy: &'a Policy,
    pub(super) tenant: &'a Tenant,
    pub(super) used: &'a FenceUse,
}

/// The same use in both policies, or in one; never in none.
pub(super) struct Pair<'a> {
    pub(super) name: UseName,
    pub(super) old: Option<OneUse<'a>>,
    pub(super) new: Option<OneUse<'a>>,
}

/// All uses of either policy. What a tenant gets that asks for no fence is a pair of its own where
/// that is another fence than before.
pub(super) fn pairs<'a>(old: &'a Policy, new: &'a Policy) -> Vec<Pair<'a>> {
    let (mut olds, mut news) = (uses(old), uses(new));
    defaults(old, &mut olds);
    defaults(new, &mut news);
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    for (name, old) in olds {
        let new = news.remove(&name);
        pairs.push(Pair { name, old: Some(old), new });
    }
    pairs.extend(news.into_iter().map(|(name, new)| Pair { name, old: None, new: Some(new) }));
    pairs.retain(Pair::says_more_than_its_names);
    pairs
}

impl Pair<'_> {
    /// A default that stays the same fence, comes or goes shows under the fence's own name.
    fn says_more_than_its_names(&self) -> bool {
        let fence = |one: &OneUse<'_>| one.policy.fences.name(one.used.declared.index()).to_owned();
        let fences = self.old.as_ref().map(fence).zip(self.new.as_ref().map(fence));
        self.name.fence.is_some() || fences.is_some_and(|(old, new)| old != new)
    }
}

fn uses(policy: &Policy) -> BTreeMap<UseName, OneUse<'_>> {
    let each = policy.uses.iter().filter_map(|used| {
        let tenant = policy.tenants.get(used.tenant.index())?;
        let fence = policy.fences.name(used.declared.index()).to_owned();
        let group = used.group.map(|group| tenant.groups.name(group).to_owned());
        let name = UseName { tenant: tenant.name.clone(), fence: Some(fence), group };
        Some((name, OneUse { policy, tenant, used }))
    });
    each.collect()
}

fn defaults<'a>(policy: &'a Policy, uses: &mut BTreeMap<UseName, OneUse<'a>>) {
    for tenant in policy.tenants() {
        let groups = tenant.groups().map(|group| (Some(group), tenant.uses_of(Some(group))));
        for (group, of_group) in groups.chain([(None, tenant.uses_of(None))]) {
            let first = of_group.and_then(|uses| policy.fence_use(*uses.first()?));
            let group = group.map(str::to_owned);
            let name = UseName { tenant: tenant.name.clone(), fence: None, group };
            uses.extend(first.map(|used| (name, OneUse { policy, tenant, used })));
        }
    }
}
