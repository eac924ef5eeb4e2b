//! Which addresses regions gain and lose, whatever the fences make of it.

use std::collections::BTreeMap;

use crate::census::{crossed, owners, ranges};
use crate::ranges::AddressRange;
use crate::{AddressSet, Policy, RegionId};

use super::Change;

/// The addresses that a region has and had not, or had and has not.
#[derive(Clone, Debug)]
pub struct RegionChange {
    /// The region.
    pub region: String,
    /// The addresses, as its prefixes have them: in space that is always refused there are none.
    pub addresses: Change<AddressSet>,
}

/// What moves from one region to another; `None` is no region.
type Move = (Option<RegionId>, Option<RegionId>);

pub(super) fn changes(old: &Policy, new: &Policy) -> Vec<RegionChange> {
    let mut changed: BTreeMap<&str, Change<Vec<AddressRange>>> = BTreeMap::new();
    for ((before, after), moved) in moves(old, new) {
        if let Some(region) = before {
            changed.entry(old.region_name(region)).or_default().lost.extend(&moved);
        }
        if let Some(region) = after {
            changed.entry(new.region_name(region)).or_default().gained.extend(&moved);
        }
    }
    let each = changed.into_iter().map(|(region, Change { gained, lost })| RegionChange {
        region: region.to_owned(),
        addresses: Change {
            gained: gained.into_iter().collect(),
            lost: lost.into_iter().collect(),
        },
    });
    each.collect()
}

/// The addresses that change the region, or the name of it.
fn moves(old: &Policy, new: &Policy) -> BTreeMap<Move, Vec<AddressRange>> {
    let renamed = |(name, _)| new.region_id(name);
    let in_new: Vec<_> = old.regions.iter().map(renamed).collect();
    let mut moves: BTreeMap<Move, Vec<AddressRange>> = BTreeMap::new();
    for (range, (before, after)) in ranges(crossed(owners(old), owners(new))) {
        let same = match before {
            Some(before) => after.is_some() && in_new.get(before.index()) == Some(&after),
            None => after.is_none(),
        };
        if !same {
            moves.entry((before, after)).or_default().extend(range.range());
        }
    }
    moves
}
