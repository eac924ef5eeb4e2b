//! A hash for keys that only the operator chooses.

use std::hash::{BuildHasherDefault, Hasher};

/// Quick, and easy to make collide: not for what strangers send.
pub(super) type QuickHash = BuildHasherDefault<Multiplier>;

#[derive(Clone, Copy, Default)]
pub(super) struct Multiplier(u64);

/// Odd, with its bits well mixed: 2 to the 64, divided by the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Multiplier {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for Multiplier {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.add(byte.into()));
    }

    fn write_u8(&mut self, number: u8) {
        self.add(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.add(number.into());
    }

    fn write_isize(&mut self, number: isize) {
        self.add(number.cast_unsigned() as u64);
    }

    /// The table takes the lowest bits for the place and the highest for the tag.
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
