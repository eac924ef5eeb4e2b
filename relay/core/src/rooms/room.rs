//! A room's replica: who listens where, and who owns which SSRC.

use std::collections::HashMap;

use ahash::RandomState;
use ringfence_fence::Pass;
use ringfence_wire::datagram::LocalSocket;
use ringfence_wire::rtp::Ssrc;

use super::member::{Member, MemberKey};
use crate::identity::{RoomId, Seat};
use crate::media::Reception;
use crate::message::Ownership;
use crate::room_fence::RoomFence;
use crate::traffic::Traffic;

/// One room on one shard.
pub(crate) struct Room {
    pub(crate) id: RoomId,
    pub(crate) fence: RoomFence,
    pub(crate) members: usize,
    /// Everyone who can be sent to, side by side in memory: this is what a copy costs.
    pub(crate) listeners: Vec<Listener>,
    sources: HashMap<Ssrc, Source, RandomState>,
    sources_of: HashMap<Seat, usize, RandomState>,
}

/// A latched participant, as a destination.
pub(crate) struct Listener {
    pub(crate) member: MemberKey,
    pub(crate) local: LocalSocket,
    /// Whether it hears only some; then the member's admission says whom.
    pub(crate) selective: bool,
    pub(crate) pass: Pass,
    /// What was carried for it here and has not been told.
    pub(crate) traffic: Traffic,
}

/// An SSRC of the room.
pub(crate) struct Source {
    pub(crate) seat: Seat,
    /// Whether the registry has confirmed the owner; until then its packets are parked.
    pub(crate) confirmed: bool,
    pub(crate) reception: Reception,
}

impl Room {
    pub(crate) fn new(id: RoomId, fence: RoomFence, keys: RandomState) -> Self {
        Self {
            id,
            fence,
            members: 0,
            listeners: Vec::new(),
            sources: HashMap::with_hasher(keys.clone()),
            sources_of: HashMap::with_hasher(keys),
        }
    }

    /// Adds or moves a latched member.
    pub(crate) fn set_listener(&mut self, key: MemberKey, member: &Member) {
        let Some(latch) = member.latch else { return };
        match self.listeners.iter_mut().find(|listener| listener.member == key) {
            Some(listener) => (listener.pass, listener.local) = (latch.pass, latch.local),
            None => self.listeners.push(Listener {
                member: key,
                local: latch.local,
                selective: member.admission.hears.is_some(),
                pass: latch.pass,
                traffic: Traffic::default(),
            }),
        }
    }

    pub(crate) fn remove_listener(&mut self, key: MemberKey) {
        self.listeners.retain(|listener| listener.member != key);
    }

    pub(crate) fn source(&mut self, ssrc: Ssrc) -> Option<&mut Source> {
        self.sources.get_mut(&ssrc)
    }

    /// SSRCs that this seat owns or has claimed.
    pub(crate) fn sources_of(&self, seat: Seat) -> usize {
        self.sources_of.get(&seat).copied().unwrap_or(0)
    }

    /// Notes a claim until the registry answers.
    pub(crate) fn claim(&mut self, ownership: &Ownership) {
        self.insert(ownership, false);
    }

    /// Takes back a claim that was never answered.
    pub(crate) fn unclaim(&mut self, ssrc: Ssrc) {
        if self.sources.get(&ssrc).is_some_and(|source| !source.confirmed) {
            self.forget(ssrc);
        }
    }

    /// Takes back what someone who has left still waited for: the registry answered its claims
    /// before it said so, or never will.
    pub(crate) fn unclaim_all_of(&mut self, seat: Seat) {
        let before = self.sources.len();
        self.sources.retain(|_, source| source.confirmed || source.seat != seat);
        let gone = before - self.sources.len();
        if let Some(count) = self.sources_of.get_mut(&seat) {
            *count -= gone;
        }
    }

    /// What the registry decided.
    pub(crate) fn own(&mut self, ownership: &Ownership) {
        match self.sources.get_mut(&ownership.ssrc) {
            Some(source) if source.seat == ownership.seat => {
                source.confirmed = true;
                source.reception.catch_up(ownership.index);
            }
            _ => {
                self.forget(ownership.ssrc);
                self.insert(ownership, true);
            }
        }
    }

    /// Every confirmed source, in no order.
    #[expect(clippy::disallowed_methods, reason = "the one caller sorts what it makes of them")]
    pub(crate) fn confirmed_sources(&self) -> impl Iterator<Item = (Ssrc, &Source)> {
        let all = self.sources.iter().map(|(&ssrc, source)| (ssrc, source));
        all.filter(|(_, source)| source.confirmed)
    }

    fn insert(&mut self, ownership: &Ownership, confirmed: bool) {
        let reception = Reception::continuing(ownership.index);
        let source = Source { seat: ownership.seat, confirmed, reception };
        self.sources.insert(ownership.ssrc, source);
        *self.sources_of.entry(ownership.seat).or_default() += 1;
    }

    fn forget(&mut self, ssrc: Ssrc) {
        if let Some(source) = self.sources.remove(&ssrc)
            && let Some(count) = self.sources_of.get_mut(&source.seat)
        {
            *count -= 1;
        }
    }
}
