//! Sets of addresses of both families, and their algebra.

use ipnet::IpNet;

use crate::ranges::{AddressRange, Family, merged};

/// A set of addresses: ranges in order, of which none touches another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AddressSet {
    ranges: Vec<AddressRange>,
}

impl AddressSet {
    /// Every address of both families.
    pub fn everything() -> Self {
        Self { ranges: Family::ALL.map(AddressRange::whole).into() }
    }

    /// Its ranges, in order; none touches another.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.ranges
    }

    /// Whether no address is in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The fewest prefixes that hold these addresses and no others, in order.
    pub fn cidrs(&self) -> impl Iterator<Item = IpNet> {
        self.ranges.iter().flat_map(AddressRange::cidrs)
    }

    /// How many addresses of a family are in it; all of IPv6 count as `u128::MAX`.
    pub fn size(&self, family: Family) -> u128 {
        let of_family = self.ranges.iter().filter(|range| range.family() == family);
        of_family.map(AddressRange::size).fold(0, u128::saturating_add)
    }

    /// The addresses that are in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges.iter().chain(&other.ranges).copied().collect()
    }

    /// The addresses that are in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.ranges.as_slice(), other.ranges.as_slice());
        let mut ranges = Vec::new();
        while let ([a, lefts @ ..], [b, rights @ ..]) = (left, right) {
            ranges.extend(a.shared(b));
            if a.last() < b.last() {
                left = lefts;
            } else {
                right = rights;
            }
        }
        Self { ranges }
    }

    /// The addresses that are in this one only.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut ranges = Vec::new();
        let mut cuts = other.ranges.as_slice();
        for &range in &self.ranges {
            while let [cut, rest @ ..] = cuts
                && cut.last() < range.first()
            {
                cuts = rest;
            }
            cut_out(range, cuts, |piece| ranges.push(piece));
        }
        Self { ranges }
    }
}

impl FromIterator<AddressRange> for AddressSet {
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> Self {
        Self { ranges: merged(ranges.into_iter().collect()) }
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        nets.into_iter().map(AddressRange::from).collect()
    }
}

/// Gives out what `cuts`, which are in order, leave of `range`. None of them ends before it.
pub(crate) fn cut_out(
    range: AddressRange,
    cuts: &[AddressRange],
    mut give: impl FnMut(AddressRange),
) {
    let mut rest = Some(range);
    for cut in cuts.iter().take_while(|cut| cut.first() <= range.last()) {
        rest.and_then(|rest| rest.before(cut)).into_iter().for_each(&mut give);
        rest = rest.and_then(|rest| rest.behind(cut));
    }
    rest.into_iter().for_each(give);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    /// A world of 32 addresses: the first 8 and last 8 of each family.
    fn address(index: usize) -> IpAddr {
        let low = u32::try_from(index % 16).unwrap();
        let v4 = if low < 8 { low } else { u32::MAX - 15 + low };
        let v6 = if low < 8 { low.into() } else { u128::MAX - 15 + u128::from(low) };
        if index < 16 { Ipv4Addr::from_bits(v4).into() } else { Ipv6Addr::from_bits(v6).into() }
    }

    fn set(members: &BTreeSet<usize>) -> AddressSet {
        let single = |&index: &usize| AddressRange::new(address(index), address(index)).unwrap();
        members.iter().map(single).collect()
    }

    fn members() -> impl Strategy<Value = BTreeSet<usize>> {
        prop::collection::btree_set(0..32_usize, 0..32)
    }

    proptest! {
        #[test]
        fn the_algebra_is_that_of_sets(a in members(), b in members()) {
            prop_assert_eq!(set(&a).union(&set(&b)), set(&(&a | &b)));
            prop_assert_eq!(set(&a).intersection(&set(&b)), set(&(&a & &b)));
            prop_assert_eq!(set(&a).minus(&set(&b)), set(&(&a - &b)));
            let all = AddressSet::everything();
            prop_assert_eq!(all.minus(&all.minus(&set(&a))), set(&a));
            let sizes: u128 = Family::ALL.map(|family| set(&a).size(family)).iter().sum();
            prop_assert_eq!(sizes, a.len() as u128);
            prop_assert_eq!(set(&a).cidrs().collect::<AddressSet>(), set(&a));
        }
    }

    #[test]
    fn everything_has_the_size_of_the_families() {
        let all = AddressSet::everything();
        assert_eq!(all.size(Family::V4), 1 << 32);
        assert_eq!(all.size(Family::V6), u128::MAX);
        assert!(all.minus(&all).is_empty());
    }
}
