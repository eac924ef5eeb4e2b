//! The program from the outside: what it says of a short and slow load.

use std::process::Command;

use ringfence_bench::record::Record;
use serde_json::Value;

struct Run {
    record: Record,
    trial: Value,
}

/// Runs `load` with these words, for a moment and slowly, and reads what it leaves in a folder.
fn load(words: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence-bench"));
    command.arg("load").args(words.split_whitespace()).args([
        "--seconds",
        "0.5",
        "--json",
        "--out",
    ]);
    let output = command.arg(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}: {errors}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let written = std::fs::read_to_string(folder.path().join("load.json")).unwrap();
    assert_eq!(printed, serde_json::from_str::<Value>(&written).unwrap());
    assert!(folder.path().join("load.txt").exists());
    Run { record: serde_json::from_str(&written).unwrap(), trial: printed["trials"][0].clone() }
}

impl Run {
    fn count(&self, name: &str) -> u64 {
        self.trial[name].as_u64().unwrap_or_else(|| panic!("{name}: {}", self.trial))
    }

    /// All that was sent arrived, once and as it was.
    fn assert_whole(&self) {
        assert!(self.count("sent") > 0, "{}", self.trial);
        assert_eq!(self.count("received"), self.count("sent"), "{}", self.trial);
        for fault in ["lost", "reordered", "strange", "broken", "own_drops"] {
            assert_eq!(self.count(fault), 0, "{fault}: {}", self.trial);
        }
    }
}

#[test]
fn an_echo_comes_back_whole_and_its_latency_is_on_record() {
    let run = load("echo --rate 2000 --latency");
    run.assert_whole();
    // Where latency is measured nothing is left out.
    assert_eq!((run.count("sent"), run.count("missed")), (1000, 0));
    let outcome = &run.record.cases[0].results["reflector"];
    let latency = &outcome.latencies[0];
    assert_eq!(latency.packets, 1000);
    let rising = latency.percentiles_us.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1);
    assert!(rising && latency.percentiles_us[0].1 > 0.0, "{latency:?}");
    assert!(outcome.costs[0].ns_per_packet[0] > 0.0);
}

#[test]
fn trains_come_back_whole() {
    load("echo --server reflector+trains --rate 4000 --burst 16 --bytes 1200").assert_whole();
}

#[test]
fn flows_through_the_relay_arrive_whole_by_every_transport_and_direction() {
    for words in [
        "turn --direction both --srtp",
        "turn --direction up --bytes video",
        "turn --direction down --bytes opus",
        "turn --direction pair --burst 4",
        "turn --transport tcp",
        "turn --transport tls --srtp --bytes video",
    ] {
        let run = load(&format!("{words} --rate 2000 --flows 3"));
        run.assert_whole();
        assert!(run.record.servers[0].version.contains("ringfence"), "{words}");
        assert!(run.record.cases[0].results["ringfence"].costs[0].ns_per_packet[0] > 0.0);
    }
}

#[test]
fn every_participant_of_a_room_gets_its_copy() {
    let run = load("rooms --rooms 2 --participants 5 --speakers 2 --rate 500");
    assert!(run.count("sent") > 0);
    assert_eq!(run.count("received"), run.count("sent") * 4);
    assert_eq!(run.count("strange"), 0);
}

#[test]
fn calls_go_through_a_relay_as_through_rtpengine() {
    load("calls --server ringfence --calls 3 --rate 500").assert_whole();
    if ringfence_bench::servers::rtpengine::is_installed() {
        load("calls --calls 3 --rate 500").assert_whole();
    }
}

#[test]
fn a_flood_beside_the_load_is_on_record() {
    let run = load("turn --flows 2 --rate 500 --flood 1000");
    run.assert_whole();
    assert!(run.record.circumstances["flood"].contains("junk"));
    assert!(run.record.cases[0].name.contains("beside a flood of 1000/s"));
}
