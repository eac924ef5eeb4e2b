//! Whoever sends what is not encrypted is told of, and where the fence wants encryption, leaves.

use std::time::Duration;

use ringfence_core::{Event, LeaveCause, Unencrypted};
use ringfence_tests::sim::{EndpointId, Media, Setup, Simulation, drafts};

use crate::room_of;

/// Enough for a verdict at one sample in eight, on the shard that has the flow.
const PACKETS: u16 = 600;

/// So that consent lasts for two such streams.
const INTERVAL: Duration = Duration::from_millis(10);

fn setup(require_encryption: bool) -> Setup {
    let mut policy = drafts::small_world();
    policy.fences.iter_mut().for_each(|fence| fence.require_encryption = require_encryption);
    Setup { policy, ..Setup::small_world(11) }
}

/// Sends packets that begin with these bytes and go on at random, and judges them.
fn speak(sim: &mut Simulation, who: EndpointId, ssrc: u32, beginning: &[u8]) {
    for sequence in 0..PACKETS {
        let random: [u8; 60] = sim.dice().bytes();
        sim.speak_bytes(who, Media::rtp(ssrc, sequence), &[beginning, &random].concat());
        sim.pass(INTERVAL);
        sim.scrutinise();
    }
    sim.settle();
}

fn told(sim: &mut Simulation) -> Vec<Event> {
    let about = |event: &Event| matches!(event, Event::Unencrypted { .. } | Event::Left { .. });
    sim.take_events().into_iter().filter(about).collect()
}

/// Opus, 20 ms of one channel (RFC 6716 section 3.1).
const OPUS: &[u8] = &[0x78];

#[test]
fn plain_media_ends_the_stay_where_the_fence_wants_encryption() {
    let (mut sim, everyone) = room_of(setup(true), 3);
    speak(&mut sim, everyone[0], 7, OPUS);
    let events = told(&mut sim);
    let [Event::Unencrypted { who, how: Unencrypted::Plain, cut: true }, left] = &events[..] else {
        panic!("found, then left: {events:?}");
    };
    assert_eq!(who.participant.as_str(), "p0");
    let not_encrypted = LeaveCause::NotEncrypted;
    assert!(matches!(left, Event::Left { cause, .. } if *cause == not_encrypted), "{left:?}");
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, PACKETS)), []);
    assert_eq!(sim.heard_by(everyone[1], Media::rtp(8, 1)).len(), 1);
    assert_eq!(sim.relay().registry().unencrypted_flows().plain, 1);
}

#[test]
fn encrypted_media_stays_and_is_not_told_of() {
    let (mut sim, everyone) = room_of(setup(true), 2);
    speak(&mut sim, everyone[0], 7, &[]);
    assert_eq!(told(&mut sim), []);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, PACKETS)).len(), 1);
}

#[test]
fn plain_media_is_told_of_once_where_the_fence_does_not_mind() {
    let (mut sim, everyone) = room_of(setup(false), 2);
    speak(&mut sim, everyone[0], 7, OPUS);
    speak(&mut sim, everyone[0], 8, OPUS);
    let events = told(&mut sim);
    assert!(matches!(&events[..], [Event::Unencrypted { .. }]), "{events:?}");
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, PACKETS)).len(), 1);
}

#[test]
fn a_policy_that_begins_to_want_encryption_ends_stays_that_were_told_of_before() {
    let (mut sim, everyone) = room_of(setup(false), 2);
    speak(&mut sim, everyone[0], 7, OPUS);
    sim.adopt(setup(true).policy).unwrap();
    sim.settle();
    sim.take_events();
    speak(&mut sim, everyone[0], 7, OPUS);
    let events = told(&mut sim);
    assert!(matches!(&events[..], [Event::Left { .. }]), "{events:?}");
}

#[test]
fn blocks_that_repeat_are_found_too() {
    let (mut sim, everyone) = room_of(setup(true), 2);
    let block: [u8; 16] = sim.dice().bytes();
    speak(&mut sim, everyone[0], 7, &block);
    let events = told(&mut sim);
    let repeating = Unencrypted::RepeatingBlocks;
    assert!(
        matches!(&events[..], [Event::Unencrypted { how, .. }, _] if *how == repeating),
        "{events:?}"
    );
}
