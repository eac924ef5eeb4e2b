//! Who hears whom.

use ringfence_core::{DropReason, Join};
use ringfence_tests::sim::guests::{name, request};
use ringfence_tests::sim::{Media, Setup, Simulation};

use crate::{at, europe, room_of};

#[test]
fn everyone_hears_everyone_else_and_nobody_itself() {
    let (mut sim, everyone) = room_of(Setup::small_world(1), 4);
    for (number, &speaker) in (0..4).zip(&everyone) {
        let others: Vec<_> = (0..4).filter(|&other| other != number).map(at).collect();
        assert_eq!(sim.heard_by(speaker, Media::rtp(number.into(), 1)), others);
    }
}

#[test]
fn rtp_and_rtcp_arrive_bit_exact() {
    let (mut sim, everyone) = room_of(Setup::small_world(2), 2);
    for sequence in 0..50 {
        for media in [Media::rtp(1, sequence), Media::Rtcp { ssrc: 1 }] {
            // The judge compares every byte; here it must have had something to compare.
            assert_eq!(sim.heard_by(everyone[0], media), [at(1)]);
        }
    }
    assert_eq!(sim.judge.tally.deliveries, 100);
}

#[test]
fn who_asks_to_hear_some_hears_those_and_no_others() {
    let mut sim = Simulation::new(Setup::small_world(3));
    let hears = Some(vec![name("bob"), name("not-here-yet")]);
    let picky = sim.guest_by(&Join { hears, ..request("standup", "picky") }, &europe(0));
    sim.latch(picky);
    let alice = sim.latched("standup", "alice", &europe(1));
    let bob = sim.latched("standup", "bob", &europe(2));
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), [at(2)]);
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), [at(0), at(1)]);
    let late = sim.latched("standup", "not-here-yet", &europe(3));
    assert_eq!(sim.heard_by(late, Media::rtp(3, 1)), [at(0), at(1), at(2)]);
    assert_eq!(sim.heard_by(picky, Media::rtp(4, 1)), [at(1), at(2), at(3)]);
}

#[test]
fn who_asks_to_hear_nobody_hears_nobody() {
    let mut sim = Simulation::new(Setup::small_world(4));
    let join = Join { hears: Some(Vec::new()), ..request("standup", "deaf") };
    let deaf = sim.guest_by(&join, &europe(0));
    sim.latch(deaf);
    let alice = sim.latched("standup", "alice", &europe(1));
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), []);
    assert_eq!(sim.drops(DropReason::NobodyListens), 1);
    assert_eq!(sim.heard_by(deaf, Media::rtp(2, 1)), [at(1)]);
}

#[test]
fn rooms_do_not_hear_each_other() {
    let mut sim = Simulation::new(Setup::small_world(5));
    let alice = sim.latched("standup", "alice", &europe(0));
    sim.latched("standup", "bob", &europe(1));
    sim.latched("retro", "alice", &europe(2));
    sim.latched("retro", "carol", &europe(3));
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), [at(1)]);
}

#[test]
fn handshakes_pass_only_in_rooms_of_exactly_two() {
    let mut sim = Simulation::new(Setup::small_world(6));
    let alice = sim.latched("standup", "alice", &europe(0));
    assert_eq!(sim.heard_by(alice, Media::Dtls), []);
    let bob = sim.latched("standup", "bob", &europe(1));
    assert_eq!(sim.heard_by(alice, Media::Dtls), [at(1)]);
    assert_eq!(sim.heard_by(bob, Media::Zrtp), [at(0)]);
    // The third need not even be latched.
    sim.guest("standup", "carol", &europe(2));
    assert_eq!(sim.heard_by(alice, Media::Dtls), []);
    assert_eq!(sim.drops(DropReason::HandshakeNeedsTwo), 2);
    assert!(sim.leave(&name("standup"), &name("carol")));
    sim.settle();
    assert_eq!(sim.heard_by(bob, Media::Dtls), [at(0)]);
}

#[test]
fn who_has_left_neither_speaks_nor_hears() {
    let (mut sim, everyone) = room_of(Setup::small_world(7), 3);
    assert_eq!(sim.heard_by(everyone[2], Media::rtp(3, 1)), [at(0), at(1)]);
    sim.leave(&name("standup"), &name("p2"));
    sim.settle();
    assert_eq!(sim.heard_by(everyone[2], Media::rtp(3, 2)), []);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(1, 1)), [at(1)]);
    sim.check(everyone[2]);
    sim.settle();
    assert_eq!(sim.drops(DropReason::UnknownUsername), 1);
}

#[test]
fn two_participants_cannot_share_an_address() {
    let mut sim = Simulation::new(Setup::small_world(8));
    let alice = sim.latched("standup", "alice", &europe(0));
    let rogue = sim.guest("standup", "rogue", &europe(1));
    sim.rebind(alice, at(9));
    sim.rebind(rogue, at(0));
    sim.check(rogue);
    sim.settle();
    assert_eq!(sim.drops(DropReason::AddressTaken), 1);
    assert_eq!(sim.whereabouts("standup", "rogue"), None);
}
