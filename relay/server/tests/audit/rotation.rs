//! Full files: their names, the chain across them, and those that are cleared away.

use std::fs;

use ringfence::audit::{Chain, ChainSettings, Fault, verify};

use crate::trails::{Folder, write};

/// About ten lines a file.
fn small(folder: &Folder) -> ChainSettings {
    ChainSettings { rotate_bytes: 2_500, ..folder.settings() }
}

fn full(folder: &Folder) -> Vec<String> {
    let mut names = folder.names();
    names.retain(|name| name.ends_with(|last: char| last.is_ascii_digit()));
    names
}

#[test]
fn the_chain_goes_on_from_file_to_file() {
    let folder = Folder::new();
    write(small(&folder), 50);
    write(small(&folder), 50);
    let full = full(&folder);
    assert!(full.len() >= 5, "{full:?}");
    assert_eq!(full[0], "audit.jsonl.000000000001");
    let verdict = folder.verdict();
    assert_eq!((verdict.whole, verdict.lines, verdict.files), (true, 100, full.len() + 1));
    let sorted = full.iter().map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
    let seqs = sorted.flat_map(|text| {
        let seq =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64();
        text.lines().map(seq).collect::<Vec<_>>()
    });
    assert!(
        seqs.enumerate().all(|(index, seq)| seq == Some(index as u64 + 1)),
        "in the names' order"
    );
    for name in &full {
        assert!(fs::metadata(folder.path().join(name)).unwrap().len() <= 2_500, "{name}");
    }
}

#[test]
fn every_missing_file_is_found() {
    let folder = Folder::new();
    write(small(&folder), 60);
    let mut names = full(&folder);
    names.push("audit.jsonl".to_owned());
    for (index, name) in names.iter().enumerate() {
        let (path, aside) = (folder.path().join(name), folder.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        let fault = if index + 1 == names.len() { Fault::Truncated } else { Fault::Dropped };
        assert_eq!(folder.faults(), [fault], "{name}");
        fs::rename(&aside, &path).unwrap();
    }
    assert!(folder.verdict().whole);
}

#[test]
fn some_full_files_alone_are_judged_as_far_as_they_go() {
    let folder = Folder::new();
    write(small(&folder), 60);
    let paths: Vec<_> = full(&folder).iter().map(|name| folder.path().join(name)).collect();
    let verdict = verify(&paths[1..3], None).unwrap().remove(0);
    assert!(verdict.whole && verdict.first_seq > 1, "{verdict:?}");
    let verdict = verify(&[paths[3].clone(), paths[1].clone()], None).unwrap().remove(0);
    assert_eq!(verdict.findings[0].fault, Fault::Dropped, "one in the middle");
}

#[test]
fn files_that_are_too_old_go_and_the_trail_says_so() {
    let folder = Folder::new();
    let settings = ChainSettings { keep: 2, ..small(&folder) };
    write(settings, 80);
    assert_eq!(full(&folder).len(), 2);
    let verdict = folder.verdict();
    assert!(verdict.whole && verdict.first_seq > 40, "{verdict:?}");
    // Whoever clears away more than the relay did is found out.
    fs::remove_file(folder.path().join(&full(&folder)[0])).unwrap();
    assert_eq!(folder.faults(), [Fault::Dropped]);
}

#[test]
fn a_trail_that_ended_with_a_full_file_goes_on() {
    let folder = Folder::new();
    write(small(&folder), 30);
    // As a crash leaves it between the two steps of a rotation.
    let text = fs::read_to_string(folder.live()).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let name = format!("audit.jsonl.{:012}", first["seq"].as_u64().unwrap());
    fs::rename(folder.live(), folder.path().join(name)).unwrap();
    assert!(folder.verdict().whole);
    write(small(&folder), 5);
    let verdict = folder.verdict();
    assert_eq!((verdict.whole, verdict.last_seq), (true, 35));
}

#[test]
fn a_full_file_that_lost_its_end_is_not_gone_on_from() {
    let folder = Folder::new();
    write(small(&folder), 30);
    fs::remove_file(folder.live()).unwrap();
    let error = Chain::open(small(&folder), 1).unwrap_err();
    assert!(error.to_string().contains("truncated"), "{error}");
}
