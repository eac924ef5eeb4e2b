//! All addresses, sorted by how two policies see them.
//!
//! Two addresses are of one class if no fence of either policy can tell them apart: they lie in the
//! same region, carry IPv4 addresses of the same region where a NAT64 would unpack them, and are both
//! or neither of the host's own. There are few classes, whatever the number of prefixes; whoever has
//! decided about each class has decided about every address. ISATAP addresses, which lie in every
//! IPv6 network and which every policy refuses, are left out of account: a class may hold some.

mod gather;
mod quick_hash;
mod tiling;
mod view;
mod walk;

use std::collections::HashMap;
use std::net::IpAddr;

use crate::{Policy, refused_space};

pub(crate) use gather::Places;
use quick_hash::QuickHash;
pub(crate) use tiling::{crossed, ranges};
pub(crate) use view::{Seen, owners};

/// How two policies see some addresses; `None` is refused whatever the fence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Class {
    pub(crate) old: Option<Seen>,
    pub(crate) new: Option<Seen>,
}

/// Index of a class in its [`Census`].
pub(crate) type ClassIndex = u32;

/// The classes of the addresses that at least one of two policies may admit.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// Each with one address of it.
    classes: Vec<(Class, IpAddr)>,
    indexes: HashMap<Class, ClassIndex, QuickHash>,
}

impl Census {
    /// Walks once over the atoms of both.
    pub(crate) fn of(old: &Policy, new: &Policy) -> Self {
        let mut census = Self::default();
        walk::each_place(old, new, |class, place| census.enter(class, place));
        census
    }

    /// Each class and one of its addresses, at its index.
    pub(crate) fn classes(&self) -> &[(Class, IpAddr)] {
        &self.classes
    }

    /// Where the addresses of the `wanted` classes are. Walks once more.
    pub(crate) fn places(&self, old: &Policy, new: &Policy, wanted: &[bool]) -> Places {
        let mut places = Places::for_classes(self.classes.len());
        if wanted.iter().all(|is_wanted| !is_wanted) {
            return places;
        }
        walk::each_place(old, new, |class, place| {
            if let Some(&index) = self.indexes.get(&class)
                && wanted.get(index as usize) == Some(&true)
            {
                places.put(index, place);
            }
        });
        places
    }

    fn enter(&mut self, class: Class, place: walk::Place) {
        if let Some(&index) = self.indexes.get(&class) {
            return self.improve(index, place);
        }
        // There are at most as many as places, of which two policies cannot have so many.
        if let Ok(index) = ClassIndex::try_from(self.classes.len())
            && let Some(address) = place.an_address()
        {
            self.indexes.insert(class, index);
            self.classes.push((class, address));
        }
    }

    /// Some NAT64 addresses look like ISATAP ones; another of the class is a better example.
    fn improve(&mut self, index: ClassIndex, place: walk::Place) {
        if let Some((_, IpAddr::V6(example))) = self.classes.get_mut(index as usize)
            && refused_space::is_isatap(*example)
            && let Some(IpAddr::V6(better)) = place.an_address()
        {
            *example = better;
        }
    }
}
