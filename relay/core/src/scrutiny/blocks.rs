//! Blocks that come again. A block cipher that is used bare (ECB) gives equal blocks for equal
//! blocks, and media has many: parameter sets, pictures that do not change, filler.

use std::collections::HashSet;

use ahash::RandomState;

use crate::limits::SCRUTINY_BLOCKS_PER_SAMPLE_MAX;

/// A block of AES.
pub(super) const BLOCK_BYTES: usize = 16;

/// So many different bytes a random block has but for one in 8,000; text, padding and silence have
/// fewer.
const RANDOM_LOOKING_MIN: usize = 12;

/// Blocks of one stream, aligned to the beginning of the payload.
pub(super) struct Blocks {
    seen: HashSet<u64, RandomState>,
    /// Packets with a block that had been there before.
    pub(super) recurring: u16,
    /// Those of them in which it looked random.
    pub(super) random_looking: u16,
}

impl Blocks {
    pub(super) fn new(keys: RandomState) -> Self {
        Self { seen: HashSet::with_hasher(keys), recurring: 0, random_looking: 0 }
    }

    /// Notes the blocks of one packet, and hands on those that are new, with their place.
    pub(super) fn take(&mut self, bytes: &[u8], mut is_new: impl FnMut(usize, &[u8])) {
        let (mut recurs, mut looks_random) = (false, false);
        let blocks = bytes.as_chunks::<BLOCK_BYTES>().0.iter();
        for (place, block) in blocks.take(SCRUTINY_BLOCKS_PER_SAMPLE_MAX).enumerate() {
            let fingerprint = self.seen.hasher().hash_one(block);
            if self.seen.insert(fingerprint) {
                is_new(place, block);
            } else {
                recurs = true;
                looks_random |= is_random_looking(block);
            }
        }
        self.recurring = self.recurring.saturating_add(recurs.into());
        self.random_looking = self.random_looking.saturating_add(looks_random.into());
    }
}

fn is_random_looking(block: &[u8; BLOCK_BYTES]) -> bool {
    let mut values = *block;
    values.sort_unstable();
    let changes = values.windows(2).filter(|pair| pair[0] != pair[1]).count();
    changes + 1 >= RANDOM_LOOKING_MIN
}
