//! Which sites are offered, and which never.

use std::net::IpAddr;

use ringfence_fence::{
    Availability, Nearness, NoSite, NotOffered, Policy, PolicyDraft, RoomRegions, Rule,
    SelectQuestion, Selected, SiteState, SiteStates,
};

use crate::drafts::{compiled, fence, name, names, region, site, tenant, world};

/// Europe with three sites of its own, one of them in an inner region, and one in China.
fn many_sites() -> PolicyDraft {
    let mut draft = world();
    draft.sites.push(site(60, "ams1", "europe", &["127.1.1.0/24"]));
    draft.sites.push(site(63, "ber1", "germany", &["127.1.49.0/28"]));
    draft.selection.primaries = 2;
    draft.selection.spares = 2;
    draft
}

fn ask<'a>() -> SelectQuestion<'a> {
    SelectQuestion { tenant: "acme", fence: Some("eu-only"), ..Default::default() }
}

fn client(address: &str) -> Option<IpAddr> {
    Some(address.parse().unwrap())
}

fn offered(policy: &Policy, selected: &Selected) -> [Vec<String>; 2] {
    [&selected.primaries, &selected.spares]
        .map(|list| list.iter().map(|offer| policy.site_name(offer.site).to_owned()).collect())
}

fn refused(policy: &Policy, list: &[ringfence_fence::RefusedSite]) -> Vec<(String, &'static str)> {
    let told = |one: &ringfence_fence::RefusedSite| {
        (policy.site_name(one.site).to_owned(), one.reason.code())
    };
    list.iter().map(told).collect()
}

fn states(policy: &Policy, list: &[(&str, Availability, u32)]) -> SiteStates {
    let state = |&(site, availability, load): &(&str, _, _)| {
        (policy.site_id(site).unwrap(), SiteState { availability, load })
    };
    list.iter().map(state).collect()
}

#[test]
fn the_nearest_come_first_and_the_rest_are_spares() {
    let policy = compiled(&many_sites());
    let selected =
        policy.select(&SelectQuestion { client: client("127.1.49.9"), ..ask() }).unwrap();
    assert_eq!(offered(&policy, &selected), [vec!["ber1", "ams1"], vec!["fra1"]]);
    assert_eq!(policy.region_name(selected.client_region.unwrap()), "germany");
    let nearness: Vec<_> = selected.primaries.iter().map(|offer| offer.nearness).collect();
    assert_eq!(nearness, [Nearness::WithClient(0), Nearness::WithClient(1)]);
    assert_eq!(
        refused(&policy, &selected.refused),
        [("iad1".to_owned(), "site_not_in_transit"), ("pek1".to_owned(), "site_not_in_transit")]
    );
}

#[test]
fn preference_comes_before_nearness_and_load_after_it() {
    let mut draft = many_sites();
    draft.fences[0] = fence(30, "eu-only", [&["any"], &["any"], &["any"]]);
    draft.regions[1].near = names(12, &["china"]);
    let policy = compiled(&draft);
    let busy = states(
        &policy,
        &[
            ("fra1", Availability::Up, 3),
            ("ams1", Availability::Up, 9),
            ("ber1", Availability::Up, 3),
        ],
    );
    let question = SelectQuestion { client: client("127.2.0.9"), states: Some(&busy), ..ask() };
    let plain = policy.select(&question).unwrap();
    assert_eq!(offered(&policy, &plain), [vec!["iad1", "pek1"], vec!["ber1", "fra1"]]);
    let prefer = ["germany".to_owned()];
    let preferred = policy.select(&SelectQuestion { prefer: &prefer, ..question }).unwrap();
    assert_eq!(offered(&policy, &preferred), [vec!["ber1", "iad1"], vec!["pek1", "fra1"]]);
    assert_eq!(preferred.primaries[0].nearness, Nearness::Preferred(0));
}

#[test]
fn sites_that_are_marked_are_never_primaries() {
    let mut draft = many_sites();
    draft.selection.spare_sites = vec![name(70, "ber1"), name(70, "fra1")];
    let policy = compiled(&draft);
    let question = SelectQuestion { client: client("127.1.49.9"), ..ask() };
    let selected = policy.select(&question).unwrap();
    assert_eq!(offered(&policy, &selected), [vec!["ams1"], vec!["ber1", "fra1"]]);
}

#[test]
fn no_state_of_overload_offers_a_site_outside_of_the_fence() {
    let mut draft = many_sites();
    draft.sites.push(site(66, "pek2", "china", &["127.3.1.0/24"]));
    draft.selection.spare_sites = vec![name(70, "pek1"), name(70, "pek2")];
    draft.regions[0].near = names(12, &["china"]);
    let policy = compiled(&draft);
    let all = [Availability::Up, Availability::Full, Availability::Down];
    for combination in 0..27_usize {
        let of = |power| all[combination / power % 3];
        let states = states(&policy, &[("fra1", of(1), 0), ("ams1", of(3), 0), ("ber1", of(9), 0)]);
        let question =
            SelectQuestion { client: client("127.1.0.9"), states: Some(&states), ..ask() };
        match policy.select(&question) {
            Ok(selected) => {
                let offers = selected.primaries.iter().chain(&selected.spares);
                let regions = offers.map(|offer| policy.region_name(offer.region));
                assert!(regions.into_iter().all(|region| region != "china"), "{combination}");
            }
            Err(none) => {
                assert_eq!((none.cause, none.code()), (None, "no_site_in_fence"));
                assert_eq!(none.refused.len(), 6, "each site has its reason");
            }
        }
    }
}

#[test]
fn what_is_full_or_down_is_told_and_at_least_one_site_is_offered() {
    let mut draft = many_sites();
    (draft.selection.primaries, draft.selection.spares) = (0, 0);
    draft.selection.spare_sites = vec![name(70, "ber1")];
    let policy = compiled(&draft);
    let states =
        states(&policy, &[("fra1", Availability::Full, 0), ("ams1", Availability::Down, 0)]);
    let selected = policy.select(&SelectQuestion { states: Some(&states), ..ask() }).unwrap();
    assert_eq!(offered(&policy, &selected), [vec![], vec!["ber1"]]);
    let refused = refused(&policy, &selected.refused);
    assert_eq!(refused[..2], [("ams1".to_owned(), "down"), ("fra1".to_owned(), "full")]);
}

#[test]
fn sites_of_another_enclave_are_never_spoken_of() {
    let mut draft = many_sites();
    draft.sites[3].enclave = Some(name(60, "gov"));
    let policy = compiled(&draft);
    let selected = policy.select(&ask()).unwrap();
    let told =
        format!("{:?} {:?}", offered(&policy, &selected), refused(&policy, &selected.refused));
    assert!(!told.contains("ams1") && told.contains("ber1"), "{told}");
    draft.tenants.push(tenant(80, "ministry", "europe", &["eu-only"]));
    draft.tenants[1].enclave = Some(name(81, "gov"));
    let question = SelectQuestion { tenant: "ministry", ..ask() };
    let refused = compiled(&draft).select(&question).unwrap_err();
    assert_eq!(
        (refused.cause.map(|cause| cause.rule), refused.refused),
        (Some(Rule::WrongEnclave), vec![])
    );
}

fn cause(answer: Result<Selected, NoSite>) -> Option<Rule> {
    answer.unwrap_err().cause.map(|refusal| refusal.rule)
}

#[test]
fn the_client_is_judged_as_one() {
    let policy = compiled(&many_sites());
    let asked = |address| policy.select(&SelectQuestion { client: client(address), ..ask() });
    assert_eq!(cause(asked("127.3.0.9")), Some(Rule::RegionNotInClients));
    assert_eq!(cause(asked("10.0.0.1")), Some(Rule::Private));
    assert_eq!(asked("127.3.0.9").unwrap_err().code(), "region_not_in_clients");
}

#[test]
fn what_is_required_only_takes_away() {
    let policy = compiled(&many_sites());
    let require = |regions: &[&str]| {
        let regions: Vec<_> = regions.iter().map(ToString::to_string).collect();
        policy.select(&SelectQuestion { require: Some(&regions), ..ask() })
    };
    let germany = require(&["germany", "china"]).unwrap();
    assert_eq!(offered(&policy, &germany), [vec!["ber1"], vec![]]);
    assert_eq!(refused(&policy, &germany.refused)[0], ("ams1".to_owned(), "site_not_required"));
    assert_eq!(cause(require(&["china"])), None);
    assert_eq!(cause(require(&[])), None);
    assert_eq!(cause(require(&["no-such"])), Some(Rule::UnknownRegion));
}

#[test]
fn a_room_takes_sites_and_clients_off() {
    let mut draft = many_sites();
    draft.regions.push(region(90, "france", &["127.1.33.0/24"]));
    draft.regions[4].within = Some(name(92, "europe"));
    let policy = compiled(&draft);
    let room = RoomRegions { require: None, refuse: vec!["france".to_owned()] };
    let asked = |address| {
        policy.select(&SelectQuestion { client: client(address), room: Some(&room), ..ask() })
    };
    assert_eq!(cause(asked("127.1.33.9")), Some(Rule::RegionRefusedByRoom));
    assert!(asked("127.1.0.9").is_ok());
    let not_home = RoomRegions { require: Some(vec!["germany".to_owned()]), refuse: vec![] };
    let question = SelectQuestion { room: Some(&not_home), ..ask() };
    assert_eq!(cause(policy.select(&question)), Some(Rule::HomeNotRequired));
}

#[test]
fn a_relay_in_bad_standing_does_not_offer_itself() {
    let mut draft = many_sites();
    draft.own_addresses.clear();
    let policy = compiled(&draft);
    let selected = policy.select(&ask()).unwrap();
    assert_eq!(offered(&policy, &selected), [vec!["ams1", "ber1"], vec![]]);
    let own = selected.refused.iter().find(|one| one.site == policy.own_site()).unwrap();
    assert!(
        matches!(own.reason, NotOffered::Refused(refusal) if refusal.rule == Rule::OwnAddressMissing)
    );
}
