//! All chance in a simulation, from one number, or from bytes that a fuzzer chooses.

use std::ops::RangeInclusive;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of choices that a seed determines, or bytes as far as they reach.
pub struct Dice {
    told: Vec<u8>,
    told_used: usize,
    chance: ChaCha8Rng,
}

impl Dice {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self { told: Vec::new(), told_used: 0, chance: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The choices that these bytes spell out, each by as few of them as it takes, and then a stream
    /// that is always the same.
    pub fn told(bytes: &[u8]) -> Self {
        Self { told: bytes.to_vec(), ..Self::new(0) }
    }

    /// Whether bytes are left to say what comes.
    pub fn is_told(&self) -> bool {
        self.told_used < self.told.len()
    }

    /// The bytes that are left, all at once.
    pub fn take_told(&mut self) -> Vec<u8> {
        let rest = self.told.split_off(self.told_used.min(self.told.len()));
        self.told_used = self.told.len();
        rest
    }

    /// A stream of its own, so that what one part draws does not shift what another gets.
    pub fn fork(&mut self) -> Self {
        Self::new(self.number())
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.next_told(8).unwrap_or_else(|| self.chance.next_u64())
    }

    /// A number of the range, bounds included.
    pub fn within(&mut self, range: &RangeInclusive<u64>) -> u64 {
        let span = range.end() - range.start() + 1;
        range.start() + self.choice(span)
    }

    /// A number below `end`, which must not be zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.choice(end as u64)).unwrap_or_default()
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of the list, which must not be empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// One of what the iterator gives, if it gives anything.
    pub fn pick_from<T>(&mut self, choices: impl Iterator<Item = T>) -> Option<T> {
        let mut choices: Vec<T> = choices.collect();
        let place = (!choices.is_empty()).then(|| self.below(choices.len()))?;
        Some(choices.swap_remove(place))
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// So many random bytes.
    pub fn some_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.fill(&mut bytes);
        bytes
    }

    /// A 32-bit number.
    pub fn word(&mut self) -> u32 {
        let told = self.next_told(4).and_then(|number| u32::try_from(number).ok());
        told.unwrap_or_else(|| self.chance.next_u32())
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        let told = &self.told[self.told_used..];
        let count = told.len().min(bytes.len());
        bytes[..count].copy_from_slice(&told[..count]);
        self.told_used += count;
        self.chance.fill_bytes(&mut bytes[count..]);
    }

    /// A number below `end`.
    fn choice(&mut self, end: u64) -> u64 {
        let bytes = (u64::BITS - (end - 1).leading_zeros()).div_ceil(8);
        let told = self.next_told(bytes as usize);
        told.unwrap_or_else(|| self.chance.next_u64()) % end
    }

    /// The number in the next so many bytes, or in those that are left; the lowest comes first.
    fn next_told(&mut self, bytes: usize) -> Option<u64> {
        let rest = &self.told[self.told_used..];
        let next = &rest[..bytes.min(rest.len())];
        self.told_used += next.len();
        let number = |next: &[u8]| next.iter().rfold(0, |sum, byte| sum << 8 | u64::from(*byte));
        (!rest.is_empty()).then(|| number(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_first_and_each_choice_takes_as_few_as_it_needs() {
        let mut dice = Dice::told(&[7, 5, 1, 9, 1, 2, 3, 4, 5]);
        assert_eq!((dice.below(4), dice.below(300), dice.below(1)), (3, 261, 0));
        assert_eq!((dice.within(&(10..=20)), dice.word()), (19, 0x0403_0201));
        assert!(dice.is_told());
        assert_eq!((dice.take_told(), dice.is_told()), (vec![5], false));
    }

    #[test]
    fn what_follows_the_bytes_is_always_the_same() {
        let [first, second] = [&[1, 2][..], &[9, 9]].map(|bytes| {
            let mut dice = Dice::told(bytes);
            dice.bytes::<2>();
            (dice.number(), dice.word(), dice.below(1000))
        });
        assert_eq!(first, second);
    }
}
