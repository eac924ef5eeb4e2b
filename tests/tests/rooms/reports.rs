//! Loss and jitter as RFC 3550 counts them, and what each participant was sent.

use std::time::Duration;

use ringfence_core::{RoomReport, SourceReport};
use ringfence_tests::sim::guests::name;
use ringfence_tests::sim::{Media, Setup, Simulation};

use crate::{europe, room_of};

fn survey(sim: &mut Simulation) -> Vec<RoomReport> {
    let now = sim.now();
    sim.relay_mut().reports.clear();
    assert!(sim.relay_mut().survey(now, &name("standup"), 42));
    sim.settle();
    let reports = std::mem::take(&mut sim.relay_mut().reports);
    assert!(reports.iter().all(|(_, report)| report.token == 42));
    reports.into_iter().map(|(_, report)| report).collect()
}

fn only_source(sim: &mut Simulation) -> SourceReport {
    let sources: Vec<_> = survey(sim).into_iter().flat_map(|report| report.sources).collect();
    let [source] = sources.as_slice() else { panic!("one source: {sources:?}") };
    *source
}

#[test]
fn every_shard_answers_a_survey() {
    let (mut sim, _) = room_of(Setup { shards: 3, ..Setup::small_world(1) }, 2);
    assert_eq!(survey(&mut sim).len(), 3);
}

#[test]
fn lost_packets_are_those_missing_between_first_and_highest() {
    let (mut sim, everyone) = room_of(Setup::small_world(2), 2);
    for sequence in (1000..1100).filter(|sequence| sequence % 10 != 3) {
        sim.heard_by(everyone[0], Media::rtp(1, sequence));
    }
    let source = only_source(&mut sim);
    assert_eq!((source.packets, source.lost), (90, 10));
    assert_eq!((source.ssrc.0, source.index.sequence()), (1, 1099));
}

#[test]
fn duplicates_count_against_losses() {
    let (mut sim, everyone) = room_of(Setup::small_world(3), 2);
    for sequence in [1, 2, 2, 2, 4] {
        sim.heard_by(everyone[0], Media::rtp(1, sequence));
    }
    assert_eq!(only_source(&mut sim).lost, -1);
}

#[test]
fn jitter_is_that_of_the_arrivals() {
    for (wobble_ms, least, most) in [(0, 0, 1), (10, 9, 11)] {
        let (mut sim, everyone) = room_of(Setup::small_world(4), 2);
        for who in &everyone {
            sim.check_every(*who, Some(Duration::from_secs(5)));
        }
        for sequence in 0..600 {
            let late = if sequence % 2 == 0 { 0 } else { wobble_ms };
            sim.pass(Duration::from_millis(late));
            sim.speak(everyone[0], Media::rtp(1, sequence));
            sim.pass(Duration::from_millis(20 - late));
        }
        let source = only_source(&mut sim);
        assert_eq!(source.clock_rate_hz, Some(48_000));
        let jitter = source.jitter.unwrap();
        let expected = Duration::from_millis(least)..=Duration::from_millis(most);
        assert!(expected.contains(&jitter), "{jitter:?}");
    }
}

#[test]
fn rtcp_is_not_counted_as_media_received() {
    let (mut sim, everyone) = room_of(Setup::small_world(5), 2);
    sim.heard_by(everyone[0], Media::rtp(1, 1));
    sim.heard_by(everyone[0], Media::Rtcp { ssrc: 1 });
    assert_eq!(only_source(&mut sim).packets, 1);
}

#[test]
fn what_was_sent_to_each_participant_is_counted() {
    let (mut sim, everyone) = room_of(Setup { shards: 1, ..Setup::small_world(6) }, 3);
    let mut bytes = 0;
    for sequence in 0..10 {
        sim.heard_by(everyone[0], Media::rtp(1, sequence));
    }
    for received in &sim.at(everyone[1]).inbox {
        bytes += received.bytes.len() as u64;
    }
    let ids = ["p0", "p1", "p2"].map(|who| sim.view("standup", who).unwrap().id);
    let [report] = survey(&mut sim).try_into().unwrap();
    let of = |id| report.members.iter().find(|member| member.participant == id).unwrap();
    assert_eq!((of(ids[0]).packets_sent, of(ids[0]).bytes_sent), (0, 0));
    assert_eq!((of(ids[1]).packets_sent, of(ids[1]).bytes_sent), (10, bytes));
    assert_eq!(of(ids[2]).packets_sent, 10);
}

#[test]
fn nobody_can_be_asked_about_a_room_that_is_not_there() {
    let mut sim = Simulation::new(Setup::small_world(7));
    sim.latched("standup", "alice", &europe(0));
    let now = sim.now();
    assert!(!sim.relay_mut().survey(now, &name("retro"), 1));
}
