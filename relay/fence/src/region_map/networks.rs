//! IPv6 by its halves: a network of 64 bits is nearly always of one owner.

use super::Owner;
use super::boundaries::Boundary;
use super::line::Line;

/// Who has each IPv6 address.
#[derive(Clone, Debug)]
pub(super) struct Networks {
    highs: Line<u64, Network>,
    /// Where in `lows` each divided network starts; it ends where the next one starts.
    divided: Vec<u32>,
    /// The lower halves of the boundaries within divided networks. The first of each is 0.
    lows: Vec<(u64, Owner)>,
}

#[derive(Clone, Copy, Debug)]
enum Network {
    /// This owner has all of it, and of those that follow.
    Whole(Owner),
    /// Which of the divided ones it is.
    Divided(u32),
}

impl Networks {
    pub(super) fn new(boundaries: &[Boundary]) -> Self {
        let mut highs = Vec::new();
        let (mut divided, mut lows) = (Vec::new(), Vec::new());
        let mut before: Option<Boundary> = None;
        for network in boundaries.chunk_by(|a, b| high(a.0) == high(b.0)) {
            let [first, ..] = *network else { continue };
            highs.extend(before.and_then(|before| goes_on(before, &highs, Some(first))));
            if let [(start, owner)] = *network
                && low(start) == 0
            {
                highs.push((high(start), Network::Whole(owner)));
            } else {
                highs.push((high(first.0), Network::Divided(place(divided.len()))));
                divided.push(place(lows.len()));
                lows.extend(before.filter(|_| low(first.0) != 0).map(|(_, owner)| (0, owner)));
                lows.extend(network.iter().map(|&(start, owner)| (low(start), owner)));
            }
            before = network.last().copied();
        }
        highs.extend(before.and_then(|before| goes_on(before, &highs, None)));
        Self { highs: Line::new(highs), divided, lows }
    }

    pub(super) fn at(&self, address: u128) -> Option<Owner> {
        match self.highs.at(high(address))? {
            Network::Whole(owner) => Some(owner),
            Network::Divided(place) => {
                let lows = self.lows_of(place);
                let behind = lows.partition_point(|(start, _)| *start <= low(address));
                lows.get(behind.checked_sub(1)?).map(|&(_, owner)| owner)
            }
        }
    }

    /// In order; neighbours may have the same owner.
    pub(super) fn boundaries(&self) -> impl Iterator<Item = Boundary> {
        self.highs.entries().flat_map(|(high, network)| {
            let (whole, divided) = match network {
                Network::Whole(owner) => (Some((0, owner)), &[][..]),
                Network::Divided(place) => (None, self.lows_of(place)),
            };
            let lows = whole.into_iter().chain(divided.iter().copied());
            lows.map(move |(low, owner)| (u128::from(high) << 64 | u128::from(low), owner))
        })
    }

    fn lows_of(&self, place: u32) -> &[(u64, Owner)] {
        let place = place as usize;
        let end = self.divided.get(place + 1).map_or(self.lows.len(), |&next| next as usize);
        let start = self.divided.get(place).map_or(end, |&start| start as usize);
        self.lows.get(start..end).unwrap_or_default()
    }
}

/// Behind a divided network its last owner goes on, unless a boundary of its own comes at once.
fn goes_on(
    before: Boundary,
    highs: &[(u64, Network)],
    next: Option<Boundary>,
) -> Option<(u64, Network)> {
    let (last, Network::Divided(_)) = *highs.last()? else { return None };
    let behind = last.checked_add(1)?;
    let is_free = next.is_none_or(|next| behind < high(next.0));
    is_free.then_some((behind, Network::Whole(before.1)))
}

/// Lists of 4 billion entries are not made: a policy is refused long before.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn high(address: u128) -> u64 {
    (address >> 64) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
fn low(address: u128) -> u64 {
    address as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{RegionId, Rule};

    fn owner(number: u8) -> Owner {
        let region = RegionId::from_index(number.into());
        region.filter(|_| number > 0).ok_or(Rule::UnknownAddress)
    }

    /// At the ends of a few networks side by side, at those of all, and within.
    fn start() -> impl Strategy<Value = u128> {
        let network = prop_oneof![0..4_u64, (u64::MAX - 2)..=u64::MAX];
        let host = prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()];
        (network, host).prop_map(|(high, low)| u128::from(high) << 64 | u128::from(low))
    }

    proptest! {
        #[test]
        fn each_address_has_the_owner_of_the_boundary_before_it(
            boundaries in prop::collection::btree_map(start(), 0..4_u8, 0..12),
            asked in prop::collection::vec(start(), 12),
        ) {
            let mut all = BTreeMap::from([(0, 0)]);
            all.extend(boundaries);
            let all: Vec<Boundary> = all.into_iter().map(|(at, number)| (at, owner(number))).collect();
            let networks = Networks::new(&all);
            let edges = all.iter().flat_map(|(at, _)| [at.saturating_sub(1), *at, at.saturating_add(1)]);
            for address in edges.chain(asked).chain([u128::MAX]) {
                let behind = all.partition_point(|(start, _)| *start <= address);
                prop_assert_eq!(networks.at(address), Some(all[behind - 1].1), "{:x}", address);
            }
            let again: Vec<Boundary> = networks.boundaries().collect();
            for &(at, owner) in &again {
                prop_assert_eq!(networks.at(at), Some(owner));
            }
            prop_assert!(again.is_sorted_by(|a, b| a.0 < b.0));
            prop_assert!(all.iter().all(|one| again.contains(one)), "{:?} of {:?}", again, all);
        }
    }
}
