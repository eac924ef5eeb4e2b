//! `ringfence report` and `ringfence audit verify`, as an operator meets them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::meeting::{Archive, two_sites};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(arguments).current_dir(folder).env_clear().output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn a_report_is_told_as_tables_json_and_a_page() {
    let archive = two_sites();
    let told = run(archive.path(), &["report", "standup", "--audit", "fra1.jsonl", "iad1.jsonl"]);
    assert_eq!(told.status.code(), Some(0), "{told:?}");
    for shown in ["whole", "spare used  yes", "iad1", "region_not_in_clients", "ringfence.toml:42"]
    {
        assert!(out(&told).contains(shown), "{shown} is not in {}", out(&told));
    }
    let arguments = ["report", "standup", "--audit", ".", "--json", "--html", "page.html"];
    let value = json(&run(archive.path(), &arguments));
    assert_eq!((&value["damaged"], &value["spare_used"]), (&false.into(), &"yes".into()));
    assert!(fs::read_to_string(archive.path().join("page.html")).unwrap().contains("</html>"));
}

#[test]
fn damaged_evidence_fails_loudly() {
    let archive = two_sites();
    archive.tamper("fra1");
    let told = run(archive.path(), &["report", "standup", "--audit", "."]);
    assert_eq!(told.status.code(), Some(1));
    assert!(out(&told).starts_with("THE EVIDENCE IS DAMAGED"), "{}", out(&told));
    let value = json(&run(archive.path(), &["report", "standup", "--audit", ".", "--json"]));
    assert_eq!(value["damaged"], true);

    let told = run(archive.path(), &["audit", "verify", "."]);
    assert_eq!(told.status.code(), Some(1));
    let line = "fra1.jsonl:3: edited: the line with seq 3 is not as written";
    assert!(out(&told).contains(line), "{}", out(&told));
    let value = json(&run(archive.path(), &["audit", "verify", "fra1.jsonl", "--json"]));
    assert_eq!(value["whole"], false);
    let finding = &value["trails"][0]["findings"][0];
    assert_eq!((&finding["fault"], &finding["place"]["line"]), (&"edited".into(), &3.into()));
}

#[test]
fn whole_trails_are_found_whole() {
    let archive = two_sites();
    let told = run(archive.path(), &["audit", "verify", "fra1.jsonl", "iad1.jsonl"]);
    assert_eq!((told.status.code(), out(&told).lines().count()), (Some(0), 2), "{told:?}");
    fs::write(archive.path().join("key"), "7".repeat(64)).unwrap();
    let signed = run(archive.path(), &["audit", "verify", ".", "--public-key", "key"]);
    assert_eq!(signed.status.code(), Some(1), "nothing is signed");
}

#[test]
fn what_is_not_there_is_told() {
    let archive = two_sites();
    for (arguments, code) in [
        (&["report", "other", "--audit", "."][..], 1),
        (&["report", "a/b", "--audit", "."], 2),
        (&["report", "standup", "--audit", "gone.jsonl"], 74),
        (&["audit", "verify", "gone.jsonl"], 74),
        (&["audit", "verify", ".", "--public-key", "gone"], 2),
        (&["audit", "verify", ".", "--public-key", "fra1.jsonl"], 2),
        (&["audit", "verify"], 78),
    ] {
        let told = run(archive.path(), arguments);
        assert_eq!(told.status.code(), Some(code), "{arguments:?}: {told:?}");
        assert!(!told.stderr.is_empty());
    }
    let empty = Archive::new();
    assert_eq!(run(empty.path(), &["audit", "verify", "."]).status.code(), Some(74));
}
