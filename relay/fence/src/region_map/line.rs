//! One family of addresses, cut where the answer changes.

use crate::Rule;
use crate::atom::Atom;
use crate::ranges::AddressRange;

use super::Owner;
use super::index::Index;
use super::number::Number;

/// Each owner has the addresses from its start to the next start. The first start is 0.
#[derive(Clone, Debug)]
pub(super) struct Line<N> {
    starts: Vec<N>,
    owners: Vec<Owner>,
    index: Index,
}

impl<N: Number> Line<N> {
    /// Of ranges of one family, in order and apart. What lies between them is unknown.
    pub(super) fn new(owned: &[(AddressRange, Owner)]) -> Self {
        let (mut starts, mut owners) = (vec![N::ZERO], vec![Err(Rule::UnknownAddress)]);
        let mut push = |start: N, owner: Owner| {
            if starts.last() == Some(&start) {
                starts.pop();
                owners.pop();
            }
            if owners.last() != Some(&owner) {
                starts.push(start);
                owners.push(owner);
            }
        };
        for (range, owner) in owned {
            push(N::of(range.first()), *owner);
            if let Some(after) = N::of(range.last()).after() {
                push(after, Err(Rule::UnknownAddress));
            }
        }
        starts.shrink_to_fit();
        owners.shrink_to_fit();
        let index = Index::new(&starts);
        Self { starts, owners, index }
    }

    pub(super) fn owner(&self, address: N) -> Owner {
        let near = self.index.find(address);
        let behind = near.map_or(0, |near| {
            let starts = self.starts.get(near.clone()).unwrap_or_default();
            near.start + starts.partition_point(|start| *start <= address)
        });
        let owner = behind.checked_sub(1).and_then(|at| self.owners.get(at));
        owner.copied().unwrap_or(Err(Rule::UnknownAddress))
    }

    pub(super) fn atoms(&self) -> impl Iterator<Item = Atom> {
        let lasts = self.starts.iter().skip(1).map(|next| next.before()).chain([N::MAX]);
        let each = self.starts.iter().zip(lasts).zip(&self.owners);
        each.map(|((first, last), &owner)| Atom {
            first: first.address(),
            last: last.address(),
            owner,
        })
    }
}
