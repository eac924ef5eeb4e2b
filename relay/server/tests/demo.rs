//! The demo ends well only when all of it came out right.

use std::process::Command;

use hdrhistogram::Histogram;
use ringfence::demo::{
    CAST, Fault, Heard, Outcome, Played, RIGHT_RULE, RefusedBy, RelaySide, verdict,
};
use ringfence_fence::Rule;
use serde_json::Value;

const SENT: u64 = 50;
const CHECKS: u64 = 4;

/// What a demo comes to when all goes well.
fn right() -> Outcome {
    let mut latency_ns = Histogram::new_with_max(1_000_000_000, 3).unwrap();
    let players = [0, 1, 2, 3].map(played);
    let heard: u64 = players.iter().map(Played::decrypted).sum();
    latency_ns.record_n(150_000, heard).unwrap();
    let refusal = Some(RefusedBy { rule: RIGHT_RULE, place: "demo.toml:21".into() });
    let relay = RelaySide { refused: vec![(RIGHT_RULE, CHECKS)], not_latched: SENT, refusal };
    Outcome { players, relay, latency_ns }
}

fn played(at: usize) -> Played {
    let admitted = CAST[at].admitted;
    let all = Heard { exact: SENT, decrypted: SENT };
    let hears = |from: usize| admitted && CAST[from].admitted && from != at;
    let heard = [0, 1, 2, 3].map(|from| if hears(from) { all } else { Heard::default() });
    let received = heard.iter().map(|heard| heard.exact).sum();
    Played {
        address: CAST[at].address,
        latched: admitted,
        planned: SENT,
        sent: SENT,
        checks_sent: CHECKS,
        datagrams: received,
        received,
        heard,
        strange: 0,
    }
}

/// Each doctored outcome and the one fault that must be found.
fn doctored(doctor: impl Fn(&mut Outcome)) -> Vec<Fault> {
    let mut outcome = right();
    doctor(&mut outcome);
    verdict(&outcome)
}

#[test]
fn what_came_out_right_has_no_fault() {
    assert_eq!(verdict(&right()), []);
}

#[test]
fn one_packet_lost_changed_or_unreadable_is_a_fault() {
    let lost = doctored(|outcome| {
        outcome.players[0].heard[1] = Heard { exact: SENT - 1, decrypted: SENT - 1 };
    });
    assert!(matches!(lost[0], Fault::NotHeard("anna", "bruno", SENT, _)));
    let unreadable = doctored(|outcome| outcome.players[2].heard[0].decrypted -= 1);
    assert!(matches!(unreadable[0], Fault::NotHeard("chloe", "anna", SENT, _)));
    let changed = doctored(|outcome| outcome.players[1].strange = 1);
    assert_eq!(changed, [Fault::Strange("bruno", 1)]);
}

#[test]
fn silence_on_all_sides_is_no_success() {
    let faults = doctored(|outcome| {
        for played in &mut outcome.players {
            (played.sent, played.planned, played.checks_sent) = (0, 0, 0);
            played.heard = [Heard::default(); 4];
        }
        outcome.relay.refused.clear();
        outcome.relay.not_latched = 0;
        outcome.latency_ns.reset();
    });
    let not_sent = |fault: &&Fault| matches!(fault, Fault::NotSent(..));
    assert_eq!(faults.iter().filter(not_sent).count(), CAST.len());
    assert!(faults.contains(&Fault::NotRefused(0, Vec::new())));
}

#[test]
fn anything_that_reaches_the_forbidden_one_is_a_fault() {
    let leaked = doctored(|outcome| outcome.players[3].datagrams = 1);
    assert_eq!(leaked, [Fault::Leaked("dana", 1)]);
    let let_in = doctored(|outcome| outcome.players[3].latched = true);
    assert_eq!(let_in, [Fault::LetIn("dana")]);
}

#[test]
fn anything_that_comes_from_the_forbidden_one_is_a_fault() {
    let one = Heard { exact: 1, decrypted: 0 };
    let faults = doctored(|outcome| outcome.players[1].heard[3] = one);
    assert_eq!(faults, [Fault::Overheard("bruno", "dana", one)]);
}

#[test]
fn a_refusal_by_another_rule_or_of_too_little_is_a_fault() {
    let other = vec![(Rule::UnknownAddress, CHECKS)];
    let by_other = doctored(|outcome| outcome.relay.refused.clone_from(&other));
    assert_eq!(by_other, [Fault::NotRefused(CHECKS, other)]);
    let too_few = doctored(|outcome| outcome.relay.refused[0].1 -= 1);
    assert!(matches!(too_few[..], [Fault::NotRefused(CHECKS, _)]));
    let one_passed = doctored(|outcome| outcome.relay.not_latched -= 1);
    assert_eq!(one_passed, [Fault::NotDropped(SENT, SENT - 1)]);
    let nowhere = doctored(|outcome| outcome.relay.refusal = None);
    assert_eq!(nowhere, [Fault::WrongRule(None)]);
}

#[test]
fn a_latency_that_was_not_measured_is_a_fault() {
    let none = doctored(|outcome| outcome.latency_ns.reset());
    assert!(matches!(none[..], [Fault::Unmeasured(_, 0)]));
    let zero = doctored(|outcome| {
        let count = outcome.latency_ns.len();
        outcome.latency_ns.reset();
        outcome.latency_ns.record_n(0, count).unwrap();
    });
    assert!(matches!(zero[..], [Fault::Unmeasured(..)]));
}

#[test]
fn a_participant_that_was_kept_out_by_mistake_is_a_fault() {
    let faults = doctored(|outcome| outcome.players[0].latched = false);
    assert_eq!(faults, [Fault::NotLatched("anna")]);
}

#[test]
fn the_demo_plays_and_says_in_json_what_came_of_it() {
    let demo = Command::new(env!("CARGO_BIN_EXE_ringfence"))
        .args(["demo", "--json", "--seconds", "1"])
        .output()
        .expect("the demo runs");
    let said: Value = serde_json::from_slice(&demo.stdout).expect("one JSON value");
    assert!(demo.status.success(), "{said:#}");
    assert_eq!((&said["ok"], &said["faults"]), (&true.into(), &serde_json::json!([])));
    let participants = said["participants"].as_array().expect("a list");
    assert_eq!(participants.len(), CAST.len());
    for who in participants {
        assert!(who["sent"].as_u64().unwrap() > 100);
        let admitted = who["admitted"].as_bool().unwrap();
        assert_eq!(who["decrypted"].as_u64().unwrap() > 200, admitted, "{who:#}");
    }
    let refused = &participants[3]["refused"];
    assert_eq!(refused["rule"], "region_not_in_clients");
    assert_eq!(refused["packets_not_latched"], participants[3]["sent"]);
    assert!(refused["checks"]["region_not_in_clients"].as_u64().unwrap() > 0);
    let demo_toml = include_str!("../src/demo/demo.toml");
    let line = demo_toml.lines().position(|line| line.starts_with("clients"));
    let place = format!("demo.toml:{}", line.unwrap() + 1);
    assert_eq!(refused["place"], place);
    let received = participants.iter().map(|who| who["received"].as_u64().unwrap());
    assert_eq!(said["latency_us"]["packets"], received.sum::<u64>());
}
