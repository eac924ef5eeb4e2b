//! One room, as its single writer knows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfence_fence::Policy;
use ringfence_wire::rtp::Ssrc;

use super::event::Guest;
use super::seats::Seats;
use crate::identity::{Name, RoomId, Seat, ShardId};
use crate::media::PacketIndex;
use crate::message::{Admission, Ownership, Route};
use crate::room_fence::RoomFence;
use crate::time::Instant;

pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) fence: RoomFence,
    pub(super) opened: Instant,
    pub(super) participants: BTreeMap<Name, Participant>,
    pub(super) seats: Seats,
    /// Every SSRC ever sent here, for the room's life.
    ssrcs: BTreeMap<Ssrc, Owned>,
}

pub(super) struct Participant {
    pub(super) admission: Arc<Admission>,
    /// Seats held on behalf of `hears`.
    pub(super) hears: Vec<Seat>,
    pub(super) joined: Instant,
    pub(super) expires: Instant,
    pub(super) route: Option<Route>,
    /// Whether it was told that what it sends is not encrypted.
    pub(super) unencrypted: bool,
}

#[derive(Clone, Copy)]
struct Owned {
    seat: Seat,
    index: PacketIndex,
}

/// What came of a claim.
pub(super) enum Claimed {
    /// The claimant is the first.
    New(Ownership),
    /// Someone owns it, perhaps the claimant.
    Known(Ownership),
    /// The claimant owns too many.
    TooMany,
}

impl Room {
    pub(super) fn new(id: RoomId, fence: RoomFence, opened: Instant) -> Self {
        Self {
            id,
            fence,
            opened,
            participants: BTreeMap::new(),
            seats: Seats::default(),
            ssrcs: BTreeMap::new(),
        }
    }

    /// Puts a policy in force; whom it refuses has no route any more.
    pub(super) fn adopt(&mut self, policy: &Policy) {
        self.fence.adopt(policy);
        for route in self.participants.values_mut().filter_map(|who| who.route.as_mut()) {
            if let Ok(pass) = self.fence.judge(policy, route.pass.addr()) {
                route.pass = pass;
            }
        }
    }

    /// A participant of this room, which goes by this name, for an event.
    pub(super) fn guest(&self, room: &Name, participant: &Name) -> Guest {
        let terms = self.fence.terms();
        Guest {
            tenant: Arc::clone(&terms.tenant),
            room: room.clone(),
            fence: Arc::clone(&terms.fence),
            participant: participant.clone(),
        }
    }

    /// Takes a participant out. Its seat stays if it owns SSRCs: they are its name's for good.
    pub(super) fn remove(&mut self, name: &Name) -> Option<Participant> {
        let gone = self.participants.remove(name)?;
        self.seats.let_go(gone.admission.seat);
        gone.hears.iter().for_each(|&seat| self.seats.let_go(seat));
        Some(gone)
    }

    /// Gives an SSRC to its first sender, for the life of the room.
    pub(super) fn claim(&mut self, seat: Seat, ssrc: Ssrc, at: PacketIndex, max: usize) -> Claimed {
        if let Some(&owned) = self.ssrcs.get(&ssrc) {
            return Claimed::Known(self.ownership(ssrc, owned));
        }
        if self.ownerships_of(seat).count() >= max {
            return Claimed::TooMany;
        }
        let owned = Owned { seat, index: at };
        self.ssrcs.insert(ssrc, owned);
        self.seats.hold_again(seat);
        Claimed::New(self.ownership(ssrc, owned))
    }

    /// Owned before the relay started. False if its seat is nobody's, or somebody owns it.
    pub(super) fn own_again(&mut self, ownership: &Ownership) -> bool {
        let &Ownership { ssrc, seat, index, .. } = ownership;
        if self.seats.name(seat).is_none() || self.ssrcs.contains_key(&ssrc) {
            return false;
        }
        self.ssrcs.insert(ssrc, Owned { seat, index });
        self.seats.hold_again(seat);
        true
    }

    pub(super) fn advance(&mut self, ssrc: Ssrc, index: PacketIndex) {
        if let Some(owned) = self.ssrcs.get_mut(&ssrc) {
            owned.index = owned.index.max(index);
        }
    }

    /// All SSRCs of the room, in order.
    pub(super) fn ownerships(&self) -> impl Iterator<Item = Ownership> {
        self.ssrcs.iter().map(|(&ssrc, &owned)| self.ownership(ssrc, owned))
    }

    pub(super) fn ownerships_of(&self, seat: Seat) -> impl Iterator<Item = Ownership> {
        self.ownerships().filter(move |ownership| ownership.seat == seat)
    }

    /// Whether this participant's flow is on another shard than `shard`.
    pub(super) fn moves_shard(participant: &Participant, shard: ShardId) -> bool {
        participant.route.is_none_or(|route| route.shard != shard)
    }

    fn ownership(&self, ssrc: Ssrc, owned: Owned) -> Ownership {
        Ownership { room: self.id, ssrc, seat: owned.seat, index: owned.index }
    }
}
