//! What has been seen of one stream, and what it amounts to.

use std::collections::HashSet;

use ahash::RandomState;

use super::blocks::{BLOCK_BYTES, Blocks};
use super::cover::{Cover, Serial};
use super::histogram::Histogram;
use super::{Unencrypted, Verdict};
use crate::limits::{SCRUTINY_SAMPLES_MAX, SCRUTINY_SAMPLES_MIN};

/// One window of one stream.
pub(super) struct Evidence {
    /// Which packets have been taken in: a copy that the network made says nothing.
    seen: HashSet<u64, RandomState>,
    samples: usize,
    histogram: Histogram,
    blocks: Blocks,
}

/// Packets with a block that had been there before, for it to be a habit: one may be a packet that
/// something on the way sent again under another number.
const RECURRING_MIN: u16 = 2;

impl Evidence {
    /// `keys` are the tables', whose keys strangers choose.
    pub(super) fn new(keys: RandomState) -> Self {
        Self {
            seen: HashSet::with_hasher(keys.clone()),
            samples: 0,
            histogram: Histogram::new(),
            blocks: Blocks::new(keys),
        }
    }

    pub(super) fn take(&mut self, cover: &Cover<'_>) {
        self.samples += 1;
        let serial = match cover.serial {
            Serial::Number(number) => number,
            Serial::Unnumbered => self.seen.hasher().hash_one(cover.bytes),
        };
        if !self.seen.insert(serial) {
            return;
        }
        // A block that came before counts as such and not also as sixteen bytes that did: that is how
        // a cipher that repeats is told from none.
        self.blocks.take(cover.bytes, |place, block| {
            let payload_bytes = cover.payload_bytes.saturating_sub(place * BLOCK_BYTES);
            self.histogram.take(place, &block[..payload_bytes.min(BLOCK_BYTES)]);
        });
    }

    /// Whether more samples would not be taken into account.
    pub(super) fn is_complete(&self) -> bool {
        self.samples >= SCRUTINY_SAMPLES_MAX
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.seen.len() < SCRUTINY_SAMPLES_MIN {
            return Verdict::Unknown;
        }
        if self.histogram.is_uneven() {
            return Verdict::Found(Unencrypted::Plain);
        }
        if self.blocks.recurring >= RECURRING_MIN {
            return Verdict::Found(self.which());
        }
        match self.histogram.payloads() as usize >= SCRUTINY_SAMPLES_MIN {
            true => Verdict::LooksEncrypted,
            false => Verdict::Unknown,
        }
    }

    /// Blocks recur. Plain media does that too.
    fn which(&self) -> Unencrypted {
        let random_looking = self.blocks.random_looking >= RECURRING_MIN;
        match random_looking && !self.histogram.leans() {
            true => Unencrypted::RepeatingBlocks,
            false => Unencrypted::Plain,
        }
    }
}
