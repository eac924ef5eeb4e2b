//! The program from the outside: a soak of some seconds.

use std::process::Command;

use serde_json::Value;

/// A number somewhere in a record.
fn figure(value: &Value, path: &str) -> f64 {
    let found = value.pointer(path).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{path}: {value}"))
}

#[test]
fn everything_is_given_back_after_a_short_soak_and_every_kind_of_life_was_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (trail, page) = (folder.path().join("soak.jsonl"), folder.path().join("soak.html"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence-bench"));
    let words = "soak --minutes 0.12 --warm-up-minutes 0.03 --sample-seconds 1 --udp-released \
                 --load 0.3 --packets-per-s 500 --clients-per-s 8 --json";
    command.args(words.split_whitespace()).arg("--trail").arg(&trail).arg("--html").arg(&page);
    let output = command.arg("--out").arg(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();

    assert_eq!(record["soaked"]["kept"], Value::Array(Vec::new()));
    assert_eq!(record["soaked"]["before"], record["soaked"]["after"]);
    assert_eq!(record["growth_judged"], false, "seconds say nothing of an hour");
    for life in ["allocations", "released", "clients_abandoned", "rooms", "roamed", "rooms_left"] {
        assert!(figure(&record, &format!("/soaked/lives/{life}")) > 0.0, "{life}: {errors}");
    }
    assert!(figure(&record, "/soaked/carried/received") > 0.0);
    assert!(figure(&record, "/soaked/rss/mean") > 1_000.0);

    let samples = record["soaked"]["samples"].as_array().unwrap();
    assert!(samples.len() >= 3, "{errors}");
    for held in ["allocations", "participants", "streams", "shard_timers", "registry_timers"] {
        let most = samples.iter().map(|sample| figure(sample, &format!("/{held}")));
        assert!(most.fold(0.0, f64::max) > 0.0, "{held} is never seen");
    }
    let lines = std::fs::read_to_string(trail).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), samples.len());

    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("all was given back"));
    assert_eq!(page.matches("<polyline").count(), 10, "a line for each figure");
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(&page, options).unwrap();
    assert!(folder.path().join("soak.txt").exists() && folder.path().join("soak.json").exists());
}
