//! The drivers of `tests/browsers`, run by node on a region's host.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::programs::ask;
use crate::relay::{Relay, Transport};
use crate::world::World;

/// How long media flows.
const SECONDS: u64 = 5;
/// Of about 100 that are sent meanwhile; a busy machine draws fewer.
const FRAMES_MIN: u64 = 20;
/// Longer than a browser retransmits an Allocate request.
const GATHERING_PATIENCE_MS: u64 = 20_000;

/// Two pages of europe call each other by relay alone, and it goes well.
pub(crate) fn call(world: &World, relay: &Relay, browser: &str, transport: Transport) {
    let reports = drive(
        world.at("europe", "node"),
        "call.mjs",
        &json!({
            "browser": browser,
            "alice": relay.relay_only(transport, "alice"),
            "bob": relay.relay_only(transport, "bob"),
            "seconds": SECONDS,
        }),
    );
    for party in ["alice", "bob"] {
        assert_video(&reports, party);
        let path = &reports[party];
        let relayed = json!([path["local"]["type"], path["local"]["relayProtocol"]]);
        assert_eq!(relayed, json!(["relay", transport.name()]), "{party}: {reports}");
        assert_eq!(path["remote"]["type"], "relay", "{party}'s other end: {reports}");
    }
}

/// Two pages of europe meet in a room; gives their reports.
pub(crate) fn room_of_two(world: &World, relay: &Relay, browser: &str) -> Value {
    drive(
        world.at("europe", "node"),
        "room.mjs",
        &json!({
            "browser": browser,
            "socket": relay.socket(),
            "tenant": "acme",
            "room": "standup",
            "seconds": SECONDS,
        }),
    )
}

/// The candidates that a page on the region's host gets.
pub(crate) fn gather(world: &World, region: &str, browser: &str, configuration: &Value) -> Value {
    drive(
        world.at(region, "node"),
        "gather.mjs",
        &json!({
            "browser": browser,
            "configuration": configuration,
            "patience_ms": GATHERING_PATIENCE_MS,
        }),
    )
}

/// The party is connected and sees the other's picture, of which nothing was lost.
pub(crate) fn assert_video(reports: &Value, party: &str) {
    let report = &reports[party];
    assert_eq!(report["connection"], "connected", "{party}: {reports}");
    assert_eq!(report["dtls"], "connected", "{party}: {reports}");
    let frames = report["video"]["framesDecoded"].as_u64();
    assert!(frames.is_some_and(|count| count >= FRAMES_MIN), "{party} sees little: {reports}");
    assert_eq!(report["video"]["packetsLost"], 0, "{party} misses packets: {reports}");
}

fn drive(mut node: Command, script: &str, question: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browsers");
    let installed = folder.join("node_modules/playwright-core").exists();
    assert!(installed, "playwright-core is not installed: scripts/check tools");
    node.arg(folder.join(script));
    ask(node, question)
}
