//! Stretches of addresses, and the fewest prefixes that they are made of.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The two families of addresses, in the order in which everything here is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Addresses of one family from `first` to `last`, both of them in it; never empty.
///
/// Sorted by family, then by the first address, then by the last. Addresses are taken as they are:
/// nothing is folded, `::ffff:1.2.3.4` is IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// Bits of an address.
    pub fn bits(self) -> u32 {
        match self {
            Self::V4 => Ipv4Addr::BITS,
            Self::V6 => Ipv6Addr::BITS,
        }
    }

    /// The address with this number, unless the family ends before it.
    pub(crate) fn address(self, number: u128) -> Option<IpAddr> {
        match self {
            Self::V4 => u32::try_from(number).ok().map(|bits| Ipv4Addr::from_bits(bits).into()),
            Self::V6 => Some(Ipv6Addr::from_bits(number).into()),
        }
    }
}

impl AddressRange {
    /// The addresses from `first` to `last`. `None` if they are of two families or in the wrong
    /// order.
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        (Family::of(first) == Family::of(last) && first <= last).then_some(Self { first, last })
    }

    /// The addresses with these numbers. `None` if they are too large or in the wrong order.
    pub(crate) fn numbered(family: Family, first: u128, last: u128) -> Option<Self> {
        Self::new(family.address(first)?, family.address(last)?)
    }

    /// The number of the highest address.
    pub(crate) fn last_number(&self) -> u128 {
        number(self.last)
    }

    /// The lowest address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The highest address.
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// Its family.
    pub fn family(&self) -> Family {
        Family::of(self.first)
    }

    /// All addresses of a family.
    pub fn whole(family: Family) -> Self {
        let [first, last] = match family {
            Family::V4 => [Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::BROADCAST.into()],
            Family::V6 => [Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::from_bits(u128::MAX).into()],
        };
        Self { first, last }
    }

    /// How many addresses it holds. All of IPv6 are one more than a number can say, and count as
    /// `u128::MAX`.
    pub fn size(&self) -> u128 {
        (number(self.last) - number(self.first)).saturating_add(1)
    }

    /// The fewest prefixes that hold these addresses and no others, in order: at most 62 of IPv4,
    /// 254 of IPv6.
    pub fn cidrs(&self) -> impl Iterator<Item = IpNet> + use<> {
        let (family, last) = (self.family(), number(self.last));
        let mut rest = Some(number(self.first));
        std::iter::from_fn(move || {
            let first = rest.take()?;
            let host_bits = widest(family, first, last);
            let end = first | low_bits(host_bits);
            rest = end.checked_add(1).filter(|&next| next <= last);
            let length = u8::try_from(family.bits() - host_bits).ok()?;
            IpNet::new(family.address(first)?, length).ok()
        })
    }

    /// Whether `next` starts right behind this one.
    pub(crate) fn touches(&self, next: &Self) -> bool {
        self.following() == Some(next.first)
    }

    /// From the first address of this one to the last of `next`, which does not end before it.
    pub(crate) fn to(&self, next: &Self) -> Self {
        Self { first: self.first, last: self.last.max(next.last) }
    }

    /// What of it lies before `other`.
    pub(crate) fn before(&self, other: &Self) -> Option<Self> {
        Self::new(self.first, other.preceding()?.min(self.last))
    }

    /// What of it lies behind `other`.
    pub(crate) fn behind(&self, other: &Self) -> Option<Self> {
        Self::new(other.following()?.max(self.first), self.last)
    }

    /// What lies in both.
    pub(crate) fn shared(&self, other: &Self) -> Option<Self> {
        Self::new(self.first.max(other.first), self.last.min(other.last))
    }

    /// The address behind the last one.
    fn following(&self) -> Option<IpAddr> {
        number(self.last).checked_add(1).and_then(|next| self.family().address(next))
    }

    /// The address before the first one.
    fn preceding(&self) -> Option<IpAddr> {
        number(self.first).checked_sub(1).and_then(|before| self.family().address(before))
    }
}

impl From<IpNet> for AddressRange {
    fn from(net: IpNet) -> Self {
        Self { first: net.network(), last: net.broadcast() }
    }
}

/// Ranges in order, with those that touch or overlap made one.
pub fn merged(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort_unstable();
    ranges.dedup_by(|next, before| {
        let joined = joins(before, next);
        if joined {
            *before = before.to(next);
        }
        joined
    });
    ranges
}

/// Whether `next`, which starts no earlier than `before`, overlaps it or follows at once. All of
/// IPv6 is above all of IPv4.
fn joins(before: &AddressRange, next: &AddressRange) -> bool {
    next.first <= before.last || before.touches(next)
}

/// Host bits of the largest prefix that starts at `first` and does not go beyond `last`.
fn widest(family: Family, first: u128, last: u128) -> u32 {
    let aligned = first.trailing_zeros().min(family.bits());
    let fitting = (last - first).checked_add(1).map_or(u128::BITS, u128::ilog2);
    aligned.min(fitting)
}

/// A number with this many ones at its end, at most 128.
fn low_bits(count: u32) -> u128 {
    u128::MAX.checked_shr(u128::BITS - count).unwrap_or(0)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(first: &str, last: &str) -> AddressRange {
        AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    fn cidrs(first: &str, last: &str) -> Vec<String> {
        range(first, last).cidrs().map(|net| net.to_string()).collect()
    }

    #[test]
    fn a_range_is_cut_into_the_fewest_prefixes() {
        assert_eq!(cidrs("10.0.0.0", "10.0.0.255"), ["10.0.0.0/24"]);
        assert_eq!(
            cidrs("10.0.0.1", "10.0.0.6"),
            ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]
        );
        assert_eq!(cidrs("0.0.0.0", "255.255.255.255"), ["0.0.0.0/0"]);
        assert_eq!(cidrs("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ["::/0"]);
        assert_eq!(cidrs("0.0.0.1", "255.255.255.254").len(), 62);
        assert_eq!(cidrs("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").len(), 254);
    }

    #[test]
    fn ends_of_two_families_or_in_the_wrong_order_are_no_range() {
        for (first, last) in [("10.0.0.2", "10.0.0.1"), ("10.0.0.1", "::1"), ("::1", "10.0.0.1")] {
            let range = AddressRange::new(first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(range, None, "{first} {last}");
        }
    }

    #[test]
    fn neighbours_become_one_and_families_stay_apart() {
        let ranges = vec![
            range("10.0.0.4", "10.0.0.7"),
            range("::", "::3"),
            range("10.0.0.0", "10.0.0.3"),
            range("255.255.255.255", "255.255.255.255"),
            range("10.0.0.9", "10.0.0.9"),
        ];
        let expected = [
            range("10.0.0.0", "10.0.0.7"),
            range("10.0.0.9", "10.0.0.9"),
            range("255.255.255.255", "255.255.255.255"),
            range("::", "::3"),
        ];
        assert_eq!(merged(ranges), expected);
    }

    #[test]
    fn the_ends_of_a_family_have_no_neighbour_beyond() {
        assert_eq!(range("255.255.255.0", "255.255.255.255").following(), None);
        assert_eq!(range("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").following(), None);
        assert_eq!(range("0.0.0.0", "0.0.0.1").preceding(), None);
        assert_eq!(range("10.0.0.0", "10.0.0.255").following(), "10.0.1.0".parse().ok());
        assert_eq!(range("10.0.0.0", "10.0.0.255").preceding(), "9.255.255.255".parse().ok());
    }

    proptest! {
        #[test]
        fn prefixes_tile_their_range(a: u32, b: u32, high: bool) {
            // Near the top of IPv6 too, where one more does not fit.
            let base = if high { u128::MAX - u128::from(u32::MAX) } else { 0 };
            let (low, top) = (base + u128::from(a.min(b)), base + u128::from(a.max(b)));
            let range = AddressRange {
                first: Ipv6Addr::from_bits(low).into(),
                last: Ipv6Addr::from_bits(top).into(),
            };
            let mut expected = Some(low);
            let mut lengths = Vec::new();
            for net in range.cidrs() {
                prop_assert_eq!(net, net.trunc());
                prop_assert_eq!(Some(number(net.network())), expected);
                expected = number(net.broadcast()).checked_add(1);
                lengths.push(net.prefix_len());
            }
            prop_assert_eq!(expected, top.checked_add(1));
            // No two can be one: they grow up to the largest, which may stand twice, then shrink.
            let largest = *lengths.iter().min().unwrap();
            let first = lengths.iter().position(|&length| length == largest).unwrap();
            prop_assert!(lengths[..=first].is_sorted_by(|a, b| a > b));
            let rest = &lengths[first + 1..];
            prop_assert!(rest.is_sorted_by(|a, b| a < b));
        }
    }
}
