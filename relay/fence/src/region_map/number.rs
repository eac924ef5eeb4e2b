//! Addresses of one family as numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as a number: its first bit is the highest.
pub(super) trait Number: Copy + Ord {
    const BITS: u32;
    const ZERO: Self;
    const MAX: Self;

    fn of(address: IpAddr) -> Self;
    fn address(self) -> IpAddr;
    /// The next one, if there is one.
    fn after(self) -> Option<Self>;
    /// The one before; of 0, 0.
    fn before(self) -> Self;
    /// `count` bits, at most 16, behind the first `skipped`, which leave as many.
    fn bits(self, skipped: u32, count: u32) -> usize;
}

impl Number for u32 {
    const BITS: u32 = 32;
    const ZERO: Self = 0;
    const MAX: Self = Self::MAX;

    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => v4.to_bits(),
            IpAddr::V6(_) => Self::MAX,
        }
    }

    fn address(self) -> IpAddr {
        Ipv4Addr::from_bits(self).into()
    }

    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn before(self) -> Self {
        self.saturating_sub(1)
    }

    fn bits(self, skipped: u32, count: u32) -> usize {
        let low = self >> (<Self as Number>::BITS - skipped - count);
        (low & ((1 << count) - 1)) as usize
    }
}

impl Number for u128 {
    const BITS: u32 = 128;
    const ZERO: Self = 0;
    const MAX: Self = Self::MAX;

    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => v4.to_bits().into(),
            IpAddr::V6(v6) => v6.to_bits(),
        }
    }

    fn address(self) -> IpAddr {
        Ipv6Addr::from_bits(self).into()
    }

    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn before(self) -> Self {
        self.saturating_sub(1)
    }

    fn bits(self, skipped: u32, count: u32) -> usize {
        let low = self >> (<Self as Number>::BITS - skipped - count);
        usize::try_from(low & ((1 << count) - 1)).unwrap_or(0)
    }
}
