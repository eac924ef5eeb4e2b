//! Debian's Firefox ESR, headless, driven by Marionette (`tests/browsers`).

use crate::browsers::{assert_video, call, room_of_two};
use crate::relay::{Relay, Transport};
use crate::world::World;

#[test]
fn two_pages_exchange_video_by_turn_over_udp() {
    let world = World::new();
    let relay = Relay::in_world(&world);
    call(&world, &relay, "firefox", Transport::Udp);
}

#[test]
fn two_pages_exchange_video_by_turn_over_tcp() {
    let world = World::new();
    let relay = Relay::in_world(&world);
    call(&world, &relay, "firefox", Transport::Tcp);
}

#[test]
fn two_pages_in_a_room_of_two_run_dtls_end_to_end() {
    let world = World::new();
    let relay = Relay::in_world(&world);
    let reports = room_of_two(&world, &relay, "firefox");
    assert_video(&reports, "alice");
    assert_video(&reports, "bob");
}
