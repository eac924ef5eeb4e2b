//! Form A: two sites in china, near to europe and spares.

use ringfence_fence::{Availability, Policy, SelectQuestion, SiteId, SiteState, SiteStates};
use ringfence_tests::turn::Refused;
use ringfence_wire::stun::ErrorCode;

use crate::relay::{Relay, allocate};
use crate::world::{Desk, at_site, before, form_a, policy, with_local};

const SITES: [&str; 5] = ["fra1", "ams1", "iad1", "pek1", "pek2"];
const EUROPEAN: &str = "127.1.0.7";
const STATES: [Availability; 3] = [Availability::Up, Availability::Full, Availability::Down];

/// Every combination of sites that are up, full and down.
fn all_states(policy: &Policy) -> impl Iterator<Item = SiteStates> {
    let sites: Vec<SiteId> = SITES.map(|name| policy.site_id(name).expect("a site")).into();
    let combinations = STATES.len().pow(u32::try_from(sites.len()).unwrap());
    (0..combinations).map(move |mut number| {
        let each = sites.iter().map(|&site| {
            let availability = STATES[number % STATES.len()];
            number /= STATES.len();
            (site, SiteState { availability, load: 0 })
        });
        each.collect()
    })
}

/// All that is offered, primaries and spares.
fn offered(policy: &Policy, question: &SelectQuestion<'_>) -> Vec<String> {
    let Ok(selected) = policy.select(question) else { return Vec::new() };
    let offers = selected.primaries.iter().chain(&selected.spares);
    offers.map(|offer| policy.site_name(offer.site).to_owned()).collect()
}

#[test]
fn in_no_state_of_load_is_a_european_offered_a_site_in_china() {
    let policy = policy(&form_a());
    let china = ["china".to_owned()];
    let (mut states_seen, mut nothing_left) = (0, 0);
    for states in all_states(&policy) {
        for fence in ["eu-only", "not-china"] {
            for prefer in [&[][..], &china] {
                let question = SelectQuestion {
                    tenant: "acme",
                    fence: Some(fence),
                    client: EUROPEAN.parse().ok(),
                    prefer,
                    states: Some(&states),
                    ..SelectQuestion::default()
                };
                let offered = offered(&policy, &question);
                let allowed: &[&str] = if fence == "eu-only" { &SITES[..2] } else { &SITES[..3] };
                assert!(offered.iter().all(|site| allowed.contains(&site.as_str())), "{offered:?}");
                nothing_left += usize::from(offered.is_empty());
            }
        }
        states_seen += 1;
    }
    assert_eq!(states_seen, 3 * 3 * 3 * 3 * 3);
    assert!(nothing_left > 0, "the states in which nothing is left were not among them");
}

#[test]
fn they_are_offered_to_whom_they_are_for() {
    let policy = policy(&with_local(&form_a()));
    let question = SelectQuestion {
        tenant: "local",
        client: "127.3.0.7".parse().ok(),
        ..SelectQuestion::default()
    };
    assert_eq!(offered(&policy, &question), ["pek1", "pek2"]);
}

#[test]
fn when_all_of_europe_is_full_the_answer_is_an_error_and_says_why() {
    let desk = Desk::new();
    desk.write("new.toml", &form_a());
    let ask =
        ["select", "--config", "new.toml", "--tenant", "acme", "--client", EUROPEAN, "--json"];
    let full = ["--full", "fra1", "--full", "ams1"];
    let run = desk.run(&[&ask[..], &full].concat());
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let error = run.error();
    assert_eq!(error["code"], "no_site_in_fence");
    let refused = error["refused_sites"].as_array().unwrap();
    for (site, reason) in
        [("fra1", "full"), ("pek1", "site_not_in_transit"), ("pek2", "site_not_in_transit")]
    {
        let found = refused.iter().find(|refused| refused["site"] == site).unwrap();
        assert_eq!(found["reason"], reason, "{site}");
    }
    let run = desk.run(&ask);
    assert_eq!((run.code, &run.json()["primaries"][0]["site"]), (0, &"ams1".into()));
}

#[test]
fn a_relay_there_carries_nothing_of_the_tenants() {
    let relay = Relay::serve(&at_site(&with_local(&form_a()), "pek1", "127.3.0.1"), "127.3.0.1");
    let problem = relay.join("acme", "alice").expect_err("refused");
    assert_eq!((problem.status, problem.rule.as_deref()), (403, Some("site_not_in_transit")));
    assert!(problem.place.is_some_and(|place| place.starts_with("ringfence.toml:")));
    assert_eq!(relay.get("/v1/rooms").unwrap()["rooms"], serde_json::json!([]));

    // A client from europe could be admitted by nobody there, so it is not even answered.
    let european = allocate(&relay, "127.1.2.1");
    assert!(matches!(european, Err(Refused::Silence)), "{european:?}");
    let chinese = allocate(&relay, "127.3.2.1");
    let forbidden = matches!(chinese, Err(Refused::With(ErrorCode::FORBIDDEN)));
    assert!(forbidden, "{chinese:?}");
    assert_eq!(relay.get("/v1/turn/allocations").unwrap()["allocations"], serde_json::json!([]));
    relay.join("local", "bao").expect("those for whom it is there are let in");
}

#[test]
fn the_same_tenant_is_carried_at_home() {
    let relay = Relay::serve(&form_a(), "127.1.0.1");
    relay.join("acme", "alice").expect("let in");
    allocate(&relay, "127.1.2.1").expect("allocated");
}

#[test]
fn the_plan_says_that_nothing_widens_and_names_the_sites() {
    let desk = Desk::new();
    desk.write("old.toml", &before());
    desk.write("new.toml", &form_a());
    let run = desk.run(&["plan", "old.toml", "new.toml"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.starts_with("nothing widens"), "{}", run.out);
    for named in ["site pek1", "site_spare pek2", "region_near europe"] {
        assert!(run.out.contains(named), "{named} is not in {}", run.out);
    }
    let plan = &desk.run(&["plan", "old.toml", "new.toml", "--json"]).json()["plan"];
    assert_eq!((&plan["widens"], &plan["changes"]), (&false.into(), &serde_json::json!([])));
}

#[test]
fn the_proof_holds() {
    let desk = Desk::new();
    desk.write("new.toml", &form_a());
    let run = desk.run(&["prove", "--config", "new.toml", "--json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_eq!((&run.json()["proved"], &run.json()["proof"]["sites"]), (&true.into(), &5.into()));
}
