//! Packets that wait until the registry has said who owns their SSRC.

use std::time::Duration;

use ringfence_core::{DropReason, Limits};
use ringfence_tests::sim::guests::name;
use ringfence_tests::sim::{Media, Setup};

use crate::{at, on_shard, room_of};

fn slow_mail(seed: u64) -> Setup {
    Setup { mail_ms: 20..=20, ..Setup::small_world(seed) }
}

#[test]
fn parked_packets_leave_in_order_and_before_later_ones() {
    let (mut sim, everyone) = room_of(slow_mail(1), 2);
    let said: Vec<_> = (0..60)
        .map(|sequence| {
            let ssrc = 7 + u32::from(sequence % 3);
            let id = sim.speak(everyone[0], Media::rtp(ssrc, sequence));
            sim.pass(Duration::from_millis(1));
            id
        })
        .collect();
    sim.settle();
    let heard = sim.at(everyone[1]).heard();
    assert_eq!(heard.len(), 60);
    for stream in 0..3 {
        let of_stream = |ids: &[_]| -> Vec<_> {
            ids.iter()
                .filter(|id| said.iter().position(|s| s == *id).unwrap() % 3 == stream)
                .copied()
                .collect()
        };
        assert_eq!(of_stream(&heard), of_stream(&said));
    }
}

#[test]
fn the_start_of_a_stream_is_not_lost() {
    let (mut sim, everyone) = room_of(slow_mail(2), 2);
    let first = sim.speak(everyone[0], Media::rtp(7, 1));
    assert_eq!(sim.relay().counters().map(|(_, parked)| parked).sum::<usize>(), 0);
    sim.pass(Duration::from_millis(5));
    assert_eq!(sim.relay().counters().map(|(_, parked)| parked).sum::<usize>(), 1);
    assert_eq!(sim.judge.delivered_to(first), []);
    sim.settle();
    assert_eq!(sim.judge.delivered_to(first), [at(1)]);
}

#[test]
fn a_full_parking_place_is_a_counted_answer() {
    let limits = Limits { parked_packets_max: 4, ..Limits::default() };
    let (mut sim, everyone) = room_of(Setup { limits, ..slow_mail(3) }, 2);
    for sequence in 0..10 {
        sim.speak(everyone[0], Media::rtp(7, sequence));
    }
    sim.settle();
    assert_eq!(sim.drops(DropReason::ParkingFull), 6);
    assert_eq!(sim.at(everyone[1]).inbox.len(), 4);
    assert_eq!(sim.heard_by(everyone[0], Media::rtp(7, 11)), [at(1)]);
}

#[test]
fn what_nobody_decides_in_a_second_is_dropped_and_may_be_claimed_again() {
    let setup = Setup { mail_ms: 600..=600, ..Setup::small_world(4) };
    let mut sim = ringfence_tests::sim::Simulation::new(setup);
    let join = ringfence_tests::sim::guests::request("standup", "alice");
    let alice = sim.endpoint(at(0));
    sim.join(alice, &join).unwrap();
    sim.pass(Duration::from_secs(2));
    sim.check(alice);
    sim.pass(Duration::from_secs(2));
    sim.speak(alice, Media::rtp(7, 1));
    sim.pass(Duration::from_secs(3));
    assert_eq!(sim.drops(DropReason::ParkingFull), 1);
}

#[test]
fn packets_of_someone_who_left_meanwhile_are_dropped() {
    let (mut sim, everyone) = room_of(slow_mail(5), 2);
    sim.speak(everyone[0], Media::rtp(7, 1));
    sim.pass(Duration::from_millis(5));
    sim.leave(&name("standup"), &name("p0"));
    sim.pass(Duration::from_secs(2));
    assert_eq!(sim.at(everyone[1]).inbox, []);
    assert_eq!(sim.drops(DropReason::NotLatched), 1);
}

/// The claim of someone who left is nobody's: the SSRC is free on that shard as on all others.
#[test]
fn an_ssrc_claimed_while_leaving_can_be_claimed_by_another() {
    let mut sim = ringfence_tests::sim::Simulation::new(slow_mail(6));
    let address = on_shard(&sim, 0);
    let alice = sim.latched("standup", "alice", &address.to_string());
    let address = on_shard(&sim, 0);
    let bob = sim.latched("standup", "bob", &address.to_string());
    sim.latched("standup", "carol", &at(0).to_string());
    sim.speak(alice, Media::rtp(7, 1));
    sim.pass(Duration::from_millis(5));
    sim.leave(&name("standup"), &name("alice"));
    sim.pass(Duration::from_secs(2));
    assert_eq!(sim.heard_by(bob, Media::rtp(7, 1)), [at(0)]);
}
