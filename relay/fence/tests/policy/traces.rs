//! The questions that a decision asks, and how they end.

use ringfence_fence::{Question, Role, RoomRegions, Rule, Scope, Step};

use crate::drafts::{compiled, names, nets, on, region, world};

fn asked(steps: &[Step]) -> Vec<&'static str> {
    let name = |step: &Step| match step.question {
        Question::Fence => "fence",
        Question::Site => "site",
        Question::OwnStanding => "own standing",
        Question::Transit { .. } => "transit",
        Question::RoomTransit { .. } => "room transit",
        Question::Port { .. } => "port",
        Question::Form { .. } => "form",
        Question::NotOwn => "not own",
        Question::Region { .. } => "region",
        Question::List { .. } => "list",
        Question::RoomRegion { .. } => "room region",
    };
    steps.iter().map(name).collect()
}

#[test]
fn every_question_is_told_in_order() {
    let mut draft = world();
    draft.regions.push(region(60, "gateway", &["64:ff9b::/96"]));
    draft.fences[0].peers.value = names(32, &["europe", "gateway"]);
    let policy = compiled(&draft);
    let fence = policy.fence_of("acme", Some("eu-only"), None).unwrap();
    let narrowing = policy.narrow(fence, &RoomRegions::default()).unwrap();
    let scope = Scope { fence, narrowing: Some(&narrowing) };
    let addr = "[64:ff9b::127.1.0.9]:9".parse().unwrap();
    let steps = policy.trace(scope, Role::Peer, addr, policy.own_site());
    let once = ["region", "list", "room region"];
    let mut expected = vec!["fence", "site", "own standing", "transit", "room transit"];
    expected.extend(["port", "form", "not own"].iter().chain(&once).chain(&once));
    assert_eq!(asked(&steps), expected);
    assert!(steps.iter().all(|step| step.verdict.is_ok()), "{steps:#?}");
    let prefixes: Vec<_> = steps
        .iter()
        .filter_map(|step| match step.question {
            Question::Region { prefix, .. } => prefix.map(|one| (one.net.to_string(), one.origin)),
            _ => None,
        })
        .collect();
    assert_eq!(
        prefixes,
        [("64:ff9b::/96".to_owned(), on(61)), ("127.1.0.0/16".to_owned(), on(11))]
    );
}

#[test]
fn a_refusal_is_the_last_step() {
    let mut draft = world();
    draft.regions[2].cidrs = nets(15, &["127.3.0.0/16"]);
    let policy = compiled(&draft);
    let fence = policy.fence_of("acme", Some("eu-only"), None).unwrap();
    let addr = "127.3.0.9:9".parse().unwrap();
    let steps = policy.trace(fence, Role::Client, addr, policy.own_site());
    let last = steps.last().unwrap();
    let refusal = policy.decide(fence, Role::Client, addr, policy.own_site()).unwrap_err();
    assert_eq!((last.verdict, refusal.rule), (Err(refusal), Rule::RegionNotInClients));
    let china = policy.region_id("china").unwrap();
    assert_eq!(last.question, Question::List { region: china, list: on(31) });
}
