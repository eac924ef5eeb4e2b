//! Scrutiny on what real encoders and real encryption make. `encryption-rates` measures it at length.

use ringfence_core::Unencrypted;
use ringfence_tests::encryption::Packet;
use ringfence_tests::encryption::disguise::{Disguise, with_duplicates};
use ringfence_tests::encryption::dtls::{self, Identity};
use ringfence_tests::encryption::recording::{self, Recipe};
use ringfence_tests::encryption::reports::reports;
use ringfence_tests::encryption::trial::{sampled, whole};
use ringfence_tests::sim::dice::Dice;

const FLOWS: usize = 20;

fn play(all: Vec<Recipe>, content: &str) -> Vec<Packet> {
    let recipe = all.into_iter().find(|recipe| recipe.media.contains(content));
    recipe.expect("such a recording").play()
}

fn speech() -> Vec<Packet> {
    play(recording::opus(1), "speech-like")
}

fn pictures(content: &str) -> Vec<Packet> {
    play(recording::h264(1), content)
}

/// What was found in each of some flows, sampled as a shard does it.
fn found(packets: &[Packet], disguise: Disguise) -> Vec<Option<Unencrypted>> {
    let mut dice = Dice::new(1);
    let one = |_| {
        let sent = disguise.put_on(packets, &mut dice);
        sampled(&sent, &mut dice).found.map(|found| found.how)
    };
    (0..FLOWS).map(one).collect()
}

#[test]
fn real_sound_and_pictures_are_found_plain_and_encrypted_ones_are_not() {
    for packets in [speech(), pictures("moving shapes")] {
        assert_eq!(found(&packets, Disguise::None), [Some(Unencrypted::Plain); FLOWS]);
        for disguise in [Disguise::SrtpCounterMode, Disguise::SrtpGcm] {
            assert_eq!(found(&packets, disguise), [None; FLOWS], "{disguise:?}");
        }
        let mut dice = Dice::new(2);
        let sent = Disguise::SrtpCounterMode.put_on(&packets, &mut dice);
        let twice = with_duplicates(&sent, 20, &mut dice);
        assert!(twice.len() > sent.len());
        assert_eq!(whole(&twice, &mut dice).found, None);
    }
}

#[test]
fn pictures_encrypted_block_by_block_are_found_to_repeat() {
    let repeating = [Some(Unencrypted::RepeatingBlocks); FLOWS];
    assert_eq!(found(&pictures("still slide"), Disguise::BlockByBlock), repeating);
}

#[test]
fn reports_are_found_plain_and_encrypted_ones_are_not() {
    let mut dice = Dice::new(3);
    let sent = reports(360, &mut dice);
    let mut found = |disguise: Disguise| {
        let sent = disguise.put_on_reports(&sent, &mut dice);
        whole(&sent, &mut dice).found.map(|found| found.how)
    };
    assert_eq!(found(Disguise::None), Some(Unencrypted::Plain));
    assert_eq!(found(Disguise::SrtpCounterMode), None);
    assert_eq!(found(Disguise::SrtpGcm), None);
}

#[test]
fn dtls_is_not_found_plain_unless_it_encrypts_nothing() {
    let (identity, mut dice) = (Identity::new(), Dice::new(4));
    for suite in dtls::SUITES {
        let sent = dtls::association(&identity, suite, 200, &mut dice);
        assert_eq!(whole(&sent, &mut dice).found, None, "{suite}");
    }
    let sent = dtls::association(&identity, dtls::NULL_SUITE, 200, &mut dice);
    assert_eq!(whole(&sent, &mut dice).found.map(|found| found.how), Some(Unencrypted::Plain));
}
