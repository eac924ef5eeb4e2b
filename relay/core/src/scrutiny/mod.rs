//! Whether what a flow carries is encrypted at all, judged from samples of it, off the forwarding
//! path. Nothing here can decrypt: it looks for what encrypted bytes cannot do by chance.
//!
//! The shard copies the beginning of some packets (`sampler`); the control thread sorts them into
//! streams, finds the bytes that encryption would cover (`cover`) and gathers evidence for each
//! stream (`evidence`): bytes whose values are not spread as `chance` spreads them, and blocks that
//! recur (`blocks`).

mod blocks;
mod chance;
mod cover;
mod evidence;
mod histogram;
mod sample;
mod sampler;

use std::collections::BTreeMap;

use self::cover::{Cover, Stream};
use self::evidence::Evidence;
pub use self::sample::{Sample, SampledFlow, TurnDirection};
pub(crate) use self::sampler::{Sampler, Watch};
use crate::limits::{SCRUTINY_STREAMS_MAX, SCRUTINY_STREAMS_PER_FLOW_MAX, SCRUTINY_TURN};
use crate::random::{Csprng, Seed};
use crate::time::Instant;

/// What the samples of one stream amount to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// Too few samples, samples too short, or a protocol that is not judged.
    Unknown,
    /// Nothing that encryption would not do.
    LooksEncrypted,
    /// Evidently not encrypted.
    Found(Unencrypted),
}

/// How a stream is evidently not encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unencrypted {
    /// The bytes themselves show: some have values that encrypted bytes would not have.
    Plain,
    /// Blocks of 16 bytes that look encrypted come again, as a block cipher makes them that gives
    /// equal blocks for equal blocks (ECB) or begins every packet alike.
    RepeatingBlocks,
}

impl Unencrypted {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Plain, Self::RepeatingBlocks];

    /// Stable name, in snake_case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::RepeatingBlocks => "repeating_blocks",
        }
    }
}

/// Judges streams, a bounded number at a time; when all places are taken, a stream that has had
/// one for [`SCRUTINY_TURN`] makes room for the next.
pub struct Scrutiny {
    watched: BTreeMap<Key, Watched>,
    random: Csprng,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    flow: SampledFlow,
    stream: Stream,
}

struct Watched {
    since: Instant,
    evidence: Box<Evidence>,
}

impl Scrutiny {
    /// Watches nothing yet. The seed keys the tables of what is seen.
    pub fn new(seed: Seed) -> Self {
        Self { watched: BTreeMap::new(), random: Csprng::new(seed) }
    }

    /// Takes a sample in and says what is known of its stream now. A stream that something is found
    /// about, or that has been seen enough of, is forgotten: its next sample begins anew.
    pub fn judge(&mut self, now: Instant, sample: &Sample) -> Verdict {
        let Some(cover) = Cover::of(sample) else {
            return Verdict::Unknown;
        };
        let key = Key { flow: sample.flow, stream: cover.stream };
        let Some(watched) = self.watch(now, key) else {
            return Verdict::Unknown;
        };
        watched.evidence.take(&cover);
        let verdict = watched.evidence.verdict();
        if watched.evidence.is_complete() || matches!(verdict, Verdict::Found(_)) {
            self.watched.remove(&key);
        }
        verdict
    }

    /// Streams that are being watched.
    pub fn watched(&self) -> usize {
        self.watched.len()
    }

    /// The stream's place, if it has one or there is one for it.
    fn watch(&mut self, now: Instant, key: Key) -> Option<&mut Watched> {
        if !self.watched.contains_key(&key) {
            self.make_room(now, key.flow)?;
            let evidence = Box::new(Evidence::new(self.random.table_keys()));
            self.watched.insert(key, Watched { since: now, evidence });
        }
        self.watched.get_mut(&key)
    }

    /// `None`: the flow has its share of the places, or nobody has had a place for long enough.
    fn make_room(&mut self, now: Instant, flow: SampledFlow) -> Option<()> {
        let first = Key { flow, stream: Stream::FIRST };
        let of_flow = self.watched.range(first..).take_while(|(key, _)| key.flow == flow);
        if of_flow.clone().count() >= SCRUTINY_STREAMS_PER_FLOW_MAX {
            let oldest = oldest(of_flow, now)?;
            self.watched.remove(&oldest);
        } else if self.watched.len() >= SCRUTINY_STREAMS_MAX {
            let oldest = oldest(self.watched.iter(), now)?;
            self.watched.remove(&oldest);
        }
        Some(())
    }
}

/// Whoever has had a place longest, if its turn is over.
fn oldest<'w>(watched: impl Iterator<Item = (&'w Key, &'w Watched)>, now: Instant) -> Option<Key> {
    let (key, oldest) = watched.min_by_key(|(_, watched)| watched.since)?;
    (now.since(oldest.since) >= SCRUTINY_TURN).then_some(*key)
}

#[cfg(test)]
mod tests;
