//! `ringfence region` as an operator uses it.

use std::process::Command;

use serde_json::json;

use crate::workshop::{Workshop, region_data};

/// Two lists, and the options that make one file of them.
fn two_lists() -> Workshop {
    let workshop = Workshop::new();
    workshop.write("a.txt", "81.0.0.0/16 DE\n82.0.0.0/16 FR\n");
    workshop.write("b.csv", "83.0.0.0,83.0.255.255,CN\n");
    workshop
}

#[test]
fn the_header_says_what_a_file_is_made_of() {
    let workshop = two_lists();
    workshop.built(&["--date", "2026-11-20", "a.txt", "b.csv"]);
    let made = workshop.read("made.cidr");
    let lines: Vec<&str> = made.lines().collect();
    assert_eq!(lines[0], "# ringfence region data 1");
    for (line, kind, name) in [(lines[1], "cidr", "a.txt"), (lines[2], "csv", "b.csv")] {
        let sum = sha256sum(&workshop, &format!("cat {name}"));
        assert_eq!(line, format!("# source: {kind} {sum} {name}"));
    }
    assert_eq!(lines[3..5], ["# date: 2026-11-20", "# prefixes: 3"]);
    let sum = sha256sum(&workshop, "tail -n +7 made.cidr");
    assert_eq!(lines[5], format!("# sha256: {sum}"));
    assert_eq!(lines[6..], ["81.0.0.0/16 DE", "82.0.0.0/16 FR", "83.0.0.0/16 CN"]);
}

/// By the program of that name, as an operator would check.
fn sha256sum(workshop: &Workshop, command: &str) -> String {
    let command = format!("{command} | sha256sum");
    let output = Command::new("sh").args(["-c", &command]).current_dir(workshop.path()).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    text.split(' ').next().unwrap().to_owned()
}

#[test]
fn lists_that_contradict_each_other_are_refused_with_both_places() {
    let workshop = two_lists();
    workshop.write("c.txt", "84.0.0.0/8 GB\n81.0.0.0/16 AT\n");
    let run = workshop.region(&["build", "--output", "made.cidr", "a.txt", "c.txt"]);
    assert_eq!(run.code, 2);
    for part in ["81.0.0.0/16", "DE: a.txt:1", "AT: c.txt:2", "--prefer first"] {
        assert!(run.err.contains(part), "{part} is not in {}", run.err);
    }
    assert!(!workshop.path().join("made.cidr").exists());
    let first = workshop.built(&["--prefer", "first", "a.txt", "c.txt"]);
    assert!(first.contains(&"81.0.0.0/16 DE".to_owned()), "{first:?}");
    let first = workshop.built(&["--prefer", "first", "c.txt", "a.txt"]);
    assert!(first.contains(&"81.0.0.0/16 AT".to_owned()), "{first:?}");
}

#[test]
fn labels_become_regions_and_others_are_left_out() {
    let workshop = two_lists();
    let made = workshop.built(&["--map", "europe=DE,FR", "a.txt", "b.csv"]);
    assert_eq!(made, ["81.0.0.0/16 europe", "82.0.0.0/16 europe"]);
    for (map, word) in [
        (&["--map", "europe=DEU"][..], "no list has the label `DEU`"),
        (&["--map", "europe=DE", "--map", "asia=DE"], "gives DE to europe and to asia"),
        (&["--map", "europe"], "europe=DE,FR"),
        (&["--map", "europe=D E"], "cannot be a label"),
    ] {
        let run = workshop.region(&[&["build", "--output", "x", "a.txt"], map].concat());
        assert_eq!(run.code, 2);
        assert!(run.err.contains(word), "{word} is not in {}", run.err);
    }
}

#[test]
fn a_file_that_is_there_is_replaced_only_by_a_whole_one() {
    let workshop = two_lists();
    workshop.write("made.cidr", "the old one");
    workshop.write("bad.txt", "81.0.0.0/99 DE\n");
    assert_eq!(workshop.region(&["build", "--output", "made.cidr", "bad.txt"]).code, 2);
    assert_eq!(workshop.read("made.cidr"), "the old one");
    workshop.built(&["a.txt"]);
    let missing = workshop.region(&["build", "--output", "no/such/folder", "a.txt"]);
    assert_eq!(missing.code, 74, "{}", missing.err);
}

#[test]
fn a_difference_is_told_by_label_in_the_fewest_prefixes() {
    let workshop = Workshop::new();
    workshop.write("old", region_data("2026-10-01", &["81.0.0.0/16 DE", "82.0.0.0/16 FR"]));
    let new = ["81.0.0.0/17 DE", "81.0.128.0/17 FR", "82.0.0.0/16 FR", "2a01::/32 AT"];
    workshop.write("new", region_data("2026-11-01", &new));
    let run = workshop.region(&["diff", "old", "new"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let changes: Vec<&str> = run.out.lines().filter(|line| line.starts_with(['+', '-'])).collect();
    assert_eq!(changes, ["- 81.0.128.0/17 DE", "+ 81.0.128.0/17 FR", "+ 2a01::/32 AT"]);

    let told = workshop.region(&["diff", "old", "new", "--json"]).json();
    assert_eq!((&told["old"]["date"], &told["new"]["prefixes"]), (&json!("2026-10-01"), &json!(4)));
    let labels: Vec<_> = told["changes"].as_array().unwrap().iter().map(|c| &c["label"]).collect();
    assert_eq!(labels, ["AT", "DE", "FR"]);
    let lost = &told["changes"][1]["lost"];
    assert_eq!((&lost["cidrs"], &lost["ipv4"]["prefixes"]), (&json!(["81.0.128.0/17"]), &json!(1)));
    let share = lost["ipv4"]["share"].as_f64().unwrap();
    assert!((8.8e-6..8.9e-6).contains(&share), "32,768 of 3.7 billion are not {share}");

    assert_eq!(workshop.region(&["diff", "old", "old"]).code, 0);
    workshop.write("cut", region_data("2026-11-01", &new).rsplit_once("2a01").unwrap().0);
    let run = workshop.region(&["diff", "old", "cut"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("cut:3") && run.err.contains("promises 4 prefixes"), "{}", run.err);
    assert_eq!(workshop.region(&["diff", "old", "absent"]).code, 2);
}

#[test]
fn coverage_tells_shares_overlaps_and_gaps() {
    let workshop = Workshop::new();
    workshop.write("list", "0.0.0.0/1 low\n81.0.0.0/16 DE\n");
    let told = workshop.region(&["coverage", "list", "--json", "--gaps"]).json();
    assert_eq!(told["overlaps"][0]["inner"], json!({ "prefix": "81.0.0.0/16", "label": "DE" }));
    assert_eq!(told["overlaps"][0]["outer"]["label"], "low");
    let unknown = told["unknown"]["ipv4"]["share"].as_f64().unwrap();
    assert!((0.40..0.46).contains(&unknown), "{unknown}: half of IPv4 without what is special");
    assert_eq!(told["unknown"]["ipv6"]["share"], 1.0);
    let gaps = told["unknown"]["cidrs"].as_array().unwrap();
    assert!(gaps.contains(&json!("128.0.0.0/3")) && !gaps.contains(&json!("224.0.0.0/4")));

    let made = region_data("2026-11-01", &["81.0.0.0/16 DE", "2a01::/32 DE"]);
    workshop.write("made", made);
    let run = workshop.region(&["coverage", "made"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.starts_with("LABEL      IPV4") && run.out.contains("DE         1 ("),
        "{}",
        run.out
    );
    assert!(run.out.contains("(unknown)"));
}
