//! Which values the bytes of payloads have.

use super::blocks::BLOCK_BYTES;
use super::chance;

/// Values of each of the first bytes, and of all bytes together.
pub(super) struct Histogram {
    positions: [Values; BLOCK_BYTES],
    together: Values,
}

struct Values {
    counts: [u16; 256],
    bytes: u32,
    /// The count of the most common value.
    highest: u16,
}

/// An equal byte in more than half of a few is no proof, but tells one known fault from another.
const LEANING_MIN: u16 = 4;

impl Histogram {
    pub(super) fn new() -> Self {
        Self { positions: std::array::from_fn(|_| Values::new()), together: Values::new() }
    }

    /// Counts the bytes of one block of a payload.
    pub(super) fn take(&mut self, place: usize, block: &[u8]) {
        block.iter().for_each(|&byte| self.together.count(byte));
        if place == 0 {
            let positions = self.positions.iter_mut().zip(block);
            positions.for_each(|(position, &byte)| position.count(byte));
        }
    }

    /// Payloads whose first byte was counted.
    pub(super) fn payloads(&self) -> u32 {
        self.positions[0].bytes
    }

    /// Whether some value is more common, at one place or at all of them, than chance makes it.
    pub(super) fn is_uneven(&self) -> bool {
        let all = self.positions.iter().chain([&self.together]);
        all.into_iter().any(|values| chance::is_beyond(values.highest.into(), values.bytes))
    }

    /// Whether most payloads agree in a byte.
    pub(super) fn leans(&self) -> bool {
        let mut positions = self.positions.iter();
        positions.any(|at| at.highest >= LEANING_MIN && u32::from(at.highest) * 2 > at.bytes)
    }
}

impl Values {
    fn new() -> Self {
        Self { counts: [0; 256], bytes: 0, highest: 0 }
    }

    fn count(&mut self, byte: u8) {
        let count = &mut self.counts[usize::from(byte)];
        *count = count.saturating_add(1);
        self.highest = self.highest.max(*count);
        self.bytes += 1;
    }
}
