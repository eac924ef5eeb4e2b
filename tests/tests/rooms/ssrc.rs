//! An SSRC belongs to its first sender for the life of the room.

use ringfence_core::{DropReason, Event, JoinError};
use ringfence_tests::sim::guests::{name, request};
use ringfence_tests::sim::{Media, Setup, Simulation, Weather};

use crate::{at, europe, on_shard, room_of};

#[test]
fn the_first_sender_owns_an_ssrc_on_every_shard() {
    let (mut sim, everyone) = room_of(Setup { shards: 4, ..Setup::small_world(1) }, 8);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, 1)).len(), 7);
    for &other in &everyone[1..] {
        assert_eq!(sim.heard_by(other, Media::rtp(7, 2)), []);
    }
    assert_eq!(sim.drops(DropReason::SsrcOfAnother), 7);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, 2)).len(), 7);
}

#[test]
fn of_two_who_claim_an_ssrc_at_once_on_two_shards_one_is_heard() {
    for seed in 0..40 {
        let setup = Setup { mail_ms: 0..=20, ..Setup::small_world(seed) };
        let mut sim = Simulation::new(setup);
        let (one, other) = (on_shard(&sim, 0), on_shard(&sim, 1));
        let alice = sim.latched("standup", "alice", &one.to_string());
        let bob = sim.latched("standup", "bob", &other.to_string());
        sim.latched("standup", "carol", &europe(0));
        sim.set_weather(Weather { delay_ms: 1..=10, ..Weather::calm() });
        let claims = [sim.speak(alice, Media::rtp(7, 1)), sim.speak(bob, Media::rtp(7, 1))];
        sim.settle();
        let heard = claims.map(|id| sim.judge.delivered_to(id).len());
        assert!(heard == [2, 0] || heard == [0, 2], "seed {seed}: {heard:?}");
    }
}

#[test]
fn who_leaves_and_comes_back_still_owns_its_ssrcs_and_nobody_else_does() {
    let (mut sim, everyone) = room_of(Setup::small_world(2), 3);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, 1)).len(), 2);
    sim.leave(&name("standup"), &name("p0"));
    sim.settle();
    assert_eq!(sim.heard_by(everyone[1], Media::rtp(7, 2)), []);
    let joined = sim.join(everyone[0], &request("standup", "p0")).unwrap();
    assert_eq!(joined.ssrcs[0].participant, name("p0"));
    sim.settle();
    sim.rebind(everyone[0], at(50));
    sim.latch(everyone[0]);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, 3)).len(), 2);
}

#[test]
fn a_room_that_closed_gives_its_ssrcs_back() {
    let (mut sim, everyone) = room_of(Setup::small_world(3), 1);
    sim.heard_by(everyone[0], Media::rtp(7, 1));
    sim.leave(&name("standup"), &name("p0"));
    sim.settle();
    let carol = sim.latched("standup", "carol", &europe(8));
    sim.latched("standup", "dave", &europe(9));
    assert_eq!(sim.heard_by(carol, Media::rtp(7, 1)), [at(9)]);
}

#[test]
fn a_theft_is_reported_once_per_thief_who_asked_the_registry() {
    let mut sim = Simulation::new(Setup { mail_ms: 10..=10, ..Setup::small_world(4) });
    let (one, other) = (on_shard(&sim, 0), on_shard(&sim, 1));
    let alice = sim.latched("standup", "alice", &one.to_string());
    let bob = sim.latched("standup", "bob", &other.to_string());
    sim.take_events();
    sim.speak(alice, Media::rtp(7, 1));
    sim.pass(std::time::Duration::from_millis(1));
    sim.speak(bob, Media::rtp(7, 1));
    sim.settle();
    let events = sim.take_events();
    let [Event::SsrcRefused { who, ssrc }] = events.as_slice() else {
        panic!("one theft is reported: {events:?}")
    };
    assert_eq!((who.participant.as_str(), ssrc.0), ("bob", 7));
}

#[test]
fn a_participant_owns_no_more_ssrcs_than_the_limit() {
    let (mut sim, everyone) = room_of(Setup::small_world(5), 2);
    let heard: Vec<_> =
        (0..20).map(|ssrc| sim.heard_by(everyone[0], Media::rtp(ssrc, 1)).len()).collect();
    assert_eq!(heard, [[1; 16].as_slice(), &[0; 4]].concat());
    assert_eq!(sim.drops(DropReason::SsrcLimit), 4);
    assert_eq!(sim.heard_by(everyone[1], Media::rtp(19, 1)), [at(0)]);
}

#[test]
fn nobody_joins_under_a_name_that_is_present() {
    let (mut sim, everyone) = room_of(Setup::small_world(6), 2);
    let refused = sim.join(everyone[1], &request("standup", "p0")).unwrap_err();
    assert_eq!(refused, JoinError::ParticipantExists);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(1, 1)), [at(1)]);
}
