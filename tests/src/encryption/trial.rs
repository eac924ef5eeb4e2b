//! One flow through the same thinning and judgement as in the relay.

use ringfence_core::{
    Instant, ParticipantId, SAMPLING_GAP_MEAN, Sample, SampledFlow, Scrutiny, Unencrypted, Verdict,
};

use super::Packet;
use crate::sim::dice::Dice;

/// What came of one flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What was found, if anything was.
    pub found: Option<Found>,
    /// Samples that were taken until then, or in all.
    pub samples: usize,
}

/// A finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// What shows it.
    pub how: Unencrypted,
    /// Packets that had passed by then.
    pub packets: usize,
}

/// Judges one flow, with one packet in [`SAMPLING_GAP_MEAN`] for a sample, as a shard takes them.
pub fn sampled(packets: &[Packet], dice: &mut Dice) -> Outcome {
    let gap = 2 * usize::from(SAMPLING_GAP_MEAN) - 1;
    judged(packets, dice.bytes(), || dice.below(gap))
}

/// Judges one flow by all its packets.
pub fn whole(packets: &[Packet], dice: &mut Dice) -> Outcome {
    judged(packets, dice.bytes(), || 0)
}

fn judged(packets: &[Packet], seed: [u8; 32], mut gap: impl FnMut() -> usize) -> Outcome {
    let mut scrutiny = Scrutiny::new(seed);
    let flow = SampledFlow::Participant(ParticipantId(1));
    let (mut at, mut samples) = (gap(), 0);
    while let Some(packet) = packets.get(at) {
        samples += 1;
        at += 1;
        if let Verdict::Found(how) = scrutiny.judge(Instant::START, &Sample::of(flow, packet)) {
            return Outcome { found: Some(Found { how, packets: at }), samples };
        }
        at += gap();
    }
    Outcome { found: None, samples }
}
