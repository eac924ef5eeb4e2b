//! Numbers whose leading bits are looked at.

/// An IPv4 address, or one half of an IPv6 address. Its first bit is the highest.
pub(super) trait Number: Copy + Ord {
    const BITS: u32;

    /// `count` bits, at least 1 and at most 16, behind the first `skipped`, which leave as many.
    fn bits(self, skipped: u32, count: u32) -> usize;
}

impl Number for u32 {
    const BITS: u32 = Self::BITS;

    fn bits(self, skipped: u32, count: u32) -> usize {
        ((self << skipped) >> (Self::BITS - count)) as usize
    }
}

impl Number for u64 {
    const BITS: u32 = Self::BITS;

    #[expect(clippy::cast_possible_truncation, reason = "there are 16 bits at most")]
    fn bits(self, skipped: u32, count: u32) -> usize {
        ((self << skipped) >> (Self::BITS - count)) as usize
    }
}
