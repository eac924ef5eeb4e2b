//! Made-up streams: what each verdict rests on, and what must not lead to one.

use std::time::Duration;

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::identity::ParticipantId;
use crate::limits::SCRUTINY_SAMPLES_MIN;

const ALICE: SampledFlow = SampledFlow::Participant(ParticipantId(1));

fn scrutiny() -> Scrutiny {
    Scrutiny::new([3; 32])
}

/// Bytes as a good cipher makes them.
fn random(number: u64, bytes: usize) -> Vec<u8> {
    let digest = |part: usize| Sha256::digest([number.to_be_bytes(), part.to_be_bytes()].concat());
    (0..bytes.div_ceil(32)).flat_map(digest).take(bytes).collect()
}

/// As a cipher makes them that is used block by block.
fn block_by_block(plain: &[u8]) -> Vec<u8> {
    plain.chunks(16).flat_map(|block| Sha256::digest(block)[..16].to_vec()).collect()
}

fn rtp(ssrc: u32, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let [q0, q1] = sequence.to_be_bytes();
    [&[0x80, 96, q0, q1, 0, 0, 0, 0], &ssrc.to_be_bytes()[..], payload].concat()
}

/// The last verdict on a stream of these payloads.
fn verdict_on(payloads: impl Iterator<Item = Vec<u8>>) -> Verdict {
    let packets = payloads.zip(0..).map(|(payload, sequence)| rtp(7, sequence, &payload));
    verdict_on_packets(packets)
}

fn verdict_on_packets(packets: impl Iterator<Item = Vec<u8>>) -> Verdict {
    let mut scrutiny = scrutiny();
    let mut judge = |packet: Vec<u8>| scrutiny.judge(Instant::START, &Sample::of(ALICE, &packet));
    let verdicts: Vec<_> = packets.map(&mut judge).collect();
    let found = verdicts.iter().find(|verdict| matches!(verdict, Verdict::Found(_)));
    *found.or(verdicts.last()).unwrap()
}

#[test]
fn encrypted_bytes_look_encrypted_for_as_long_as_one_looks() {
    let payloads = (0..20_000).zip((30..120).cycle()).map(|(number, bytes)| random(number, bytes));
    assert_eq!(verdict_on(payloads), Verdict::LooksEncrypted);
}

#[test]
fn one_byte_that_is_nearly_always_the_same_is_plain() {
    let payload = |number| match number % 3 {
        0 => random(number, 60),
        _ => [vec![0x78], random(number, 59)].concat(),
    };
    assert_eq!(verdict_on((0..40).map(payload)), Verdict::Found(Unencrypted::Plain));
}

#[test]
fn values_that_are_merely_more_common_are_plain_in_the_end() {
    let quiet = |number| random(number, 160).iter().map(|byte| byte & 0x8f).collect();
    assert_eq!(verdict_on((0..40).map(quiet)), Verdict::Found(Unencrypted::Plain));
}

#[test]
fn fewer_samples_than_that_are_no_ground_for_anything() {
    let least = SCRUTINY_SAMPLES_MIN as u64;
    let equal = |number| [vec![0x78], random(number, 59)].concat();
    assert_eq!(verdict_on((1..least).map(equal)), Verdict::Unknown);
    assert_eq!(verdict_on((0..least).map(equal)), Verdict::Found(Unencrypted::Plain));
}

#[test]
fn blocks_that_come_again_are_told_from_plain_media_that_repeats() {
    let plain = |number: u64| [random(number % 50, 16), random(number, 48)].concat();
    let encrypted = |number| block_by_block(&plain(number));
    let repeating = Verdict::Found(Unencrypted::RepeatingBlocks);
    assert_eq!(verdict_on((0..200).map(encrypted)), repeating);
    let silence = |number: u64| [random(number, 16), vec![0xff; 144]].concat();
    assert_eq!(verdict_on((0..40).map(silence)), Verdict::Found(Unencrypted::Plain));
    let still = |number: u64| [vec![0x41], random(number % 9, 63)].concat();
    assert_eq!(verdict_on((0..40).map(still)), Verdict::Found(Unencrypted::Plain));
}

#[test]
fn a_block_that_begins_most_packets_is_no_plain_byte() {
    let plain = |number: u64| [vec![0; 16], random(number, 48)].concat();
    let encrypted = |number| block_by_block(&plain(number));
    let repeating = Verdict::Found(Unencrypted::RepeatingBlocks);
    assert_eq!(verdict_on((0..200).map(encrypted)), repeating);
}

#[test]
fn packets_that_the_network_sends_twice_say_nothing() {
    let sent = (0..300).map(|number| rtp(7, number, &random(number.into(), 60)));
    let arrived = sent.flat_map(|packet| [packet.clone(), packet.clone(), packet]);
    assert_eq!(verdict_on_packets(arrived), Verdict::LooksEncrypted);
    let report = |number| [vec![0x80, 200, 0, 6, 0, 0, 0, 7], random(number, 64)].concat();
    let arrived = (0..300).map(report).flat_map(|packet| [packet.clone(), packet]);
    assert_eq!(verdict_on_packets(arrived), Verdict::LooksEncrypted);
}

#[test]
fn a_constant_trailer_behind_short_payloads_is_not_taken_for_payload() {
    let silence =
        |number| [random(number, 3), vec![0, 0, 0, 1], random(number + 1000, 10)].concat();
    assert_eq!(verdict_on((0..500).map(silence)), Verdict::Unknown);
}

#[test]
fn reports_in_the_clear_are_plain_and_encrypted_ones_are_not() {
    let header = [0x80, 200, 0, 12, 0, 0, 0, 7];
    let clear = |number| [&header[..], &[0xe9, 0x1f], &random(number, 58)].concat();
    let plain = Verdict::Found(Unencrypted::Plain);
    assert_eq!(verdict_on_packets((0..40).map(clear)), plain);
    let encrypted = |number| [&header[..], &random(number, 60)].concat();
    assert_eq!(verdict_on_packets((0..400).map(encrypted)), Verdict::LooksEncrypted);
}

#[test]
fn streams_of_one_flow_are_judged_each_for_itself() {
    let mut scrutiny = scrutiny();
    let mut found = Vec::new();
    for number in 0..80 {
        let speech = [vec![0x78], random(number, 59)].concat();
        for (ssrc, payload) in [(1, random(number, 60)), (2, speech)] {
            let packet = rtp(ssrc, u16::try_from(number).unwrap(), &payload);
            let verdict = scrutiny.judge(Instant::START, &Sample::of(ALICE, &packet));
            if matches!(verdict, Verdict::Found(_)) {
                found.push(ssrc);
            }
        }
    }
    assert_eq!(found, [2, 2]);
}

#[test]
fn a_flow_that_makes_up_ssrcs_takes_its_share_of_the_places() {
    let mut scrutiny = scrutiny();
    for ssrc in 0..10_000 {
        scrutiny.judge(Instant::START, &Sample::of(ALICE, &rtp(ssrc, 1, &random(1, 60))));
    }
    assert_eq!(scrutiny.watched(), SCRUTINY_STREAMS_PER_FLOW_MAX);
}

#[test]
fn when_all_places_are_taken_whoever_has_had_one_long_enough_makes_room() {
    let mut scrutiny = scrutiny();
    let mut judge = |now, participant, sequence: u16| {
        let flow = SampledFlow::Participant(ParticipantId(participant));
        let payload = [vec![0x78], random(sequence.into(), 59)].concat();
        let verdict = scrutiny.judge(now, &Sample::of(flow, &rtp(1, sequence, &payload)));
        assert!(scrutiny.watched() <= SCRUTINY_STREAMS_MAX);
        verdict
    };
    for participant in 0..=SCRUTINY_STREAMS_MAX as u64 {
        judge(Instant::START, participant, 0);
    }
    let last = SCRUTINY_STREAMS_MAX as u64;
    let soon = (0..100).map(|sequence| judge(Instant::START, last, sequence));
    assert!(soon.into_iter().all(|verdict| verdict == Verdict::Unknown));
    let later = Instant::START + SCRUTINY_TURN + Duration::from_millis(1);
    let then: Vec<_> = (0..100).map(|sequence| judge(later, last, sequence)).collect();
    assert!(then.contains(&Verdict::Found(Unencrypted::Plain)));
}

proptest! {
    #[test]
    fn whatever_comes_is_judged_and_memory_is_bounded(
        packets in prop::collection::vec(
            (0..4_u64, prop::collection::vec(any::<u8>(), 0..200), 0..60_u64),
            1..300,
        )
    ) {
        let mut scrutiny = scrutiny();
        for (participant, bytes, seconds) in packets {
            let now = Instant::from_start(Duration::from_secs(seconds));
            let flow = SampledFlow::Participant(ParticipantId(participant));
            scrutiny.judge(now, &Sample::of(flow, &bytes));
            prop_assert!(scrutiny.watched() <= 4 * SCRUTINY_STREAMS_PER_FLOW_MAX);
        }
    }
}
