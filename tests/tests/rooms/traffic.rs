//! What was carried for whom: told apart by region and policy, and complete.

use std::collections::BTreeMap;

use ringfence_core::{Counters, Event, Traffic};
use ringfence_tests::sim::drafts::small_world;
use ringfence_tests::sim::guests::{name, request};
use ringfence_tests::sim::{Media, Setup, Simulation};

use super::*;

/// Packets that were told to have come from and gone to someone, in this region and under this policy.
type Told = BTreeMap<(String, String, u32), (u64, u64)>;

fn told(sim: &mut Simulation) -> Told {
    sim.settle_traffic();
    sim.settle();
    assert!(sim.relay().registry().is_settled());
    let mut told = Told::new();
    for event in sim.take_events() {
        if let Event::Carried { who, region, epoch, traffic } = event {
            let key = (who.participant.to_string(), region.to_string(), epoch.0);
            let (packets_in, packets_out) = told.entry(key).or_default();
            *packets_in += traffic.packets_in;
            *packets_out += traffic.packets_out;
        }
    }
    told
}

fn entry(who: &str, region: &str, epoch: u32) -> (String, String, u32) {
    (who.to_owned(), region.to_owned(), epoch)
}

#[test]
fn what_everyone_sent_and_got_is_told_once() {
    let (mut sim, everyone) = room_of(Setup { shards: 3, ..Setup::small_world(50) }, 3);
    for sequence in 1..=5 {
        sim.speak(everyone[0], Media::rtp(7, sequence));
    }
    sim.settle();
    let told_first = told(&mut sim);
    assert_eq!(told_first[&entry("p0", "europe", 0)], (5, 0));
    assert_eq!(told_first[&entry("p1", "europe", 0)], (0, 5));
    assert_eq!(told_first[&entry("p2", "europe", 0)], (0, 5));
    assert_eq!(told(&mut sim), Told::new());
}

#[test]
fn what_nobody_heard_was_not_carried() {
    let mut sim = Simulation::new(Setup::small_world(51));
    let alone = sim.latched("standup", "alone", &europe(1));
    sim.speak(alone, Media::rtp(1, 1));
    sim.settle();
    assert_eq!(told(&mut sim), Told::new());
}

#[test]
fn a_move_to_another_region_is_told_apart() {
    let (mut sim, everyone) = room_of(Setup::small_world(52), 2);
    sim.heard_by(everyone[0], Media::rtp(7, 1));
    sim.rebind(everyone[1], "127.1.49.9:4000".parse().unwrap());
    sim.latch(everyone[1]);
    sim.heard_by(everyone[0], Media::rtp(7, 2));
    sim.heard_by(everyone[0], Media::rtp(7, 3));
    let told = told(&mut sim);
    assert_eq!(told[&entry("p1", "europe", 0)], (0, 1));
    assert_eq!(told[&entry("p1", "germany", 0)], (0, 2));
    assert_eq!(told[&entry("p0", "europe", 0)], (3, 0));
}

/// Region handles are places in a list; the second policy moves them.
#[test]
fn a_reload_is_told_apart_without_being_asked() {
    let (mut sim, everyone) = room_of(Setup { shards: 4, ..Setup::small_world(53) }, 2);
    sim.heard_by(everyone[0], Media::rtp(7, 1));
    let mut draft = small_world();
    draft.regions.rotate_left(2);
    sim.adopt(draft).unwrap();
    sim.settle();
    let carried = |event: &&Event| matches!(event, Event::Carried { .. });
    assert_eq!(sim.take_events().iter().filter(carried).count(), 2);
    sim.heard_by(everyone[0], Media::rtp(7, 2));
    let told = told(&mut sim);
    assert_eq!(told[&entry("p0", "europe", 1)], (1, 0));
    assert_eq!(told[&entry("p1", "europe", 1)], (0, 1));
}

#[test]
fn who_has_left_and_whose_room_is_gone_is_told_all_the_same() {
    let setup = Setup { mail_ms: 0..=20, shards: 4, ..Setup::small_world(54) };
    let (mut sim, everyone) = room_of(setup, 2);
    sim.heard_by(everyone[0], Media::rtp(7, 1));
    sim.take_events();
    for who in ["p0", "p1"] {
        assert!(sim.leave(&name("standup"), &name(who)));
    }
    sim.settle();
    let events = sim.take_events();
    let of = |who: &str| {
        let carried = events.iter().filter_map(|event| match event {
            Event::Carried { who: guest, traffic, .. } if guest.participant.as_str() == who => {
                Some(*traffic)
            }
            _ => None,
        });
        carried.collect::<Vec<_>>()
    };
    let [sent] = of("p0")[..] else { panic!("one line: {events:?}") };
    let [got] = of("p1")[..] else { panic!("one line: {events:?}") };
    assert_eq!((sent.packets_in, sent.bytes_in), (got.packets_out, got.bytes_out));
    assert_eq!((sent.packets_in, got.packets_in), (1, 0));
    assert_eq!(sim.relay_mut().registry_mut().take_events_lost(), 0);
    assert_eq!(told(&mut sim), Told::new());
}

#[test]
fn a_name_that_comes_back_is_another_stay_and_counts_on() {
    let (mut sim, everyone) = room_of(Setup::small_world(55), 2);
    sim.heard_by(everyone[0], Media::rtp(7, 1));
    sim.leave(&name("standup"), &name("p1"));
    sim.join(everyone[1], &request("standup", "p1")).unwrap();
    sim.settle();
    sim.latch(everyone[1]);
    sim.heard_by(everyone[0], Media::rtp(7, 2));
    assert_eq!(told(&mut sim)[&entry("p1", "europe", 0)], (0, 2));
}

#[test]
fn the_lines_of_a_cut_are_told_before_the_answer() {
    let (mut sim, everyone) = room_of(Setup::small_world(56), 2);
    sim.heard_by(everyone[0], Media::rtp(7, 1));
    sim.take_events();
    let mut draft = small_world();
    draft.fences[0].clients.value.clear();
    sim.adopt(draft).unwrap();
    sim.settle();
    let events = sim.take_events();
    let carried = |event: &&Event| matches!(event, Event::Carried { epoch, .. } if epoch.0 == 0);
    assert_eq!(events.iter().filter(carried).count(), 2, "{events:?}");
}

#[test]
fn all_that_was_forwarded_was_carried_for_someone() {
    let (mut sim, everyone) = room_of(Setup { shards: 2, ..Setup::small_world(57) }, 5);
    for (&who, ssrc) in everyone.iter().zip(1..) {
        (1..=9).for_each(|sequence| {
            sim.speak(who, Media::rtp(ssrc, sequence));
        });
    }
    sim.settle();
    sim.leave(&name("standup"), &name("p3"));
    sim.settle_traffic();
    sim.settle();
    let all = sim.relay().counters().fold(Counters::new(), |sum, (shard, _)| sum + *shard);
    let Traffic { packets_in, packets_out, bytes_out, .. } = sim.relay().carried;
    assert_eq!((packets_in, packets_out), (all.forwarded, all.copies));
    assert_eq!((packets_in, bytes_out), (45, all.copied_bytes));
}
