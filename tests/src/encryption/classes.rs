//! What is tried, and how many of each.

use super::Packet;
use super::disguise::{Disguise, with_duplicates};
use super::dtls;
use super::recording::{self, Recipe};
use super::reports::reports;
use super::table::Row;
use super::trial::{Outcome, sampled, whole};
use crate::sim::dice::Dice;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Recordings of each content and coding.
    pub seeds: u32,
    /// Flows of each class; each has a key and a beginning in a recording of its own.
    pub flows: usize,
    /// DTLS associations of each cipher suite.
    pub associations: usize,
}

/// Packets of its recording that a flow leaves out at most.
const SKIPPED_MAX: usize = 200;

/// Compound reports of one flow: half an hour of them.
const REPORTS: u32 = 360;

/// Datagrams of one DTLS association.
const DATAGRAMS: usize = 400;

const DUPLICATES_PERCENT: usize = 5;

const ENCRYPTED: [(&str, Disguise); 2] =
    [("SRTP, AES-CM", Disguise::SrtpCounterMode), ("SRTP, AES-GCM", Disguise::SrtpGcm)];

const REPORTED: [(&str, Disguise); 3] = [
    ("SRTCP, AES-CM", Disguise::SrtpCounterMode),
    ("SRTCP, AES-GCM", Disguise::SrtpGcm),
    ("plain RTCP", Disguise::None),
];

/// What ffmpeg played, once.
struct Recorded {
    recipe: Recipe,
    packets: Vec<Packet>,
}

/// Tries one class after the other.
struct Trials<'r> {
    scale: Scale,
    dice: Dice,
    row: &'r mut dyn FnMut(Row),
}

/// Makes everything, judges it, and calls `row` with each class as it is done.
///
/// # Panics
/// If ffmpeg or openssl are not there, or fail.
pub fn run(scale: Scale, seed: u64, row: &mut dyn FnMut(Row)) {
    let mut trials = Trials { scale, dice: Dice::new(seed), row };
    let opus = record(recording::opus(scale.seeds));
    let h264 = record(recording::h264(scale.seeds));
    let g711 = record(recording::g711(scale.seeds));
    for (codec, recorded) in [("Opus", &opus), ("H.264", &h264)] {
        trials.encrypted(codec, recorded);
    }
    trials.reports();
    trials.dtls();
    for (codec, recorded) in [("Opus", &opus), ("G.711", &g711), ("H.264", &h264)] {
        trials.flows(("plain", codec), recorded, Disguise::None);
    }
    for recorded in alike(&h264).chain(alike(&opus)) {
        trials.flows(
            ("block by block", &recorded[0].recipe.media),
            recorded,
            Disguise::BlockByBlock,
        );
    }
}

impl Trials<'_> {
    fn encrypted(&mut self, codec: &str, recorded: &[Recorded]) {
        for (name, disguise) in ENCRYPTED {
            self.flows((name, codec), recorded, disguise);
        }
        let each = recorded.iter().cycle().take(self.scale.flows);
        let outcomes = each.map(|one| {
            let sent = one.flow(Disguise::SrtpCounterMode, &mut self.dice);
            let arrived = with_duplicates(&sent, DUPLICATES_PERCENT, &mut self.dice);
            whole(&arrived, &mut self.dice)
        });
        let outcomes = outcomes.collect();
        self.tell(("SRTP, 5 % sent twice, all looked at", codec), true, outcomes);
        let outcomes = recorded.iter().map(|one| {
            let sent = one.recipe.play_encrypted(&mut self.dice);
            whole(&sent, &mut self.dice)
        });
        let outcomes = outcomes.collect();
        self.tell(("SRTP by ffmpeg, all looked at", codec), true, outcomes);
    }

    /// Reports are few: all of them are looked at here.
    fn reports(&mut self) {
        for (name, disguise) in REPORTED {
            let flows = 0..self.scale.flows;
            let outcomes = flows.map(|_| {
                let sent = reports(REPORTS, &mut self.dice);
                whole(&disguise.put_on_reports(&sent, &mut self.dice), &mut self.dice)
            });
            let outcomes = outcomes.collect();
            self.tell((name, "reports"), disguise != Disguise::None, outcomes);
        }
    }

    fn dtls(&mut self) {
        let identity = dtls::Identity::new();
        for suite in dtls::SUITES.into_iter().chain([dtls::NULL_SUITE]) {
            let associations = 0..self.scale.associations;
            let outcomes = associations.map(|_| {
                let sent = dtls::association(&identity, suite, DATAGRAMS, &mut self.dice);
                whole(&sent, &mut self.dice)
            });
            let outcomes = outcomes.collect();
            self.tell(("DTLS, all looked at", suite), suite != dtls::NULL_SUITE, outcomes);
        }
    }

    /// Flows that go through all recordings in turn, looked at as a shard does.
    fn flows(&mut self, class: (&str, &str), recorded: &[Recorded], disguise: Disguise) {
        let each = recorded.iter().cycle().take(self.scale.flows);
        let outcomes = each.map(|one| {
            let flow = one.flow(disguise, &mut self.dice);
            sampled(&flow, &mut self.dice)
        });
        let outcomes = outcomes.collect();
        self.tell(class, disguise.encrypts(), outcomes);
    }

    fn tell(&mut self, (class, media): (&str, &str), encrypted: bool, outcomes: Vec<Outcome>) {
        let (class, media) = (class.to_owned(), media.to_owned());
        (self.row)(Row { class, media, encrypted, outcomes });
    }
}

impl Recorded {
    /// The recording from some place on, under a new key.
    fn flow(&self, disguise: Disguise, dice: &mut Dice) -> Vec<Packet> {
        let skipped = dice.below(SKIPPED_MAX.min(self.packets.len() / 4).max(1));
        disguise.put_on(&self.packets[skipped..], dice)
    }
}

fn record(recipes: Vec<Recipe>) -> Vec<Recorded> {
    let play = |recipe: Recipe| Recorded { packets: recipe.play(), recipe };
    recipes.into_iter().map(play).collect()
}

/// Recordings by what they are called in the table.
fn alike(recorded: &[Recorded]) -> impl Iterator<Item = &[Recorded]> {
    recorded.chunk_by(|one, other| one.recipe.media == other.recipe.media)
}
