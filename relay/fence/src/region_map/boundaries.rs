//! The address space as the places where the answer changes.

use std::net::IpAddr;

use crate::Rule;
use crate::atom::Atom;
use crate::ranges::{AddressRange, Family};

use super::Owner;

/// The number of an address, and who has the addresses from there to the next boundary.
pub(super) type Boundary = (u128, Owner);

/// Of ranges of one family, in order and apart. What lies between them is unknown. The first
/// boundary is at 0, and no two neighbours have the same owner.
pub(super) fn boundaries(owned: &[(AddressRange, Owner)]) -> Vec<Boundary> {
    let mut boundaries: Vec<Boundary> = vec![(0, Err(Rule::UnknownAddress))];
    let mut push = |start: u128, owner: Owner| {
        boundaries.pop_if(|last| last.0 == start);
        if boundaries.last().is_none_or(|last| last.1 != owner) {
            boundaries.push((start, owner));
        }
    };
    for (range, owner) in owned {
        push(number(range.first()), *owner);
        if let Some(after) = number(range.last()).checked_add(1) {
            push(after, Err(Rule::UnknownAddress));
        }
    }
    // Behind the last address of IPv4 there is none.
    let family = owned.first().map_or(Family::V6, |(range, _)| range.family());
    boundaries.pop_if(|last| family.address(last.0).is_none());
    boundaries
}

/// The stretches between boundaries, of which neighbours may have the same owner.
pub(super) fn atoms(
    family: Family,
    boundaries: impl Iterator<Item = Boundary>,
) -> impl Iterator<Item = Atom> {
    let last = AddressRange::whole(family).last();
    let mut boundaries = boundaries.peekable();
    std::iter::from_fn(move || {
        let (start, owner) = boundaries.next()?;
        while boundaries.next_if(|next| next.1 == owner).is_some() {}
        let last = match boundaries.peek() {
            Some((next, _)) => family.address(next.checked_sub(1)?)?,
            None => last,
        };
        Some(Atom { first: family.address(start)?, last, owner })
    })
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}
