//! The address space cut in two ways at once.

use crate::ranges::{AddressRange, Family};

/// A stretch of addresses of one family. It begins where the one before it ended, or with the
/// family: tiles come in order, IPv4 before IPv6, and together are the whole address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tile<T> {
    pub(crate) family: Family,
    /// Its last address as a number.
    pub(crate) last: u128,
    pub(crate) value: T,
}

impl<T> Tile<T> {
    pub(crate) fn ending_as(range: &AddressRange, value: T) -> Self {
        Self { family: range.family(), last: range.last_number(), value }
    }
}

/// Two tilings laid over each other: cut wherever one of them is.
pub(crate) fn crossed<A: Copy, B: Copy>(
    mut one: impl Iterator<Item = Tile<A>>,
    mut other: impl Iterator<Item = Tile<B>>,
) -> impl Iterator<Item = Tile<(A, B)>> {
    let (mut left, mut right) = (one.next(), other.next());
    std::iter::from_fn(move || {
        let (a, b) = (left?, right?);
        // Both are in the same family: they end it together.
        let last = a.last.min(b.last);
        if a.last == last {
            left = one.next();
        }
        if b.last == last {
            right = other.next();
        }
        Some(Tile { family: a.family, last, value: (a.value, b.value) })
    })
}

/// The stretches of a tiling as ranges.
pub(crate) fn ranges<T>(
    tiles: impl Iterator<Item = Tile<T>>,
) -> impl Iterator<Item = (NumberedRange, T)> {
    let mut next = (Family::V4, 0);
    tiles.map(move |Tile { family, last, value }| {
        let first = if next.0 == family { next.1 } else { 0 };
        next = (family, last.wrapping_add(1));
        (NumberedRange { family, first, last }, value)
    })
}

/// A range of addresses as numbers, which are quicker to compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NumberedRange {
    pub(crate) family: Family,
    pub(crate) first: u128,
    pub(crate) last: u128,
}

impl NumberedRange {
    /// `None` for no addresses, which no tile has.
    pub(crate) fn range(&self) -> Option<AddressRange> {
        AddressRange::numbered(self.family, self.first, self.last)
    }
}
