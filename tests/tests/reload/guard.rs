//! What widens a fence waits for somebody's word on exactly that change.

use serde_json::json;

use crate::lab::{Lab, rtp};

const WEST: &str = "clients = [\"europe\", \"america\"]";
const WITH_CHINA: &str = "clients = [\"europe\", \"america\", \"china\"]";

fn digest_of(lab: &Lab) -> String {
    let problem = lab.reload().expect_err("it widens");
    assert_eq!((problem.status, problem.code.as_str()), (409, "widening_refused"));
    problem.change.and_then(|change| change.digest).expect("a digest")
}

#[test]
fn a_change_that_widens_is_refused_and_nothing_changes() {
    let lab = Lab::start();
    let alice = lab.latched("r", "alice", "127.1.5.1");
    let mut bob = lab.latched("r", "bob", "127.2.5.1");
    let before = lab.state();
    lab.edit(WEST, WITH_CHINA);

    let problem = lab.reload().expect_err("it widens");

    let change = problem.change.expect("what would change");
    let plan = change.plan.expect("a plan");
    assert!(plan.widens && !plan.narrows);
    assert_eq!(lab.state(), before);
    assert!(lab.is_stale());
    alice.send(&rtp(1, 1));
    assert_eq!(bob.expect_media(), rtp(1, 1));
}

#[test]
fn the_change_that_was_accepted_is_put_in_force() {
    let lab = Lab::start();
    lab.edit(WEST, WITH_CHINA);
    let digest = digest_of(&lab);

    let reloaded = lab.reload_accepting(&digest).expect("accepted");

    assert_eq!((&reloaded["applied"], &reloaded["epoch"]), (&json!(true), &json!(2)));
    assert_eq!(reloaded["digest"], json!(digest));
    assert!(!lab.is_stale());
    lab.latched("r", "li", "127.3.5.1");
}

#[test]
fn another_change_than_the_accepted_one_is_refused() {
    let lab = Lab::start();
    lab.edit(WEST, WITH_CHINA);
    let digest = digest_of(&lab);
    let before = lab.state();

    let wrong = lab.reload_accepting(&"0".repeat(64)).expect_err("nobody's digest");
    lab.edit("cidrs = [\"127.3.0.0/16\"]", "cidrs = [\"127.3.0.0/16\", \"127.4.0.0/16\"]");
    let stale = lab.reload_accepting(&digest).expect_err("the file has changed since");

    assert_eq!(
        (wrong.code.as_str(), stale.code.as_str()),
        ("widening_refused", "widening_refused")
    );
    assert_ne!(stale.change.and_then(|change| change.digest), Some(digest));
    assert_eq!(lab.state(), before);
}

#[test]
fn an_acceptance_is_of_one_step_only() {
    let lab = Lab::start();
    lab.edit(WEST, WITH_CHINA);
    let digest = digest_of(&lab);
    lab.reload_accepting(&digest).expect("accepted");
    lab.tighten(WITH_CHINA, "clients = [\"europe\"]");
    lab.edit("clients = [\"europe\"]", WITH_CHINA);

    let again = lab.reload_accepting(&digest).expect_err("it opens more than was accepted");

    assert_eq!(again.code, "widening_refused");
}

#[test]
fn a_dry_run_says_all_and_does_nothing() {
    let lab = Lab::start();
    let _bob = lab.latched("r", "bob", "127.2.5.1");
    let before = lab.state();
    lab.edit(WEST, "clients = [\"europe\"]");

    let body = json!({ "dry_run": true });
    let said = lab.call(hyper::Method::POST, "/v1/reload", Some(&body)).expect("it narrows");

    assert_eq!((&said["applied"], &said["plan"]["narrows"]), (&json!(false), &json!(true)));
    assert_eq!(said["cuts"]["participants_total"], 1);
    assert_eq!(lab.state(), before);
}

#[test]
fn a_change_cannot_let_itself_through() {
    let lab = Lab::start();
    let allowing = lab.text() + "[guard]\nwidening = \"allow\"\n";
    lab.write(&allowing.replace(WEST, WITH_CHINA));
    let problem = lab.reload().expect_err("the guard in force counts");
    assert_eq!(problem.code, "widening_refused");

    lab.write(&allowing);
    lab.reload().expect("it widens nothing yet");
    lab.edit(WEST, WITH_CHINA);
    lab.reload().expect("allowed now");
}

#[test]
fn a_violated_invariant_is_told_with_its_place_and_nothing_changes() {
    let lab = Lab::start();
    let before = lab.state();
    let invariant = "[[invariants]]\nname = \"no china\"\nclients = [\"europe\"]\n\
                     never_transit = [\"china\"]\n";
    lab.write(
        &(lab.text() + invariant)
            .replace("transit = [\"europe\"]", "transit = [\"europe\", \"china\"]"),
    );

    let problem = lab.reload().expect_err("the invariant does not hold");

    assert_eq!((problem.status, problem.code.as_str()), (409, "invariant_violated"));
    let errors = problem.change.expect("what is violated").errors;
    assert!(errors[0]["message"].as_str().unwrap().contains("pek1"), "{errors:?}");
    assert!(errors[0]["line"].is_u64(), "{errors:?}");
    assert_eq!(lab.state(), before);
    assert!(lab.is_stale());
}
