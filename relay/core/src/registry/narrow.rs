//! A room's host lets less in while the room goes on.

use std::fmt;
use std::sync::Arc;

use ringfence_fence::{Refusal, RoomRegions};

use super::cuts::Cuts;
use super::room::Room;
use super::{Event, Registry};
use crate::identity::Name;
use crate::message::{Command, NarrowingNumber};
use crate::room_fence::{RoomFence, RoomTerms};

/// A narrowing on its way to the shards.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Narrowed {
    /// For [`Registry::narrowed_everywhere`].
    pub number: NarrowingNumber,
    /// Whom it cuts: only participants.
    pub cuts: Cuts,
}

/// Why a room is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NarrowError {
    /// There is no such room.
    UnknownRoom,
    /// The fence says no: an unknown region, one outside of the fence's transit, the home region
    /// left out; or nobody is admitted to this room anyway.
    Refused(Refusal),
    /// It would let in what the room has left out so far.
    NotNarrower,
}

impl Registry {
    /// Sets all that a room leaves out of its fence, which must be at least what it does already.
    /// Whom that forbids is cut, on every shard when [`Registry::narrowed_everywhere`] says so; the
    /// others go on untouched. If this relay's own site may no longer carry the room, that is
    /// everyone, and nobody can join.
    ///
    /// # Errors
    /// [`NarrowError`]; then nothing has changed.
    pub fn narrow(&mut self, name: &Name, regions: &RoomRegions) -> Result<Narrowed, NarrowError> {
        let room = self.rooms.get(name).ok_or(NarrowError::UnknownRoom)?;
        let terms = Arc::new(self.narrowed(room, regions)?);
        let fence = RoomFence::new(&self.policy, Arc::clone(&terms));
        let cut = self.cut_in((name, room), &fence, &self.policy);
        let (id, before) = (room.id, room.fence.terms().regions.clone());
        self.note(Event::RoomNarrowed {
            room: name.clone(),
            terms: Arc::clone(&terms),
            before,
            cut: cut.len() as u64,
        });
        self.cut(&cut);
        if let Some(room) = self.rooms.get_mut(name) {
            room.fence = fence;
        }
        self.narrowings.0 += 1;
        let number = self.narrowings;
        self.tell_all(Command::Narrow { room: id, terms, number });
        Ok(Narrowed { number, cuts: Cuts::of(cut, Vec::new()) })
    }

    /// Whether every shard works by a room's narrower terms and has cut what they forbid.
    pub fn narrowed_everywhere(&self, number: NarrowingNumber) -> bool {
        self.narrowed.iter().all(|&confirmed| confirmed >= number)
    }

    fn narrowed(&self, room: &Room, regions: &RoomRegions) -> Result<RoomTerms, NarrowError> {
        if let Some(refusal) = room.fence.lost() {
            return Err(NarrowError::Refused(refusal));
        }
        let terms = room.fence.terms();
        let fence = terms.fence(&self.policy).map_err(NarrowError::Refused)?;
        let understood = |regions| self.policy.narrow(fence, regions).map_err(NarrowError::Refused);
        let (before, after) = (understood(&terms.regions)?, understood(regions)?);
        match after.is_within(&before) {
            true => Ok(terms.with_regions(regions)),
            false => Err(NarrowError::NotNarrower),
        }
    }
}

impl NarrowError {
    /// Stable name, in snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownRoom => "unknown_room",
            Self::Refused(refusal) => refusal.rule.code(),
            Self::NotNarrower => "not_narrower",
        }
    }
}

impl fmt::Display for NarrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownRoom => "there is no such room",
            Self::Refused(refusal) => return refusal.fmt(f),
            Self::NotNarrower => "a room can be narrowed, never widened",
        })
    }
}

impl std::error::Error for NarrowError {}
