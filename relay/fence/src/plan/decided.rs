//! The decision about each class of addresses, for each pair of uses.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Role;
use crate::census::{Census, ClassIndex, Places, Seen};
use crate::fence::Fence;
use crate::region_set::RegionSet;

use super::pairs::Pair;
use super::sites::Sites;
use super::{Addresses, Change, Presence, UseChange};

/// The classes that changed hands.
type Classes = Change<Arc<[ClassIndex]>>;

/// The same lists decide alike, whoever has them.
type Lists<'a> = (Option<&'a RegionSet>, Option<&'a RegionSet>, Role);

/// Decides about classes, and remembers.
pub(super) struct Decisions<'a> {
    census: &'a Census,
    known: HashMap<Lists<'a>, Classes>,
    /// Of each class, whether somebody gained or lost it.
    wanted: Vec<bool>,
}

/// A pair of uses, decided.
pub(super) struct Decided<'a> {
    pair: Pair<'a>,
    clients: Classes,
    peers: Classes,
}

impl<'a> Decisions<'a> {
    pub(super) fn of(census: &'a Census) -> Self {
        let wanted = vec![false; census.classes().len()];
        Self { census, known: HashMap::new(), wanted }
    }

    pub(super) fn judge(&mut self, pair: Pair<'a>) -> Decided<'a> {
        let fences = [pair.old, pair.new].map(|one| one.map(|one| &one.used.fence));
        let clients = self.changed(fences, Role::Client);
        let peers = self.changed(fences, Role::Peer);
        Decided { pair, clients, peers }
    }

    pub(super) fn wanted(&self) -> &[bool] {
        &self.wanted
    }

    fn changed(&mut self, fences: [Option<&'a Fence>; 2], role: Role) -> Classes {
        let [old, new] = fences.map(|fence| fence.map(|fence| &fence.list(role).0.admits));
        if let Some(classes) = self.known.get(&(old, new, role)) {
            return classes.clone();
        }
        let classes = self.compare(fences, role);
        self.known.insert((old, new, role), classes.clone());
        classes
    }

    fn compare(&mut self, [old, new]: [Option<&Fence>; 2], role: Role) -> Classes {
        let (mut gained, mut lost) = (Vec::new(), Vec::new());
        let admits = |seen: Option<Seen>, fence: Option<&Fence>| {
            seen.zip(fence).is_some_and(|(seen, fence)| seen.admitted_by(fence, role))
        };
        for (index, (class, _)) in (0..).zip(self.census.classes()) {
            match (admits(class.old, old), admits(class.new, new)) {
                (false, true) => gained.push(index),
                (true, false) => lost.push(index),
                _ => continue,
            }
            self.wanted[index as usize] = true;
        }
        Change { gained: gained.into(), lost: lost.into() }
    }
}

impl Decided<'_> {
    /// `None` if nothing changes.
    pub(super) fn change(self, places: &Arc<Places>, sites: &Sites<'_>) -> Option<UseChange> {
        let Pair { name, old, new } = self.pair;
        let required = [old, new].map(|one| one.map(|one| one.used.fence.require_encryption));
        let change = UseChange {
            name,
            presence: match (old, new) {
                (None, _) => Presence::Added,
                (_, None) => Presence::Removed,
                _ => Presence::Kept,
            },
            clients: self.clients.at(places),
            peers: self.peers.at(places),
            transit: sites.change(old, new),
            encryption_dropped: required == [Some(true), Some(false)],
            encryption_required: required == [Some(false), Some(true)],
        };
        (change.widens() || change.narrows()).then_some(change)
    }
}

impl Classes {
    fn at(self, places: &Arc<Places>) -> Change<Addresses> {
        let addresses = |classes| Addresses { places: places.clone(), classes };
        Change { gained: addresses(self.gained), lost: addresses(self.lost) }
    }
}
