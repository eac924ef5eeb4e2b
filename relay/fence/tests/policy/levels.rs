//! Account, group and room: each level takes away from the one above, and none takes the home away.

use ringfence_fence::draft::{ChoiceDraft, GroupDraft};
use ringfence_fence::{
    Epoch, FenceId, Narrowing, Pass, Policy, PolicyDraft, Refusal, Role, RoomRegions, Rule, Scope,
};

use crate::drafts::{at, fence, name, names, tenant, world};

/// Carried in Europe, America or China, from a site in Europe.
fn wide() -> PolicyDraft {
    let mut draft = world();
    draft.fences.push(fence(60, "wide", [&["any"], &["any"], &["any"]]));
    draft.tenants.push(tenant(70, "globex", "europe", &["wide"]));
    draft
}

fn compiled(draft: &PolicyDraft) -> Policy {
    Policy::compile(draft, Epoch(7)).unwrap()
}

fn codes(draft: &PolicyDraft) -> Vec<&'static str> {
    let errors = Policy::compile(draft, Epoch(7)).map(|_| ()).unwrap_err();
    errors.iter().map(|error| error.code).collect()
}

fn requiring(line: u32, regions: &[&str]) -> ChoiceDraft {
    ChoiceDraft { require: Some(at(line, names(line, regions))), prefer: Vec::new() }
}

fn group(line: u32, called: &str, regions: &[&str]) -> GroupDraft {
    GroupDraft { name: name(line, called), choice: requiring(line + 1, regions) }
}

/// The sites that may carry.
fn carriers(policy: &Policy, group: Option<&str>) -> Vec<&'static str> {
    let fence = policy.fence_of("globex", None, group).unwrap();
    let client = "127.2.0.9:9".parse().unwrap();
    let carries = |site| policy.decide(fence, Role::Client, client, policy.site_id(site).unwrap());
    ["fra1", "iad1", "pek1"].into_iter().filter(|site| carries(site).is_ok()).collect()
}

#[test]
fn an_account_narrows_each_of_its_fences() {
    let mut draft = wide();
    assert_eq!(carriers(&compiled(&draft), None), ["fra1", "iad1", "pek1"]);
    draft.tenants[1].choice = requiring(74, &["europe", "united-states"]);
    assert_eq!(carriers(&compiled(&draft), None), ["fra1", "iad1"]);
}

#[test]
fn a_group_narrows_what_the_account_left() {
    let mut draft = wide();
    draft.tenants[1].choice = requiring(74, &["europe", "united-states"]);
    draft.tenants[1].groups = vec![group(80, "legal", &["europe"])];
    let policy = compiled(&draft);
    assert_eq!(carriers(&policy, Some("legal")), ["fra1"]);
    assert_eq!(carriers(&policy, None), ["fra1", "iad1"]);
    let unknown = policy.fence_of("globex", None, Some("sales")).unwrap_err();
    assert_eq!(unknown.rule, Rule::UnknownGroup);
}

#[test]
fn a_group_never_widens_and_no_level_leaves_the_home_out() {
    let mut draft = wide();
    draft.tenants[1].choice = requiring(74, &["europe"]);
    draft.tenants[1].groups = vec![group(80, "sales", &["europe", "china"])];
    assert_eq!(codes(&draft), ["not_narrower"]);
    draft.tenants[1].groups = vec![group(80, "sales", &[])];
    assert_eq!(codes(&draft), ["home_not_required"]);
    draft.tenants[1].groups.clear();
    draft.tenants[1].choice = requiring(74, &["china"]);
    assert_eq!(codes(&draft), ["home_not_required"]);
}

#[test]
fn a_free_account_is_locked_to_its_home() {
    let mut draft = wide();
    draft.tenants[1].locked_to_home = true;
    assert_eq!(carriers(&compiled(&draft), None), ["fra1"]);
}

#[test]
fn the_refusal_points_at_the_level_that_took_it_away() {
    let mut draft = wide();
    draft.tenants[1].choice = requiring(74, &["europe"]);
    let policy = compiled(&draft);
    let fence = policy.fence_of("globex", None, None).unwrap();
    let site = policy.site_id("iad1").unwrap();
    let client = "127.1.0.9:9".parse().unwrap();
    let refusal = policy.decide(fence, Role::Client, client, site).unwrap_err();
    assert_eq!(refusal.rule, Rule::SiteNotInTransit);
    assert_eq!(refusal.origin.map(|origin| origin.line), Some(74));
}

/// A room of globex and what its host leaves out.
fn room(policy: &Policy, require: Option<&[&str]>, refuse: &[&str]) -> Result<Narrowing, Refusal> {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let regions = RoomRegions { require: require.map(owned), refuse: owned(refuse) };
    policy.narrow(policy.fence_of("globex", None, None).unwrap(), &regions)
}

fn enters(policy: &Policy, narrowing: &Narrowing, from: &str) -> Result<Pass, Refusal> {
    let fence: FenceId = policy.fence_of("globex", None, None).unwrap();
    let scope = Scope { fence, narrowing: Some(narrowing) };
    policy.decide(scope, Role::Client, from.parse().unwrap(), policy.own_site())
}

#[test]
fn a_host_refuses_participants_by_region_and_what_lies_within() {
    let policy = compiled(&wide());
    let narrowing = room(&policy, None, &["europe"]).unwrap();
    for inside in ["127.1.0.9:9", "127.1.49.9:9"] {
        let refusal = enters(&policy, &narrowing, inside).unwrap_err();
        assert_eq!(refusal.rule, Rule::RegionRefusedByRoom, "{inside}");
    }
    assert!(enters(&policy, &narrowing, "127.2.0.9:9").is_ok());
}

#[test]
fn a_room_that_does_not_require_this_site_admits_nobody_here() {
    let mut draft = wide();
    draft.tenants[1].home = name(71, "united-states");
    let policy = compiled(&draft);
    let narrowing = room(&policy, Some(&["united-states"]), &[]).unwrap();
    let refusal = enters(&policy, &narrowing, "127.2.0.9:9").unwrap_err();
    assert_eq!(refusal.rule, Rule::SiteNotRequired);
}

#[test]
fn a_room_narrows_or_is_refused() {
    let mut draft = wide();
    draft.tenants[1].choice = requiring(74, &["europe"]);
    let policy = compiled(&draft);
    let rule = |require, refuse| room(&policy, require, refuse).map_err(|refusal| refusal.rule);
    assert_eq!(rule(Some(&["europe", "china"]), &[]).unwrap_err(), Rule::NotNarrower);
    assert_eq!(rule(Some(&[]), &[]).unwrap_err(), Rule::HomeNotRequired);
    assert_eq!(rule(Some(&["germany"]), &[]).unwrap_err(), Rule::HomeNotRequired);
    assert_eq!(rule(None, &["atlantis"]).unwrap_err(), Rule::UnknownRegion);
    let (all, one) = (rule(None, &[]).unwrap(), rule(Some(&["europe"]), &["china"]).unwrap());
    assert!(one.is_within(&all) && !all.is_within(&one) && one.is_within(&one));
}

#[test]
fn what_another_policy_narrowed_admits_nobody() {
    let narrowing = room(&compiled(&wide()), None, &[]).unwrap();
    let later = Policy::compile(&wide(), Epoch(8)).unwrap();
    let refusal = enters(&later, &narrowing, "127.1.0.9:9").unwrap_err();
    assert_eq!(refusal.rule, Rule::StaleNarrowing);
}

#[test]
fn a_policy_knows_what_became_of_a_fence_of_another() {
    let mut draft = wide();
    draft.tenants[1].groups = vec![group(80, "legal", &["europe"])];
    let old = compiled(&draft);
    let fence = old.fence_of("globex", None, Some("legal")).unwrap();
    let before = fence.index();
    draft.fences.insert(0, fence_of_nobody());
    let new = compiled(&draft);
    let after = new.successor(&old, fence).unwrap();
    assert_ne!(after.index(), before);
    assert_eq!((new.fence_name(after), new.group_name(after)), ("wide", Some("legal")));
    draft.tenants[1].groups.clear();
    let rule = compiled(&draft).successor(&old, fence).unwrap_err().rule;
    assert_eq!(rule, Rule::UnknownGroup);
}

fn fence_of_nobody() -> ringfence_fence::draft::FenceDraft {
    fence(90, "first", [&["any"], &["any"], &["any"]])
}

#[test]
fn a_host_of_one_enclave_does_not_run_as_a_site_of_another() {
    let mut draft = world();
    draft.own_enclave = Some(name(3, "gov"));
    assert_eq!(codes(&draft), ["wrong_enclave"]);
    draft.sites[0].enclave = Some(name(29, "gov"));
    assert!(Policy::compile(&draft, Epoch(7)).is_ok());
}
