//! A room's replica: who listens where, and who owns which SSRC.

use ringfence_fence::Pass;
use ringfence_wire::datagram::LocalSocket;
use ringfence_wire::rtp::Ssrc;

use super::member::{Member, MemberKey};
use super::sources::{Source, SourceKey, Sources};
use crate::identity::{RoomId, Seat};
use crate::media::Reception;
use crate::message::Ownership;
use crate::room_fence::RoomFence;
use crate::sorted_map::SortedMap;
use crate::traffic::Carriage;

/// One room on one shard. What each packet needs comes first.
#[repr(C)]
pub(crate) struct Room {
    /// Everyone who can be sent to, side by side in memory: this is what a copy costs.
    pub(crate) listeners: Vec<Listener>,
    pub(crate) id: RoomId,
    /// Its own place in the shard's table.
    pub(crate) place: u32,
    pub(crate) members: u32,
    pub(crate) fence: RoomFence,
    sources: SortedMap<Ssrc, SourceKey>,
    /// SSRCs that are owned or claimed, by seat.
    sources_of: Vec<u16>,
}

/// A latched participant, as a destination.
pub(crate) struct Listener {
    pub(crate) pass: Pass,
    pub(crate) local: LocalSocket,
    pub(crate) member: MemberKey,
    /// Whether it hears only some; then the member's admission says whom.
    pub(crate) selective: bool,
    /// What was sent to it from here and has not been told.
    pub(crate) sent: Carriage,
}

// A copy touches no more than two cache lines of these.
const _: () = assert!(size_of::<Listener>() <= 80);

/// A full list of listeners grows by an eighth, and a short one by one.
const SPARE: usize = 8;

impl Room {
    pub(crate) fn new(id: RoomId, place: u32, fence: RoomFence) -> Self {
        Self {
            listeners: Vec::new(),
            id,
            place,
            members: 0,
            fence,
            sources: SortedMap::default(),
            sources_of: Vec::new(),
        }
    }

    /// Adds or moves a latched member.
    pub(crate) fn set_listener(&mut self, key: MemberKey, member: &Member) {
        let Some(latch) = member.latch else { return };
        if let Some(held) = self.listeners.iter_mut().find(|listener| listener.member == key) {
            (held.pass, held.local) = (latch.pass, latch.local);
            return;
        }
        if self.listeners.len() == self.listeners.capacity() {
            self.listeners.reserve_exact((self.listeners.len() / SPARE).max(1));
        }
        self.listeners.push(Listener {
            pass: latch.pass,
            local: latch.local,
            member: key,
            selective: member.admission.hears.is_some(),
            sent: Carriage::default(),
        });
    }

    pub(crate) fn remove_listener(&mut self, key: MemberKey) {
        self.listeners.retain(|listener| listener.member != key);
    }

    pub(crate) fn source(&self, ssrc: Ssrc) -> Option<SourceKey> {
        self.sources.get(&ssrc).copied()
    }

    /// SSRCs that this seat owns or has claimed.
    pub(crate) fn sources_of(&self, seat: Seat) -> usize {
        self.sources_of.get(seat.index()).copied().unwrap_or(0).into()
    }

    /// Notes a claim until the registry answers.
    pub(crate) fn claim(&mut self, sources: &mut Sources, ownership: &Ownership) {
        self.insert(sources, ownership, false);
    }

    /// Takes back a claim that was never answered.
    pub(crate) fn unclaim(&mut self, sources: &mut Sources, ssrc: Ssrc) {
        let source = self.source(ssrc).and_then(|key| sources.get(key));
        if source.is_some_and(|source| !source.confirmed) {
            self.forget(sources, ssrc);
        }
    }

    /// Takes back what someone who has left still waited for: the registry answered its claims
    /// before it said so, or never will.
    pub(crate) fn unclaim_all_of(&mut self, sources: &mut Sources, seat: Seat) {
        self.forget_all(sources, |source| !source.confirmed && source.seat == seat);
    }

    /// The room is gone.
    pub(crate) fn forget_everything(&mut self, sources: &mut Sources) {
        self.forget_all(sources, |_| true);
    }

    /// What the registry decided.
    pub(crate) fn own(&mut self, sources: &mut Sources, ownership: &Ownership) {
        match self.source(ownership.ssrc).and_then(|key| sources.get_mut(key)) {
            Some(source) if source.seat == ownership.seat => {
                source.confirmed = true;
                source.reception.catch_up(ownership.index);
            }
            _ => {
                self.forget(sources, ownership.ssrc);
                self.insert(sources, ownership, true);
            }
        }
    }

    /// Every confirmed source, in the order of their SSRCs.
    pub(crate) fn confirmed_sources<'s>(
        &self,
        sources: &'s Sources,
    ) -> impl Iterator<Item = &'s Source> {
        let all = self.sources.iter().filter_map(|(_, &key)| sources.get(key));
        all.filter(|source| source.confirmed)
    }

    fn insert(&mut self, sources: &mut Sources, ownership: &Ownership, confirmed: bool) {
        let &Ownership { ssrc, seat, index, .. } = ownership;
        let source = Source::new((self.place, ssrc), seat, confirmed, Reception::continuing(index));
        self.sources.insert(ssrc, sources.insert(source));
        if self.sources_of.len() <= seat.index() {
            self.sources_of.resize(seat.index() + 1, 0);
        }
        self.sources_of[seat.index()] += 1;
    }

    fn forget(&mut self, sources: &mut Sources, ssrc: Ssrc) {
        if let Some(source) = self.sources.remove(&ssrc).and_then(|key| sources.remove(key)) {
            self.sources_of[source.seat.index()] -= 1;
        }
    }

    fn forget_all(&mut self, sources: &mut Sources, which: impl Fn(&Source) -> bool) {
        let Self { sources: held, sources_of, .. } = self;
        held.retain(|_, &mut key| {
            let goes = sources.get(key).is_none_or(&which);
            if let Some(source) = goes.then(|| sources.remove(key)).flatten() {
                sources_of[source.seat.index()] -= 1;
            }
            !goes
        });
    }
}
