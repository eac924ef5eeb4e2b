//! Latching and media.

use std::time::Duration;

use ringfence_core::DropReason;
use ringfence_tests::sim::endpoint::{check_of, connectivity_check};
use ringfence_tests::sim::guests::request;
use ringfence_tests::sim::{Answers, EndpointId, Media, Setup, Simulation};
use ringfence_wire::datagram::LocalSocket;

const ALICE: &str = "127.1.2.1:4000";
const BOB: &str = "127.1.2.2:4000";
const MALLORY: &str = "127.1.6.6:4000";

/// Alice and bob in a call, mallory outside but in an allowed region.
fn call() -> (Simulation, EndpointId, EndpointId, EndpointId) {
    let mut sim = Simulation::new(Setup::small_world(7));
    let alice = sim.latched("standup", "alice", ALICE);
    let bob = sim.latched("standup", "bob", BOB);
    let mallory = sim.endpoint(MALLORY.parse().unwrap());
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), [BOB.parse().unwrap()]);
    (sim, alice, bob, mallory)
}

/// RTP bleed.
#[test]
fn media_sprayed_at_the_relay_earns_not_one_byte() {
    let (mut sim, alice, _, mallory) = call();
    for round in 0..50 {
        sim.speak(mallory, Media::rtp(1, 100 + round));
        sim.speak(mallory, Media::Rtcp { ssrc: 1 });
        sim.speak(mallory, Media::Dtls);
        sim.speak(alice, Media::rtp(1, 2 + round));
        sim.settle();
    }
    assert_eq!(sim.at(mallory).inbox, []);
    assert_eq!(sim.at(mallory).path_checks, []);
    assert_eq!(sim.drops(DropReason::NotLatched), 150);
}

/// RTP inject.
#[test]
fn media_from_any_other_5_tuple_is_not_heard() {
    let (mut sim, alice, bob, _) = call();
    let heard = sim.at(bob).inbox.len();
    let local = sim.at(alice).local;
    for other in ["127.1.2.1:4001", "127.1.2.3:4000", "[2001:db8:1::1]:4000"] {
        sim.speak_from(other.parse().unwrap(), local, None, Media::rtp(1, 2));
    }
    sim.speak_from(ALICE.parse().unwrap(), LocalSocket::Listen(1), None, Media::rtp(1, 2));
    sim.settle();
    assert_eq!(sim.at(bob).inbox.len(), heard);
    assert_eq!(sim.drops(DropReason::NotLatched), 4);
}

/// RTP inject, by a participant.
#[test]
fn another_s_ssrc_is_refused() {
    let (mut sim, alice, bob, _) = call();
    assert_eq!(sim.heard_by(bob, Media::rtp(1, 2)), []);
    assert_eq!(sim.drops(DropReason::SsrcOfAnother), 1);
    assert_eq!(sim.heard_by(bob, Media::Rtcp { ssrc: 1 }), []);
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 2)), [BOB.parse().unwrap()]);
}

/// DTLS ClientHello race.
#[test]
fn a_handshake_is_forwarded_only_from_a_latched_source() {
    let mut sim = Simulation::new(Setup::small_world(8));
    let alice = sim.guest("standup", "alice", ALICE);
    let bob = sim.latched("standup", "bob", BOB);
    let mallory = sim.endpoint(MALLORY.parse().unwrap());
    for endpoint in [mallory, alice] {
        assert_eq!(sim.heard_by(endpoint, Media::Dtls), []);
        assert_eq!(sim.heard_by(endpoint, Media::Zrtp), []);
    }
    assert_eq!(sim.drops(DropReason::NotLatched), 4);
    sim.latch(alice);
    assert_eq!(sim.heard_by(alice, Media::Dtls), [BOB.parse().unwrap()]);
    assert_eq!(sim.at(bob).inbox.len(), 1);
}

/// Replay, by someone who even answers the path check as well as it can.
#[test]
fn a_captured_check_from_another_address_moves_nothing() {
    let (mut sim, alice, bob, mallory) = call();
    sim.at_mut(mallory).answers = Answers::Blindly;
    let captured = sim.at(alice).last_check.clone().unwrap();
    for _ in 0..5 {
        sim.send(MALLORY.parse().unwrap(), LocalSocket::Listen(0), captured.clone());
        sim.pass(Duration::from_millis(1100));
    }
    assert!(!sim.at(mallory).path_checks.is_empty(), "the replay was authentic");
    assert!(sim.drops(DropReason::BadIntegrity) > 0, "and was answered");
    assert_eq!(sim.whereabouts("standup", "alice"), Some(ALICE.parse().unwrap()));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), [ALICE.parse().unwrap()]);
    assert_eq!(sim.at(mallory).inbox, []);
}

/// Replay, of a participant that gave no password: who cannot hear the path check moves nothing.
#[test]
fn a_replay_whose_path_check_goes_unanswered_moves_nothing() {
    let mut sim = Simulation::new(Setup::small_world(9));
    let join = ringfence_core::Join { ice: None, ..request("standup", "alice") };
    let alice = sim.guest_by(&join, ALICE);
    sim.latch(alice);
    let bob = sim.latched("standup", "bob", BOB);
    let captured = sim.at(alice).last_check.clone().unwrap();
    sim.send(MALLORY.parse().unwrap(), LocalSocket::Listen(0), captured);
    sim.settle();
    assert_eq!(sim.whereabouts("standup", "alice"), Some(ALICE.parse().unwrap()));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), [ALICE.parse().unwrap()]);
}

/// A participant forges a victim's source in valid requests.
#[test]
fn a_victim_of_a_forged_source_gets_one_path_check_a_second_and_no_media() {
    let (mut sim, alice, bob, victim) = call();
    let rogue = sim.at(alice).stay.clone().unwrap();
    for _ in 0..100 {
        let forged = connectivity_check(&rogue, sim.dice().bytes());
        sim.send(MALLORY.parse().unwrap(), LocalSocket::Listen(0), forged);
        sim.speak(bob, Media::rtp(2, 1));
        sim.pass(Duration::from_millis(50));
    }
    let checks = &sim.at(victim).path_checks;
    let apart = checks.windows(2).map(|pair| pair[1].since(pair[0]));
    assert!(apart.min().is_some_and(|least| least >= Duration::from_secs(1)), "{checks:?}");
    assert_eq!(sim.at(victim).inbox, []);
}

/// The same with ports that spread over all shards: none asks more than once a second.
#[test]
fn a_host_whose_every_port_is_forged_gets_one_path_check_a_second_and_shard() {
    let mut sim = Simulation::new(Setup { shards: 4, ..Setup::small_world(10) });
    let alice = sim.latched("standup", "alice", ALICE);
    let rogue = sim.at(alice).stay.clone().unwrap();
    let before = path_checks(&sim);
    for _ in 0..400 {
        for port in 4000..4012 {
            let forged = connectivity_check(&rogue, sim.dice().bytes());
            sim.send(format!("127.1.6.6:{port}").parse().unwrap(), LocalSocket::Listen(0), forged);
        }
        sim.pass(Duration::from_millis(50));
    }
    let sent = path_checks(&sim) - before;
    assert!((1..=20 * 4).contains(&sent), "{sent} path checks in twenty seconds");
}

fn path_checks(sim: &Simulation) -> u64 {
    sim.relay().counters().map(|(counters, _)| counters.path_checks).sum()
}

/// Replays must not keep a participant where it is either.
#[test]
fn a_participant_moves_in_spite_of_replays_from_many_addresses() {
    let (mut sim, alice, bob, _) = call();
    let captured = sim.at(alice).last_check.clone().unwrap();
    for number in 0..12 {
        let from = format!("127.1.7.{number}:4000").parse().unwrap();
        sim.send(from, LocalSocket::Listen(0), captured.clone());
        sim.pass(Duration::from_millis(500));
    }
    let elsewhere = "127.1.49.1:4000".parse().unwrap();
    sim.rebind(alice, elsewhere);
    for _ in 0..5 {
        sim.check(alice);
        sim.pass(Duration::from_millis(300));
    }
    assert_eq!(sim.whereabouts("standup", "alice"), Some(elsewhere));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), [elsewhere]);
}

/// Bad integrity.
#[test]
fn a_check_with_bad_integrity_is_dropped_in_silence_and_the_session_lives() {
    let (mut sim, alice, _, mallory) = call();
    let stay = sim.at(alice).stay.clone().unwrap();
    let before = sim.judge.tally.packets_out;
    for (from, endpoint) in [(ALICE, alice), (MALLORY, mallory)] {
        let forged = check_of(&stay, sim.dice().bytes()).integrity(b"guessed").fingerprint();
        let unsigned = check_of(&stay, sim.dice().bytes()).fingerprint();
        for bytes in [forged.finish(), unsigned.finish()] {
            let local = sim.at(endpoint).local;
            sim.send(from.parse().unwrap(), local, bytes);
        }
    }
    sim.settle();
    assert_eq!(sim.drops(DropReason::BadIntegrity), 4);
    assert_eq!(sim.judge.tally.packets_out, before);
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 2)), [BOB.parse().unwrap()]);
}

/// Bad media.
#[test]
fn bad_media_never_ends_a_session() {
    let (mut sim, alice, _, _) = call();
    let bad: [&[u8]; 6] = [
        &[],
        &[0x80],
        &[0x80, 96, 0, 1],
        &[0x9f, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
        &[0x80, 200, 0xff, 0xff, 0, 0, 0, 1],
        &[0x40, 0, 0, 0],
    ];
    for bytes in bad {
        sim.send(ALICE.parse().unwrap(), LocalSocket::Listen(0), bytes.to_vec());
        assert_eq!(sim.heard_by(alice, Media::rtp(1, 2)), [BOB.parse().unwrap()], "{bytes:?}");
    }
    assert_eq!(sim.drops(DropReason::MalformedMedia), 3);
    assert_eq!(sim.whereabouts("standup", "alice"), Some(ALICE.parse().unwrap()));
}
