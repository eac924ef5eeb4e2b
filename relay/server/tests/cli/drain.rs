//! A relay that ends with its last call.

use ringfence::client::ClientError;

use crate::program::Home;
use crate::serve::{Served, join, try_join};

/// A relay with one participant.
fn with_alice(home: &Home) -> Served {
    let served = Served::start(home);
    join(home, "standup", "alice");
    served
}

/// The code of the problem that a newcomer gets.
fn newcomer(home: &Home) -> Option<String> {
    match try_join(home, "standup", "bob") {
        Err(ClientError::Problem(problem)) => Some(problem.code.clone()),
        other => other.map(|_| None).expect("an answer"),
    }
}

#[test]
fn new_work_is_refused_and_the_last_to_leave_ends_it() {
    let home = &Home::new();
    let served = with_alice(home);
    assert_eq!(home.json(&["drain", "--state"])["draining"], false);
    let state = home.json(&["drain"]);
    assert_eq!((&state["draining"], &state["participants"]), (&true.into(), &1.into()));
    assert_eq!(newcomer(home).as_deref(), Some("draining"));
    assert_eq!(home.json(&["rooms"])["rooms"][0]["participants"], 1, "who is there stays");
    assert_eq!(home.run(&["disconnect", "standup", "alice"]).code, 0);
    let run = served.ended();
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("drained: stopping"), "{}", run.err);
}

#[test]
fn it_can_be_called_off() {
    let home = &Home::new();
    let served = with_alice(home);
    assert_eq!(home.json(&["drain"])["draining"], true);
    let state = home.run(&["drain", "--cancel"]);
    assert!(state.out.starts_with("takes new work; it has 1 participants"), "{}", state.out);
    assert_eq!(newcomer(home), None);
    served.stop("INT");
}

#[test]
fn time_to_drain_ends_too() {
    let home = &Home::new();
    let served = with_alice(home);
    let state = home.run(&["drain", "--deadline-s", "0"]);
    assert!(state.out.contains("1 participants in 1 rooms"), "{}", state.out);
    let run = served.ended();
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("the time to drain is over"), "{}", run.err);
}

#[test]
fn the_first_sigterm_drains_and_the_second_stops_at_once() {
    let home = &Home::new();
    let served = with_alice(home);
    served.signal("TERM");
    while home.json(&["drain", "--state"])["draining"] != true {}
    assert_eq!(newcomer(home).as_deref(), Some("draining"));
    let run = served.stop("TERM");
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("a second one stops at once"), "{}", run.err);
}

#[test]
fn a_relay_without_work_stops_on_the_first() {
    let home = &Home::new();
    let run = Served::start(home).stop("TERM");
    assert!(run.err.contains("drained: stopping"), "{}", run.err);
}

#[test]
fn nobody_waits_for_longer_than_a_week() {
    let home = &Home::new();
    let served = with_alice(home);
    let refused = home.run(&["drain", "--deadline-s", "604801", "--json"]);
    assert_eq!((refused.code, refused.error()["code"].as_str()), (1, Some("bad_body")));
    assert_eq!(newcomer(home), None, "nothing was done");
    served.stop("INT");
}
