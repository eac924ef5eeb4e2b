//! `[tenants.*]`: quotas and secrets. Homes and fences are the policy's.

use super::super::bounds::{self, Bounds};
use super::super::raw::{Item, Named, Optional, Tenant as Raw};
use super::super::settings::{Limits, Tenant};
use super::Resolver;
use super::users::NamesTaken;

impl Resolver<'_> {
    pub(super) fn tenants(
        &mut self,
        raw: Option<&Item<Named<Raw>>>,
        limits: &Limits,
    ) -> Vec<Tenant> {
        let entries = raw.map(|tenants| tenants.iter()).into_iter().flatten();
        let mut taken = NamesTaken::new();
        entries.map(|(name, tenant)| self.tenant(name, tenant, limits, &mut taken)).collect()
    }

    fn tenant(&mut self, name: &str, raw: &Raw, limits: &Limits, taken: &mut NamesTaken) -> Tenant {
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
        let of_a_party = Bounds { range: 1..=max_allocations, default: 0 };
        let max_allocations_per_party = quota(
            &raw.max_allocations_per_party,
            "max_allocations_per_party",
            bounds::ALLOCATIONS_PER_PARTY.default.min(max_allocations),
            &of_a_party,
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
        let users = self.users(name, raw, taken);
        let name = name.to_owned();
        Tenant {
            name,
            secrets,
            max_rooms,
            max_allocations,
            max_allocations_per_party,
            max_participants,
            users,
        }
    }
}
