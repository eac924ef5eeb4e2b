//! The audit trail at the start of a relay, and in the configuration.

use std::fs;

use crate::program::Home;

const AUDIT: &str = "[audit]\npath = \"audit.jsonl\"\n[limits]";

fn audited() -> Home {
    let text = fs::read_to_string(Home::new().path().join("ringfence.toml")).unwrap();
    Home::with(&text.replace("[limits]", AUDIT))
}

#[test]
fn a_relay_does_not_start_on_a_damaged_trail() {
    let head = format!("{{\"seq\":1,\"sha256\":\"{}\"}}\n", "a".repeat(64));
    for (head, reason) in [(head.as_str(), "is damaged"), ("?", "no head that can be read")] {
        let home = audited();
        fs::write(home.path().join("audit.jsonl"), "{}\n").unwrap();
        fs::write(home.path().join("audit.jsonl.head"), head).unwrap();
        let run = home.run(&["serve"]);
        assert_eq!(run.code, 78, "{}", run.err);
        assert!(run.err.contains(reason) && run.err.contains("audit verify"), "{}", run.err);
        assert_eq!(home.run(&["serve", "--json"]).error()["code"], "audit");
        assert_eq!(fs::read_to_string(home.path().join("audit.jsonl")).unwrap(), "{}\n");
        assert!(!home.path().join("ringfence.sock").exists());
    }
}

#[test]
fn a_folder_that_is_not_there_is_told_before_anything_is_bound() {
    let text = fs::read_to_string(Home::new().path().join("ringfence.toml")).unwrap();
    let home = Home::with(&text.replace("[limits]", &AUDIT.replace("audit.jsonl", "gone/a.jsonl")));
    let run = home.run(&["serve"]);
    assert_eq!(run.code, 78, "{}", run.err);
    assert!(run.err.contains("gone") && run.err.contains("Make its folder"), "{}", run.err);
}

#[test]
fn whoever_checks_a_configuration_without_a_trail_is_warned() {
    let without = Home::new();
    let run = without.run(&["check-config"]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("no_audit") && run.err.contains("audit.path"), "{}", run.err);
    let run = audited().run(&["check-config"]);
    assert!(!run.err.contains("no_audit"), "{}", run.err);
}
