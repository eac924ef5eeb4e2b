//! Reloading by command and by signal, and what no relay starts with.

use serde_json::json;

use crate::program::Home;
use crate::serve::{Served, config};

const EU_CLIENTS: &str = "[fences.eu-only]\nclients = [\"europe\"]";
const WIDER: &str = "[fences.eu-only]\nclients = [\"europe\", \"china\"]";
const NARROWER: &str = "[fences.open]\nclients = [\"europe\"]";

fn edit(home: &Home, from: &str, to: &str) {
    let text = config(home);
    assert!(text.contains(from), "`{from}` is not in the configuration");
    std::fs::write(home.path().join("ringfence.toml"), text.replace(from, to)).unwrap();
}

/// The epoch that the relay works by.
fn epoch(home: &Home) -> serde_json::Value {
    home.json(&["why", "127.1.0.9", "--fence", "eu-only", "--live"])["epoch"].clone()
}

#[test]
fn a_change_that_narrows_is_in_force_when_the_command_returns() {
    let home = Home::new();
    let served = Served::start(&home);
    edit(&home, "[fences.open]\nclients = [\"any\"]", NARROWER);

    let run = home.run(&["reload"]);

    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("in force on every shard: epoch 2"), "{}", run.out);
    assert_eq!(epoch(&home), 2);
    let log = served.stop("INT").err;
    assert!(log.contains("another policy is in force") && log.contains("uid"), "{log}");
}

#[test]
fn a_change_that_widens_waits_for_its_digest() {
    let home = Home::new();
    let served = Served::start(&home);
    edit(&home, EU_CLIENTS, WIDER);

    let refused = home.run(&["reload"]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("127.3.0.0/16"), "{}", refused.err);
    let error = home.run(&["reload", "--json"]).error();
    let digest = error["change"]["digest"].as_str().expect("a digest").to_owned();
    assert!(
        refused.err.contains(&format!("ringfence reload --accept {digest}")),
        "{}",
        refused.err
    );
    assert_eq!(home.json(&["reload", "--dry-run", "--accept", &digest])["applied"], false);
    assert_eq!(epoch(&home), 1);

    assert_eq!(home.run(&["reload", "--accept", &digest]).code, 0);
    assert_eq!(epoch(&home), 2);
    assert!(served.stop("INT").err.contains(&digest));
}

#[test]
fn a_file_with_errors_shows_them_and_changes_nothing() {
    let home = Home::new();
    let served = Served::start(&home);
    edit(&home, "127.2.0.0/16", "127.2.0.0/33");
    let run = home.run(&["reload"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("ringfence.toml:") && run.err.contains("127.2.0.0/33"), "{}", run.err);
    assert_eq!(epoch(&home), 1);
    served.stop("INT");
}

#[test]
fn sighup_reloads_and_the_log_has_what_came_of_it() {
    let home = Home::new();
    let served = Served::start(&home);
    edit(&home, EU_CLIENTS, WIDER);
    hang_up(&served);
    assert_eq!(epoch(&home), 1);
    edit(&home, WIDER, EU_CLIENTS);
    edit(&home, "[fences.open]\nclients = [\"any\"]", NARROWER);
    hang_up(&served);
    assert_eq!(epoch(&home), 2);
    let log = served.stop("INT").err;
    assert!(log.contains("widening_refused") && log.contains("SIGHUP"), "{log}");
}

/// Sends the signal, and waits until the service manager has heard that it is done.
fn hang_up(served: &Served) {
    served.signal("HUP");
    assert_eq!(served.told(), "RELOADING=1");
    assert_eq!(served.told(), "READY=1");
}

#[test]
fn no_relay_starts_with_a_promise_that_it_does_not_keep() {
    let home = Home::new();
    let promise = "[[invariants]]\nname = \"nobody through Europe\"\nclients = [\"any\"]\n\
                   never_transit = [\"europe\"]\n";
    let text = config(&home) + promise;
    std::fs::write(home.path().join("ringfence.toml"), text).unwrap();

    let served = home.run(&["serve"]);
    let checked = home.run(&["check-config"]);

    assert_eq!((served.code, checked.code), (78, 2), "{}", served.err);
    for run in [&served, &checked] {
        assert!(run.err.contains("nobody through Europe"), "{}", run.err);
        assert!(run.err.contains("is offered fra1"), "a counter-example: {}", run.err);
    }
    assert!(!home.path().join("ringfence.sock").exists());
}

#[test]
fn a_room_is_narrowed_by_command() {
    let home = Home::new();
    let served = Served::start(&home);
    crate::serve::join(&home, "standup", "alice");
    let run = home.run(&["narrow", "standup", "--refuse", "china,united-states"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let room = &home.json(&["rooms", "standup"])["rooms"][0];
    assert_eq!(room["refuse"], json!(["china", "united-states"]));
    assert_eq!(home.run(&["narrow", "standup", "--refuse", "china"]).code, 1);
    assert_eq!(home.run(&["narrow", "standup"]).code, 2);
    served.stop("INT");
}
