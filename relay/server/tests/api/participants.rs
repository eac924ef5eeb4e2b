//! Letting participants in and out, and looking at them.

use serde_json::{Value, json};

use crate::running::{self, Running};

#[test]
fn a_join_answers_with_exactly_what_the_design_says() {
    let running = running::start();
    let body = json!({
        "tenant": "acme", "participant": "alice", "fence": "eu-only",
        "ice": { "ufrag": "abcd", "pwd": "0123456789012345678901" },
        "hears": ["bob"], "max_kbps": 4000, "ttl_s": 60,
    });
    let joined = running.join("standup", &body).unwrap();

    let keys: Vec<_> = joined.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["addresses", "expires", "pwd", "ssrcs", "ufrag"]);
    let media = running.relay.control().media_addresses()[0];
    assert_eq!(joined["addresses"], json!([media.to_string()]));
    assert_eq!(joined["ssrcs"], json!([]));
    assert_eq!(joined["ufrag"].as_str().unwrap().len(), 8);
    assert_eq!(joined["pwd"].as_str().unwrap().len(), 24);
    let expires = joined["expires"].as_str().unwrap();
    assert!(expires.ends_with('Z') && expires.len() == "2026-11-21T20:03:00Z".len());
}

#[test]
fn a_room_lives_from_its_first_participant_to_its_last() {
    let running = running::start();
    running.join_as("standup", "alice").unwrap();
    running.join_as("standup", "bob").unwrap();
    let room = running.get("/v1/rooms/standup").unwrap();
    assert_eq!((&room["tenant"], &room["fence"]), (&json!("acme"), &json!("eu-only")));
    assert_eq!((&room["participants"], &room["latched"]), (&json!(2), &json!(0)));

    assert_eq!(running.leave("standup", "alice").unwrap(), Value::Null);
    assert_eq!(running.leave("standup", "bob").unwrap(), Value::Null);
    assert_eq!(running.get("/v1/rooms/standup").unwrap_err().code, "room_not_found");
    assert_eq!(running.leave("standup", "bob").unwrap_err().code, "participant_not_found");
}

#[test]
fn a_ttl_that_nobody_names_is_an_hour_or_the_relays_limit() {
    let limits = "[limits]\nparticipant_ttl_s_max = 5";
    let short = running::CONFIG.replace("[limits]", limits);
    let running = running::start_with(&short);
    assert!(running.join_as("standup", "alice").is_ok());
    let control = running.relay.control();
    let name = |text| ringfence_core::Name::new(text).unwrap();
    let alice = &control.participants(&name("standup"))[0];
    assert_eq!(alice.expires.since(alice.joined).as_secs(), 5);
}

#[test]
fn sessions_come_in_pages_that_miss_nobody_and_repeat_nobody() {
    let running = running::start();
    for (room, participant) in [("a", "x"), ("a", "y"), ("b", "x"), ("c", "w"), ("c", "z")] {
        running.join_as(room, participant).unwrap();
    }
    for limit in 1..=6 {
        let seen = all_pages(&running, "/v1/sessions", "sessions", limit);
        assert_eq!(seen, ["a/x", "a/y", "b/x", "c/w", "c/z"], "pages of {limit}");
        let seen = all_pages(&running, "/v1/rooms", "rooms", limit);
        assert_eq!(seen, ["a/", "b/", "c/"], "pages of {limit}");
    }
}

#[test]
fn sessions_of_one_room_are_of_that_room() {
    let running = running::start();
    running.join_as("a", "x").unwrap();
    running.join_as("b", "y").unwrap();
    let page = running.get("/v1/sessions?room=b").unwrap();
    let session = &page["sessions"][0];
    assert_eq!(page["sessions"].as_array().unwrap().len(), 1);
    assert_eq!((&session["room"], &session["participant"]), (&json!("b"), &json!("y")));
    assert_eq!(session["received"], json!({ "packets": 0, "bytes": 0 }));
    assert_eq!(session["max_kbps"], 20_000);
    assert_eq!(running.get("/v1/sessions?room=c").unwrap_err().code, "room_not_found");
}

fn all_pages(running: &Running, path: &str, list: &str, limit: usize) -> Vec<String> {
    let mut seen = Vec::new();
    let mut query = format!("?limit={limit}");
    loop {
        let page = running.get(&format!("{path}{query}")).unwrap();
        let items = page[list].as_array().unwrap();
        assert!(items.len() <= limit);
        seen.extend(items.iter().map(|item| {
            let participant = item["participant"].as_str().unwrap_or_default();
            format!("{}/{participant}", item["room"].as_str().unwrap())
        }));
        match page["next"].as_str() {
            Some(next) => query = format!("?limit={limit}&after={next}"),
            None => return seen,
        }
    }
}
