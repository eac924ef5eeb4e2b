//! The outcome as a program reads it.

use serde_json::{Value, json};

use super::cast::{CAST, Character, FENCE, ROOM};
use super::outcome::{Outcome, Played};
use super::verdict::Fault;

/// One JSON object.
pub(super) fn document(outcome: &Outcome, faults: &[Fault]) -> Value {
    let latency = &outcome.latency_ns;
    let microseconds = |quantile: f64| latency.value_at_quantile(quantile) / 1000;
    let cast = CAST.iter().zip(&outcome.players);
    json!({
        "ok": faults.is_empty(),
        "faults": faults.iter().map(Fault::to_string).collect::<Vec<_>>(),
        "room": ROOM,
        "fence": FENCE,
        "participants": cast.map(|(character, played)| {
            participant(character, played, outcome)
        }).collect::<Vec<_>>(),
        "latency_us": {
            "packets": latency.len(),
            "p50": microseconds(0.5),
            "p99": microseconds(0.99),
            "p99_9": microseconds(0.999),
            "max": latency.max() / 1000,
        },
    })
}

fn participant(character: &Character, played: &Played, outcome: &Outcome) -> Value {
    let heard = CAST.iter().zip(played.heard);
    let heard: serde_json::Map<_, _> =
        heard.map(|(speaker, heard)| (speaker.name.to_owned(), heard.decrypted.into())).collect();
    let mut value = json!({
        "participant": character.name,
        "address": played.address.to_string(),
        "region": character.region,
        "admitted": character.admitted,
        "latched": played.latched,
        "sent": played.sent,
        "received": played.received,
        "decrypted": played.decrypted(),
        "heard": heard,
    });
    if !character.admitted {
        value["refused"] = refused(outcome);
    }
    value
}

fn refused(outcome: &Outcome) -> Value {
    let relay = &outcome.relay;
    let rules = relay.refused.iter();
    let checks: serde_json::Map<_, _> =
        rules.map(|(rule, count)| (rule.code().to_owned(), (*count).into())).collect();
    json!({
        "checks": checks,
        "packets_not_latched": relay.not_latched,
        "rule": relay.refusal.as_ref().map(|by| by.rule.code()),
        "place": relay.refusal.as_ref().map(|by| by.place.as_str()),
    })
}
