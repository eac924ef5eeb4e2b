//! Options about who may use the relay, for how much and how long.

use super::Outcome;
use super::lines::Setting;
use super::plan::{Plan, Sourced, User};
use crate::config::{Secret, is_user_name};

/// What a tenant may have at most.
const ALLOCATIONS_MAX: u32 = 1_000_000;
/// Secrets that a tenant may have at most.
const SECRETS_MAX: usize = 8;
const REALM_BYTES_MAX: usize = 20;

pub(super) fn static_auth_secret(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    if plan.secrets.len() == SECRETS_MAX {
        return Outcome::refused("a tenant has at most 8 secrets");
    }
    match Secret::parse(&setting.value) {
        Ok(value) => {
            let to = format!("tenants.main.secrets, in {}", Plan::secret_file(plan.secrets.len()));
            plan.secrets.push(Sourced { line: setting.line, option: "static-auth-secret", value });
            Outcome::mapped(to)
        }
        Err(why) => Outcome::refused(format!("the secret {why}: make a new one")),
    }
}

/// coturn does not look at static users once it works with a shared secret.
pub(super) fn user(plan: &mut Plan, setting: &Setting, all: &[Setting]) -> Outcome {
    if all.iter().any(works_by_secret) {
        return Outcome::ignored("coturn looks at no users where it works with a shared secret");
    }
    let Some((name, password)) = setting.value.split_once(':') else {
        return Outcome::refused("there is no password");
    };
    if password.starts_with("0x") {
        return Outcome::refused("the password is hashed with its realm: give the user a new one");
    }
    if !is_user_name(name) || plan.users.iter().any(|user| user.value.name == name) {
        return Outcome::refused("the name cannot be a user's, or another user has it");
    }
    match Secret::parse(password) {
        Ok(password) => {
            let to = format!("tenants.main.users, in {}", Plan::password_file(plan.users.len()));
            let value = User { name: name.to_owned(), password };
            plan.users.push(Sourced { line: setting.line, option: "user", value });
            Outcome::mapped(to)
        }
        Err(why) => Outcome::refused(format!("the password {why}: give the user a new one")),
    }
}

fn works_by_secret(setting: &Setting) -> bool {
    setting.name == "static-auth-secret"
        || setting.name == "use-auth-secret" && setting.flag() == Some(true)
}

pub(super) fn realm(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    let realm = setting.value.as_str();
    if !(1..=REALM_BYTES_MAX).contains(&realm.len()) {
        return Outcome::refused("a realm has 1 to 20 bytes, or floods could be amplified with it");
    }
    let value = realm.to_owned();
    plan.realm = Some(Sourced { line: setting.line, option: "realm", value });
    Outcome::mapped("turn.realm")
}

pub(super) fn total_quota(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    let to = "tenants.main.max_allocations";
    quota(&mut plan.total_quota, setting, "total-quota", to)
}

pub(super) fn user_quota(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    let to = "tenants.main.max_allocations_per_party";
    quota(&mut plan.user_quota, setting, "user-quota", to)
}

fn quota(
    slot: &mut Option<Sourced<u32>>,
    setting: &Setting,
    option: &'static str,
    to: &'static str,
) -> Outcome {
    // 0 is no quota.
    let value = match setting.number() {
        Some(0) => ALLOCATIONS_MAX,
        Some(quota) if quota <= ALLOCATIONS_MAX => quota,
        _ => return Outcome::refused("a quota is a number up to 1000000"),
    };
    *slot = Some(Sourced { line: setting.line, option, value });
    Outcome::mapped(to)
}

pub(super) fn lifetime(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    match setting.number().filter(|seconds| (600..=86_400).contains(seconds)) {
        Some(value) => {
            let option = "max-allocate-lifetime";
            plan.lifetime_s = Some(Sourced { line: setting.line, option, value });
            Outcome::mapped("limits.allocation_lifetime_s_max")
        }
        None => Outcome::refused("it can be 600 to 86400 seconds"),
    }
}

/// Nonces live ten minutes; who asked for less would get more.
pub(super) fn stale_nonce(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    match setting.number() {
        Some(1..600) => Outcome::refused("nonces live 10 minutes"),
        Some(_) => Outcome::ignored("nonces live 10 minutes"),
        None if setting.value.is_empty() => Outcome::ignored("nonces live 10 minutes"),
        None => Outcome::refused("this is not a number"),
    }
}

pub(super) fn channel_lifetime(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    only(setting, 600, "channels live 10 minutes (RFC 8656 section 12)")
}

pub(super) fn permission_lifetime(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    only(setting, 300, "permissions live 5 minutes (RFC 8656 section 9)")
}

pub(super) fn bandwidth(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    only(setting, 0, "the bandwidth of TURN clients is not limited")
}

fn only(setting: &Setting, kept: u32, why: &'static str) -> Outcome {
    match setting.number() {
        Some(number) if number == kept => Outcome::ignored(why),
        _ => Outcome::refused(why),
    }
}

pub(super) fn separator(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    match setting.value.as_str() {
        ":" => Outcome::ignored("it is the colon"),
        _ => Outcome::refused("the expiry of a user name ends with a colon"),
    }
}

/// A shared secret or users say it all.
pub(super) fn mechanism(_: &mut Plan, _: &Setting, _: &[Setting]) -> Outcome {
    Outcome::mapped("credentials are always asked for")
}
