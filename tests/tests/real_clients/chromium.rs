//! Debian's Chromium, headless, driven by playwright-core (`tests/browsers`).

use serde_json::{Value, json};

use crate::browsers::{assert_video, call, gather, room_of_two};
use crate::relay::{Relay, Transport};
use crate::world::World;

#[test]
fn two_pages_exchange_video_by_turn_over_udp() {
    two_pages_exchange_video(Transport::Udp);
}

#[test]
fn two_pages_exchange_video_by_turn_over_tcp() {
    two_pages_exchange_video(Transport::Tcp);
}

#[test]
fn two_pages_exchange_video_by_turn_over_tls() {
    two_pages_exchange_video(Transport::Tls);
}

#[test]
fn a_page_in_a_forbidden_region_gets_no_relay_candidate() {
    let world = World::new();
    let relay = Relay::in_world(&world);
    let fenced = relay.relay_only(Transport::Udp, "carol");
    let admitting = relay.relay_only(Transport::Udp, "carol;fence=open-to-china");
    assert_relay_candidates(1, &gather(&world, "europe", "chromium", &fenced));
    assert_relay_candidates(1, &gather(&world, "china", "chromium", &admitting));
    let refused = gather(&world, "china", "chromium", &fenced);
    assert_relay_candidates(0, &refused);
    assert_eq!(refused["errors"][0]["errorCode"], 403, "not by the fence: {refused}");
}

#[test]
fn two_pages_in_a_room_of_two_run_dtls_end_to_end() {
    let world = World::new();
    let relay = Relay::in_world(&world);
    let reports = room_of_two(&world, &relay, "chromium");
    for party in ["alice", "bob"] {
        assert_video(&reports, party);
        let remote = &reports[party]["remote"];
        let (ip, port) = relay.address();
        let hop = json!([remote["type"], remote["address"], remote["port"]]);
        assert_eq!(hop, json!(["host", ip, port]), "{party} sends past the relay: {reports}");
    }
}

fn two_pages_exchange_video(transport: Transport) {
    let world = World::new();
    let relay = Relay::in_world(&world);
    call(&world, &relay, "chromium", transport);
}

fn assert_relay_candidates(count: usize, gathered: &Value) {
    assert_eq!(gathered["complete"], true, "gathering goes on: {gathered}");
    let candidates = gathered["candidates"].as_array().expect("a list");
    assert_eq!(candidates.len(), count, "{gathered}");
    let relayed = |line: &Value| line.as_str().is_some_and(|line| line.contains(" typ relay "));
    assert!(candidates.iter().all(relayed), "not by relay: {gathered}");
}
