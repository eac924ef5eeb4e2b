//! `[tenants.*]`: quotas and secrets. Homes and fences are the policy's.

use super::super::bounds::{self, Bounds};
use super::super::raw::{Item, Named, Optional, Tenant as Raw};
use super::super::settings::{Limits, Tenant};
use super::Resolver;

impl Resolver<'_> {
    pub(super) fn tenants(
        &mut self,
        raw: Option<&Item<Named<Raw>>>,
        limits: &Limits,
    ) -> Vec<Tenant> {
        let entries = raw.map(|tenants| tenants.iter()).into_iter().flatten();
        entries.map(|(name, tenant)| self.tenant(name, tenant, limits)).collect()
    }

    fn tenant(&mut self, name: &str, raw: &Raw, limits: &Limits) -> Tenant {
        let mut quota = |item: &Optional<i64>, key: &str, default, bounds: &Bounds<u32>| {
            let bounds = Bounds { range: bounds.range.clone(), default };
            self.number(item, &format!("tenants.{name}.{key}"), &bounds)
        };
        let max_rooms = quota(&raw.max_rooms, "max_rooms", limits.rooms_max, &bounds::ROOMS);
        let max_allocations = quota(
            &raw.max_allocations,
            "max_allocations",
            bounds::ALLOCATIONS.default,
            &bounds::ALLOCATIONS,
        );
        let max_participants = quota(
            &raw.max_participants,
            "max_participants",
            limits.participants_max,
            &bounds::PARTICIPANTS,
        );
        let key = format!("tenants.{name}.secrets");
        let guards = format!("TURN credentials of tenant `{name}` made with it are refused");
        let sources = self.entries(&raw.secrets, &key, bounds::TENANT_SECRETS_MAX);
        let secrets = sources.iter().filter_map(|source| self.slot(source, &guards)).collect();
        Tenant { name: name.to_owned(), secrets, max_rooms, max_allocations, max_participants }
    }
}
