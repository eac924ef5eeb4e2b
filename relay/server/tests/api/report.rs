//! What a running relay puts on record, and reports of it.

use std::fs;
use std::time::{Duration, Instant};

use ringfence::audit::verify;
use serde_json::{Value, json};

use crate::running::{CONFIG, Running, start, start_with};

const AUDITED: &str = "[audit]\npath = \"audit.jsonl\"\nfsync_interval_ms = 10\n[limits]";

fn start_audited() -> Running {
    start_with(&CONFIG.replace("[limits]", AUDITED))
}

/// Lines reach the trail in a moment, not at once.
fn report_with(running: &Running, path: &str, participants: usize) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = running.get(path);
        if let Ok(report) = &answer
            && report["participants"].as_array().unwrap().len() == participants
        {
            return report.clone();
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_happens_is_on_record_and_reported() {
    let running = start_audited();
    running.join_as("standup", "alice").unwrap();
    running.join_as("standup", "bob").unwrap();
    running.join_as("elsewhere", "carol").unwrap();
    running.leave("standup", "alice").unwrap();
    let report = report_with(&running, "/v1/report/standup", 2);
    assert_eq!((&report["tenant"], &report["damaged"]), (&"acme".into(), &false.into()));
    assert_eq!(report["policies"][0]["epoch"], 1);
    let none = running.get("/v1/report/standup?tenant=globex").unwrap_err();
    assert_eq!((none.status, none.code.as_str()), (404, "not_on_record"));
    assert_eq!(running.get("/v1/report/standup?tenent=acme").unwrap_err().status, 400);

    let Running { relay, dir, .. } = running;
    relay.stop().unwrap();
    let trail = dir.path().join("audit.jsonl");
    let verdict = verify(std::slice::from_ref(&trail), None).unwrap().remove(0);
    assert!(verdict.whole && verdict.unsealed_lines == 0, "{verdict:?}");
    let text = fs::read_to_string(trail).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    let expected = [
        "started",
        "policy",
        "room_opened",
        "joined",
        "joined",
        "room_opened",
        "joined",
        "left",
        "stopped",
    ];
    assert_eq!(events, expected);
    assert!(lines.iter().all(|line| line["site"] == "fra1" && line["epoch"] == 1));
    assert_eq!(lines[2]["tenant"], "acme");
}

#[test]
fn nothing_secret_is_on_record() {
    let running = start_audited();
    let joined = running.join_as("standup", "alice").unwrap();
    report_with(&running, "/v1/report/standup", 1);
    let text = fs::read_to_string(running.dir.path().join("audit.jsonl")).unwrap();
    for secret in [&joined["pwd"], &joined["ufrag"], &json!(crate::running::TOKEN)] {
        assert!(!text.contains(secret.as_str().unwrap()));
    }
}

#[test]
fn damage_done_while_the_relay_runs_is_reported() {
    let running = start_audited();
    running.join_as("standup", "alice").unwrap();
    running.join_as("standup", "bob").unwrap();
    report_with(&running, "/v1/report/standup", 2);
    let trail = running.dir.path().join("audit.jsonl");
    let text = fs::read_to_string(&trail).unwrap();
    fs::write(&trail, text.replacen("alice", "alicf", 1)).unwrap();
    assert_eq!(running.get("/v1/report/standup").unwrap()["damaged"], true);
}

#[test]
fn without_a_trail_there_is_no_report() {
    let running = start();
    running.join_as("standup", "alice").unwrap();
    let problem = running.get("/v1/report/standup").unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (404, "no_audit"));
}

#[test]
fn a_trail_that_cannot_be_written_makes_the_relay_not_ready() {
    let running = start_audited();
    running.get("/ready").unwrap();
    running.join_as("standup", "alice").unwrap();
    report_with(&running, "/v1/report/standup", 1);
    // Nothing can take the place of a folder that is not empty.
    let head = running.dir.path().join("audit.jsonl.head");
    fs::remove_file(&head).unwrap();
    fs::create_dir_all(head.join("full")).unwrap();
    running.join_as("standup", "bob").unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while running.get("/ready").is_ok() {
        assert!(Instant::now() < deadline, "still ready");
        std::thread::sleep(Duration::from_millis(5));
    }
    let problem = running.get("/ready").unwrap_err();
    assert!(problem.detail.contains("the audit trail is not written"), "{problem}");
    assert!(running.relay.control().audit().status().unwrap().failure.is_some());
    running.join_as("standup", "carol").unwrap();
}
