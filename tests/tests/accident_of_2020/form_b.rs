//! Form B: the fence itself is widened.

use crate::relay::{Relay, allocate};
use crate::world::{Desk, Run, before, form_a, form_b, unpromised};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("old.toml", &before());
    desk.write("new.toml", &form_b());
    desk
}

#[test]
fn the_plan_names_tenants_and_sites() {
    let desk = desk();
    let run = desk.run(&["plan", "old.toml", "new.toml"]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert!(run.out.starts_with("widens: 2 tenants, 1 fence, 2 sites\n"), "{}", run.out);
    for named in [
        "acme, fence eu-only",
        "globex, fence eu-only",
        "+ site pek1 in china",
        "+ site pek2 in china",
    ] {
        assert!(run.out.contains(named), "{named} is not in {}", run.out);
    }
    let plan = desk.run(&["plan", "old.toml", "new.toml", "--json"]).json();
    let change = &plan["plan"]["changes"][0];
    assert_eq!(
        change["sites"]["gained"][0],
        serde_json::json!({ "site": "pek1", "region": "china" })
    );
    assert_eq!(
        (&change["uses"][0]["tenant"], &change["uses"][1]["tenant"]),
        (&"acme".into(), &"globex".into())
    );
}

#[test]
fn the_proof_fails_with_a_counter_example() {
    let run = desk().run(&["prove", "--config", "new.toml", "--json"]);
    assert_eq!(run.code, 4, "{}{}", run.out, run.err);
    let verdict = run.json();
    let broken = &verdict["violations"][0];
    assert_eq!(broken["invariant"], "Nobody outside China is carried through China");
    let case = &broken["example"];
    assert!(case["client"].as_str().unwrap().starts_with("127."), "{case}");
    assert_eq!(
        (&case["under"]["tenant"], &case["under"]["fence"]),
        (&"acme".into(), &"eu-only".into())
    );
    assert!(["pek1", "pek2"].contains(&case["chosen"].as_str().unwrap()), "{case}");
    let full: Vec<_> = case["full"].as_array().unwrap().iter().map(|site| site.as_str()).collect();
    assert!(full.contains(&Some("fra1")) && full.contains(&Some("ams1")), "{case}");
    let run = desk().run(&["prove", "--config", "new.toml"]);
    assert!(run.out.contains("is offered pek") && run.out.contains("new.toml:"), "{}", run.out);
}

/// What a refused reload left as it was.
fn refused(relay: &Relay, exit: i32, code: &str) -> Run {
    let before = relay.state();
    let run = relay.desk.run(&["reload", "--json"]);
    assert_eq!((run.code, run.error()["code"].as_str()), (exit, Some(code)), "{}", run.err);
    assert_eq!(relay.state(), before);
    run
}

#[test]
fn a_relay_does_not_start_with_it() {
    let desk = desk();
    let run = desk.run(&["serve", "--config", "new.toml"]);
    assert_eq!(run.code, 78, "{}", run.err);
    assert!(run.err.contains("Nobody outside China is carried through China"), "{}", run.err);
    assert!(!desk.path().join("ringfence.sock").exists());
}

#[test]
fn a_reload_with_a_broken_promise_is_refused_and_nothing_changes() {
    let relay = Relay::serve(&form_a(), "127.1.0.1");
    relay.join("acme", "alice").unwrap();
    relay.rewrite(&form_b());
    refused(&relay, 4, "invariant_violated");
    relay.join("acme", "bob").expect("the room goes on");
}

#[test]
fn without_a_promise_the_guard_refuses_until_a_person_accepts_this_very_change() {
    let relay = Relay::serve(&unpromised(&form_a()), "127.1.0.1");
    relay.join("acme", "alice").unwrap();
    allocate(&relay, "127.1.2.1").expect("allocated");
    relay.rewrite(&unpromised(&form_b()));
    let run = refused(&relay, 3, "widening_refused");

    let planned = relay.desk.run(&["plan", "ringfence.toml", "--live", "--json"]);
    assert_eq!(planned.code, 3, "{}", planned.err);
    let planned = planned.json();
    let digest = planned["digest"].as_str().unwrap();
    assert!(run.err.contains(digest), "{digest} is not in {}", run.err);
    assert_eq!(planned["would_cut"]["participants_total"], 0);

    let other = relay.desk.run(&["reload", "--accept", &digest.replace(['0', '1'], "2"), "--json"]);
    assert_eq!(other.code, 3, "another digest was accepted: {}", other.out);
    let accepted = relay.desk.run(&["reload", "--accept", digest]);
    assert_eq!(accepted.code, 0, "{}", accepted.err);
}
