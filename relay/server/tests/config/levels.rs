//! A tenant's regions, chosen at account and group: each level only takes away from the one above,
//! and nothing takes the home region away.

use std::net::SocketAddr;

use ringfence::config::{self, Failure, Loaded};
use ringfence_fence::{FenceId, Policy, Role, Rule};

use crate::folder::{Folder, changed, codes};

const ACME: &str = "[tenants.acme]\n";

/// The reference with more keys of acme's, and tables after it.
fn load(keys: &str, tables: &str) -> Result<Loaded, Failure> {
    let text = changed(ACME, &format!("{ACME}{keys}\n"));
    Folder::new().parse(&text.replacen("[selection]", &format!("{tables}\n[selection]"), 1))
}

fn policy(keys: &str, tables: &str) -> Policy {
    let loaded = load(keys, tables).unwrap_or_else(|failure| panic!("{failure}"));
    Policy::clone(&loaded.policy)
}

fn refused(keys: &str, tables: &str) -> Vec<&'static str> {
    codes(&load(keys, tables).expect_err("refused"))
}

/// Which sites may carry acme's calls under `not-china`, whose transit is europe and the united
/// states.
fn carriers(policy: &Policy, group: Option<&str>) -> Vec<&'static str> {
    let fence = policy.fence_of("acme", Some("not-china"), group).expect("acme's");
    let carries = |site: &&str| verdict(policy, fence, site).is_none();
    ["fra1", "iad1", "pek1"].into_iter().filter(carries).collect()
}

fn verdict(policy: &Policy, fence: FenceId, site: &str) -> Option<Rule> {
    let client: SocketAddr = "127.1.0.7:9".parse().expect("an address");
    let site = policy.site_id(site).expect("a site");
    policy.decide(fence, Role::Client, client, site).err().map(|refusal| refusal.rule)
}

#[test]
fn an_account_narrows_its_fences() {
    assert_eq!(carriers(&policy("", ""), None), ["fra1", "iad1"]);
    assert_eq!(carriers(&policy(r#"require = ["europe"]"#, ""), None), ["fra1"]);
}

#[test]
fn a_group_narrows_its_account_and_no_other_group() {
    let groups = "[tenants.acme.groups.doctors]\nrequire = [\"europe\"]\n\
                  [tenants.acme.groups.sales]";
    let policy = policy(r#"require = ["europe", "united-states"]"#, groups);
    assert_eq!(carriers(&policy, None), ["fra1", "iad1"]);
    assert_eq!(carriers(&policy, Some("doctors")), ["fra1"]);
    assert_eq!(carriers(&policy, Some("sales")), ["fra1", "iad1"]);
}

#[test]
fn require_cannot_open_what_the_fence_keeps_shut() {
    let policy = policy(r#"require = ["europe", "china"]"#, "");
    assert_eq!(carriers(&policy, None), ["fra1"]);
}

#[test]
fn prefer_is_an_order_and_opens_and_shuts_nothing() {
    let groups = "[tenants.acme.groups.doctors]\nprefer = [\"china\"]";
    let policy = policy(r#"prefer = ["china", "united-states"]"#, groups);
    assert_eq!(carriers(&policy, None), ["fra1", "iad1"]);
    assert_eq!(carriers(&policy, Some("doctors")), ["fra1", "iad1"]);
}

#[test]
fn a_free_plan_is_locked_to_the_home_region_in_every_group() {
    let groups = "[tenants.acme.groups.doctors]";
    let policy = policy(r#"plan = "free""#, groups);
    assert_eq!(carriers(&policy, None), ["fra1"]);
    assert_eq!(carriers(&policy, Some("doctors")), ["fra1"]);
}

#[test]
fn a_free_plan_cannot_be_widened_by_a_group() {
    let group = "[tenants.acme.groups.doctors]\nrequire = [\"europe\", \"united-states\"]";
    assert_eq!(refused(r#"plan = "free""#, group), ["not_narrower"]);
}

#[test]
fn the_group_of_another_name_is_nobodys() {
    let groups = "[tenants.acme.groups.doctors]";
    let refusal = policy("", groups).fence_of("acme", None, Some("nurses")).expect_err("refused");
    assert_eq!(refusal.rule, Rule::UnknownGroup);
}

#[test]
fn home_cannot_be_left_out_at_any_level() {
    let us = r#"require = ["united-states"]"#;
    assert_eq!(refused(us, ""), ["home_not_required"]);
    let group = format!("[tenants.acme.groups.doctors]\n{us}");
    assert_eq!(refused("", &group), ["home_not_required"]);
}

#[test]
fn an_empty_list_leaves_home_out_and_does_not_mean_all() {
    assert_eq!(refused("require = []", ""), ["home_not_required"]);
    let group = "[tenants.acme.groups.doctors]\nrequire = []";
    assert_eq!(refused("", group), ["home_not_required"]);
}

#[test]
fn a_group_wider_than_its_account_is_refused_where_it_is_written() {
    let group = "[tenants.acme.groups.doctors]\nrequire = [\"europe\", \"united-states\"]";
    let failure = load(r#"require = ["europe"]"#, group).expect_err("refused");
    assert_eq!(codes(&failure), ["not_narrower"]);
    let shown = failure.render(false);
    assert!(shown.contains("what the account has"), "{shown}");
    assert!(shown.contains("\"united-states\""), "{shown}");
}

#[test]
fn regions_that_are_nowhere_are_refused_in_every_list() {
    for keys in [r#"require = ["europe", "atlantis"]"#, r#"prefer = ["atlantis"]"#] {
        assert_eq!(refused(keys, ""), ["unknown_region"], "{keys}");
        let group = format!("[tenants.acme.groups.doctors]\n{keys}");
        assert_eq!(refused("", &group), ["unknown_region"], "{keys}");
    }
}

#[test]
fn neither_word_takes_any() {
    for keys in [r#"require = ["any"]"#, r#"prefer = ["any"]"#] {
        assert!(refused(keys, "").contains(&"unknown_region"), "{keys}");
    }
}

#[test]
fn a_plan_is_one_of_two_words() {
    assert_eq!(refused(r#"plan = "gold""#, "").len(), 1);
    assert_eq!(refused("plan = 1", "").len(), 1);
}

#[test]
fn a_group_has_no_fences_and_no_home_of_its_own() {
    for key in [r#"fences = ["not-china"]"#, r#"home = "china""#, r#"plan = "standard""#] {
        let group = format!("[tenants.acme.groups.doctors]\n{key}");
        assert_eq!(refused("", &group), ["unknown_key"], "{key}");
    }
}

#[test]
fn the_effective_configuration_keeps_every_level() {
    let group = "[tenants.acme.groups.doctors]\nrequire = [\"europe\"]\nprefer = [\"europe\"]";
    let keys = "require = [\"europe\", \"united-states\"]\nprefer = [\"united-states\"]";
    let loaded = load(keys, group).unwrap_or_else(|failure| panic!("{failure}"));
    let effective = config::effective(&loaded.config);
    for line in ["[tenants.acme.groups.doctors]", "require = [\"europe\"]", "plan = \"standard\""] {
        assert!(effective.contains(line), "{line} is not in {effective}");
    }
}
