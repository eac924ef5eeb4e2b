//! `[[tenants.*.users]]`: TURN users with passwords that do not expire.

use std::collections::BTreeMap;

use ringfence_fence::Origin;

use super::super::bounds::{USER_NAME_BYTES_MAX, USERS_MAX};
use super::super::raw::{self, Item, Optional};
use super::super::settings::User;
use super::super::{Diagnostic, suggestion};
use super::Resolver;

/// The users' names so far, of all tenants, and where each was written.
pub(super) type NamesTaken = BTreeMap<String, Origin>;

impl Resolver<'_> {
    pub(super) fn users(
        &mut self,
        tenant: &str,
        raw: &raw::Tenant,
        taken: &mut NamesTaken,
    ) -> Vec<User> {
        let list = self.entries(&raw.users, &format!("tenants.{tenant}.users"), USERS_MAX);
        list.iter().filter_map(|user| self.user(tenant, raw, user, taken)).collect()
    }

    fn user(
        &mut self,
        tenant: &str,
        of: &raw::Tenant,
        raw: &Item<raw::User>,
        taken: &mut NamesTaken,
    ) -> Option<User> {
        let name = self.user_name(tenant, raw, taken);
        let fence = self.user_fence(tenant, of, &raw.fence);
        let Some(password) = &raw.password else {
            self.missing_in_user(tenant, raw, "password", "say where it is: \"file:PATH\"");
            return None;
        };
        let shown = name.as_deref().unwrap_or_default().escape_debug();
        let password = self.slot(password, &format!("TURN user `{shown}` is refused"));
        Some(User { name: name?, password: password?, fence })
    }

    fn user_name(
        &mut self,
        tenant: &str,
        raw: &Item<raw::User>,
        taken: &mut NamesTaken,
    ) -> Option<String> {
        let Some(item) = &raw.name else {
            self.missing_in_user(tenant, raw, "name", "say what the client sends as USERNAME");
            return None;
        };
        let origin = self.at(item);
        if !is_user_name(item) {
            let message = "this cannot be the name of a static user";
            let help = format!(
                "write 1 to {USER_NAME_BYTES_MAX} bytes without `:`, which is for names that carry \
                 an expiry, and without control characters"
            );
            self.error("bad_user_name", origin, message, &help);
            return None;
        }
        if let Some(first) = taken.get(item.as_str()) {
            let error = Diagnostic::error("duplicate_name", origin, "two users have this name");
            let error = error.related(*first, "first here");
            self.report(error.advise("name one of them anew: a client sends no tenant"));
            return None;
        }
        taken.insert(String::clone(item), origin);
        Some(String::clone(item))
    }

    fn user_fence(
        &mut self,
        tenant: &str,
        of: &raw::Tenant,
        item: &Optional<String>,
    ) -> Option<String> {
        let item = item.as_ref()?;
        let fences = of.fences.as_ref().map(|list| list.as_slice()).unwrap_or_default();
        let fences: Vec<&str> = fences.iter().map(|fence| fence.as_str()).collect();
        if !fences.contains(&item.as_str()) && !self.lost.holds(&["tenants", tenant, "fences"]) {
            let message = format!("`{}` is not a fence of this tenant", item.escape_debug());
            let error = Diagnostic::error("fence_not_of_tenant", self.at(item), message);
            self.report(error.help(suggestion::help(item, &fences, "its fences are")));
        }
        Some(String::clone(item))
    }

    fn missing_in_user(&mut self, tenant: &str, raw: &Item<raw::User>, key: &str, help: &str) {
        if !self.lost.holds(&["tenants", tenant, "users"]) {
            self.missing(&["users", key], Some(self.at(raw)), help);
        }
    }
}

/// Whether a static user can have this name.
pub(crate) fn is_user_name(name: &str) -> bool {
    (1..=USER_NAME_BYTES_MAX).contains(&name.len())
        && !name.contains(':')
        && !name.chars().any(char::is_control)
}
