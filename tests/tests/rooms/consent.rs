//! Consent (RFC 7675): media flows only while valid checks keep coming.

use std::time::Duration;

use ringfence_core::{Event, ReleaseCause};
use ringfence_tests::sim::{Media, Setup, Simulation};

use crate::{at, europe};

/// One shard and letters without delay, so that every millisecond is accounted for.
fn exact() -> Setup {
    Setup { shards: 1, mail_ms: 0..=0, ..Setup::small_world(1) }
}

#[test]
fn consent_ends_thirty_seconds_after_the_last_check_to_the_millisecond() {
    let mut sim = Simulation::new(exact());
    let alice = sim.latched("standup", "alice", &europe(0));
    let bob = sim.latched("standup", "bob", &europe(1));
    sim.check_every(bob, Some(Duration::from_secs(5)));
    let last_check_arrives = sim.now() + Duration::from_millis(1);
    sim.check(alice);
    let end = last_check_arrives + Duration::from_secs(30);
    sim.pass(end.since(sim.now()) - Duration::from_millis(2));
    // Arrives one millisecond before the end, the next one on it.
    let in_time = sim.speak(bob, Media::rtp(2, 1));
    sim.pass(Duration::from_millis(1));
    let too_late = sim.speak(bob, Media::rtp(2, 2));
    sim.settle();
    assert_eq!(sim.judge.delivered_to(in_time), [at(0)]);
    assert_eq!(sim.judge.delivered_to(too_late), []);
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), []);
}

#[test]
fn consent_lasts_as_long_as_checks_come() {
    let mut sim = Simulation::new(exact());
    let alice = sim.latched("standup", "alice", &europe(0));
    let bob = sim.latched("standup", "bob", &europe(1));
    for who in [alice, bob] {
        sim.check_every(who, Some(Duration::from_secs(29)));
    }
    sim.pass(Duration::from_secs(600));
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), [at(1)]);
}

#[test]
fn media_is_no_consent() {
    let mut sim = Simulation::new(exact());
    let alice = sim.latched("standup", "alice", &europe(0));
    let bob = sim.latched("standup", "bob", &europe(1));
    sim.check_every(bob, Some(Duration::from_secs(5)));
    for sequence in 0..40 {
        sim.speak(alice, Media::rtp(1, sequence));
        sim.pass(Duration::from_secs(1));
    }
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), []);
}

#[test]
fn consent_that_ended_on_one_shard_has_ended_on_all() {
    let mut sim = Simulation::new(Setup { shards: 4, ..Setup::small_world(2) });
    sim.latched("standup", "quiet", &europe(0));
    let others: Vec<_> = (1..9)
        .map(|number| sim.latched("standup", &format!("p{number}"), &europe(number)))
        .collect();
    for &who in &others {
        sim.check_every(who, Some(Duration::from_secs(5)));
    }
    sim.pass(Duration::from_secs(31));
    for (ssrc, &speaker) in (0..).zip(&others) {
        assert!(!sim.heard_by(speaker, Media::rtp(ssrc, 1)).contains(&at(0)));
    }
    let ended = |event: &Event| {
        matches!(event, Event::Released { cause: ReleaseCause::ConsentExpired, .. })
    };
    assert_eq!(sim.take_events().iter().filter(|event| ended(event)).count(), 1);
}

#[test]
fn consent_is_watched_where_the_checks_arrive_after_a_move() {
    let mut sim = Simulation::new(Setup { shards: 4, ..Setup::small_world(3) });
    let roamer = sim.latched("standup", "roamer", &europe(0));
    let bob = sim.latched("standup", "bob", &europe(1));
    for who in [roamer, bob] {
        sim.check_every(who, Some(Duration::from_secs(4)));
    }
    for number in 10..30 {
        sim.rebind(roamer, at(number));
        sim.pass(Duration::from_secs(20));
        assert_eq!(sim.heard_by(bob, Media::rtp(2, number)), [at(number)]);
    }
    sim.check_every(roamer, None);
    sim.pass(Duration::from_secs(31));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 99)), []);
}

#[test]
fn credentials_that_have_ended_end_the_stay() {
    let mut sim = Simulation::new(exact());
    let ttl = Duration::from_secs(60);
    let join = ringfence_core::Join { ttl, ..ringfence_tests::sim::guests::request("r", "a") };
    let alice = sim.guest_by(&join, &europe(0));
    sim.latch(alice);
    let bob = sim.latched("r", "b", &europe(1));
    for who in [alice, bob] {
        sim.check_every(who, Some(Duration::from_secs(5)));
    }
    sim.pass(Duration::from_secs(55));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), [at(0)]);
    sim.pass(Duration::from_secs(6));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 2)), []);
    assert_eq!(sim.view("r", "a"), None);
}
