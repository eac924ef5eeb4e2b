//! What of a document may be shown in one enclave.

use ringfence_fence::{Policy, Topic};

use super::{FactEntry, PlanDocument};

const OF_SITES: [Topic; 4] =
    [Topic::Site, Topic::SiteEnclave, Topic::SiteSpare, Topic::SiteAddresses];
const OF_TENANTS: [Topic; 6] = [
    Topic::Tenant,
    Topic::TenantEnclave,
    Topic::TenantDefault,
    Topic::Group,
    Topic::UseTransit,
    Topic::UsePrefer,
];

impl PlanDocument {
    /// The same as the enclave of this host may see it, under either policy: no site and no tenant
    /// of another. The digest to accept is that of the whole document.
    #[must_use]
    pub fn within_own_enclave(&self, old: &Policy, new: &Policy) -> Self {
        let view = View { policies: [old, new] };
        let mut seen = self.clone();
        for change in &mut seen.changes {
            let before = change.uses.len();
            change.uses.retain(|name| view.shows_tenant(&name.tenant));
            seen.elsewhere += before - change.uses.len();
        }
        seen.changes.retain(|change| !change.uses.is_empty());
        seen.facts.retain(|fact| view.shows(fact));
        seen
    }
}

struct View<'a> {
    policies: [&'a Policy; 2],
}

impl View<'_> {
    fn shows(&self, fact: &FactEntry) -> bool {
        let is_among = |topics: &[Topic]| topics.iter().any(|topic| topic.code() == fact.topic);
        if is_among(&OF_SITES) {
            return self.shows_site(&fact.subject);
        }
        let tenant = fact.subject.split('/').next().unwrap_or_default();
        !is_among(&OF_TENANTS) || self.shows_tenant(tenant)
    }

    fn shows_tenant(&self, name: &str) -> bool {
        let own = |policy: &Policy, tenant: &ringfence_fence::Tenant| {
            tenant.enclave() == policy.site_enclave(policy.own_site())
        };
        self.policies.iter().any(|policy| policy.tenant(name).is_some_and(|it| own(policy, it)))
    }

    fn shows_site(&self, name: &str) -> bool {
        self.policies.iter().any(|policy| {
            let enclave = policy.site_id(name).map(|site| policy.site_enclave(site));
            enclave == Some(policy.site_enclave(policy.own_site()))
        })
    }
}
