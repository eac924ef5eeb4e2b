//! Joining: all checks first, then all changes, so that a refusal leaves nothing behind.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ringfence_fence::{Refusal, RoomRegions};
use ringfence_wire::rtp::Ssrc;

use super::room::{Participant, Room};
use super::{Event, Registry};
use crate::credentials::{Credentials, IceCredentials};
use crate::identity::{Name, ParticipantId, RoomId, Seat};
use crate::limits::HEARS_MAX;
use crate::message::{Admission, Command};
use crate::room_fence::{RoomFence, RoomTerms};
use crate::time::Instant;

/// A request to be let into a room.
#[derive(Clone, Debug)]
pub struct Join {
    /// On whose account.
    pub tenant: String,
    /// Which room; the first participant makes it.
    pub room: Name,
    /// As whom.
    pub participant: Name,
    /// Under which fence; `None` is the room's, or for a new room the tenant's default.
    pub fence: Option<String>,
    /// The group of the tenant that uses it; `None` is the room's, or for a new room the account.
    pub group: Option<String>,
    /// What the room leaves out of its fence. The default is what the room has, or for a new room
    /// nothing.
    pub regions: RoomRegions,
    /// The participant's own credentials.
    pub ice: Option<IceCredentials>,
    /// Whom it wants to hear; `None` is everyone.
    pub hears: Option<Vec<Name>>,
    /// Its ceiling in kbit/s; `None` is the relay's.
    pub kbps_max: Option<u32>,
    /// How long its credentials live.
    pub ttl: Duration,
}

/// What a participant needs to know.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Its handle.
    pub participant: ParticipantId,
    /// What to authenticate with.
    pub credentials: Credentials,
    /// When they end.
    pub expires: Instant,
    /// Who has sent what so far: without the rollover counters a late joiner decrypts nothing.
    pub ssrcs: Vec<OwnedSsrc>,
}

/// An SSRC of a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedSsrc {
    /// The SSRC.
    pub ssrc: Ssrc,
    /// Its owner.
    pub participant: Name,
    /// ROC (RFC 3711 section 3.2.1).
    pub rollover_counter: u32,
}

/// Why someone may not join. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JoinError {
    /// The fence says no: unknown tenant, not its fence, this site may not carry it.
    Refused(Refusal),
    /// The room belongs to another tenant.
    RoomOfAnotherTenant,
    /// The room exists under another fence; a room has exactly one.
    RoomHasOtherFence,
    /// The room exists under another group.
    RoomHasOtherGroup,
    /// The room exists and leaves out other regions.
    RoomHasOtherRegions,
    /// Someone of this name is in the room.
    ParticipantExists,
    /// The room is full, or has no seats left for the names given.
    RoomFull,
    /// The tenant has as many rooms as it may.
    TenantRoomsFull,
    /// The tenant has as many participants as it may.
    TenantParticipantsFull,
    /// The relay has as many rooms as it may.
    RelayRoomsFull,
    /// The relay has as many participants as it may.
    RelayParticipantsFull,
    /// More names in `hears` than a room can have.
    HearsTooMany,
    /// A ceiling of zero or above the relay's.
    CeilingOutOfRange,
    /// A life of zero or longer than the relay allows.
    TtlOutOfRange,
    /// The relay takes no more work and ends when what it has is done.
    Draining,
    /// The relay has all the work that it can do.
    Overloaded,
}

impl Registry {
    /// Lets someone into a room and makes the room if it is the first.
    pub fn join(&mut self, now: Instant, join: &Join) -> Result<Joined, JoinError> {
        self.check_request(join)?;
        match self.rooms.get(&join.room) {
            Some(room) => self.check_room(room, join)?,
            None => self.open_room(now, join)?,
        }
        let admitted = self.admit(now, join);
        // Names of `hears` can run out of seats; a room made for this request goes again.
        if self.rooms.get(&join.room).is_some_and(|room| room.participants.is_empty()) {
            self.rooms.remove(&join.room);
        }
        let joined = admitted?;
        self.note_joined(join, &joined);
        Ok(joined)
    }

    fn check_request(&self, join: &Join) -> Result<(), JoinError> {
        if self.draining {
            return Err(JoinError::Draining);
        }
        if self.overloaded {
            return Err(JoinError::Overloaded);
        }
        let kbps = join.kbps_max.unwrap_or(self.limits.participant_kbps_max);
        if !(1..=self.limits.participant_kbps_max).contains(&kbps) {
            return Err(JoinError::CeilingOutOfRange);
        }
        if join.ttl.is_zero() || join.ttl > self.limits.participant_ttl_max {
            return Err(JoinError::TtlOutOfRange);
        }
        if join.hears.as_ref().is_some_and(|names| names.len() > HEARS_MAX) {
            return Err(JoinError::HearsTooMany);
        }
        if self.whereabouts.len() >= self.limits.participants_max {
            return Err(JoinError::RelayParticipantsFull);
        }
        let present = || self.rooms_of(&join.tenant).map(|room| room.participants.len()).sum();
        let quota = self.quotas.get(&join.tenant);
        if quota.is_some_and(|quota| quota.participants_max <= present()) {
            return Err(JoinError::TenantParticipantsFull);
        }
        Ok(())
    }

    fn rooms_of(&self, tenant: &str) -> impl Iterator<Item = &Room> {
        self.rooms.values().filter(move |room| *room.fence.terms().tenant == *tenant)
    }

    fn check_room(&self, room: &Room, join: &Join) -> Result<(), JoinError> {
        self.check_terms(room.fence.terms(), join)?;
        room.fence.standing().map_err(JoinError::Refused)?;
        if room.participants.contains_key(&join.participant) {
            return Err(JoinError::ParticipantExists);
        }
        if room.participants.len() >= self.limits.room_participants_max {
            return Err(JoinError::RoomFull);
        }
        Ok(())
    }

    /// What is not said is as the room has it.
    fn check_terms(&self, terms: &RoomTerms, join: &Join) -> Result<(), JoinError> {
        if *terms.tenant != *join.tenant {
            return Err(JoinError::RoomOfAnotherTenant);
        }
        let (fence, group) = (join.fence.as_deref(), join.group.as_deref());
        self.policy.fence_of(&join.tenant, fence, group).map_err(JoinError::Refused)?;
        if fence.is_some_and(|fence| *fence != *terms.fence) {
            return Err(JoinError::RoomHasOtherFence);
        }
        if group.is_some() && group != terms.group.as_deref() {
            return Err(JoinError::RoomHasOtherGroup);
        }
        if join.regions != RoomRegions::default() && !terms.has_regions(&join.regions) {
            return Err(JoinError::RoomHasOtherRegions);
        }
        Ok(())
    }

    fn open_room(&mut self, now: Instant, join: &Join) -> Result<(), JoinError> {
        let terms = self.terms(join).map_err(JoinError::Refused)?;
        let fence = RoomFence::new(&self.policy, Arc::new(terms));
        fence.standing().map_err(JoinError::Refused)?;
        if self.rooms.len() >= self.limits.rooms_max {
            return Err(JoinError::RelayRoomsFull);
        }
        let quota = self.quotas.get(&join.tenant);
        if quota.is_some_and(|quota| self.rooms_of(&join.tenant).count() >= quota.rooms_max) {
            return Err(JoinError::TenantRoomsFull);
        }
        let id = RoomId(self.fresh_id());
        self.rooms.insert(join.room.clone(), Room::new(id, fence, now));
        Ok(())
    }

    fn terms(&self, join: &Join) -> Result<RoomTerms, Refusal> {
        let (fence, group) = (join.fence.as_deref(), join.group.as_deref());
        let fence = self.policy.room_fence(&join.tenant, fence, group)?;
        let terms = RoomTerms {
            tenant: join.tenant.as_str().into(),
            fence: self.policy.fence_name(fence).into(),
            group: group.map(Arc::from),
            regions: RoomRegions::default(),
        };
        Ok(terms.with_regions(&join.regions))
    }

    fn admit(&mut self, now: Instant, join: &Join) -> Result<Joined, JoinError> {
        let participant = ParticipantId(self.fresh_id());
        let credentials = Credentials::generate(&mut self.random);
        let kbps_max = join.kbps_max.unwrap_or(self.limits.participant_kbps_max);
        let Some(room) = self.rooms.get_mut(&join.room) else {
            return Err(JoinError::RoomFull);
        };
        let (seat, hears) = room.take_seats(join)?;
        let admission = Arc::new(Admission {
            participant,
            room: room.id,
            terms: Arc::clone(room.fence.terms()),
            seat,
            credentials: credentials.clone(),
            ice: join.ice.clone(),
            hears: join.hears.as_ref().map(|_| hears.iter().copied().collect()),
            kbps_max,
        });
        let expires = now + join.ttl;
        let ssrcs = room.owned_ssrcs();
        let arrived = Participant {
            admission: Arc::clone(&admission),
            hears,
            joined: now,
            expires,
            route: None,
            unencrypted: false,
        };
        room.participants.insert(join.participant.clone(), arrived);
        self.tell_all(Command::Admit(admission));
        Ok(Joined { participant, credentials, expires, ssrcs })
    }

    fn note_joined(&mut self, join: &Join, joined: &Joined) {
        let (room, participant) = (join.room.clone(), join.participant.clone());
        self.whereabouts.insert(joined.participant, (room.clone(), participant.clone()));
        self.expiries.insert((joined.expires, joined.participant));
        if let Some(opened) = self.rooms.get(&room).filter(|room| room.participants.len() == 1)
            && !self.room_names.contains_key(&opened.id)
        {
            let terms = Arc::clone(opened.fence.terms());
            self.room_names.insert(opened.id, room.clone());
            self.note(Event::RoomOpened { room: room.clone(), terms });
        }
        if let Some(who) = self.guest(&room, &participant) {
            self.note(Event::Joined { who });
        }
    }
}

impl Room {
    /// A seat for the newcomer and one for each name it wants to hear, all or none.
    fn take_seats(&mut self, join: &Join) -> Result<(Seat, Vec<Seat>), JoinError> {
        let seat = self.seats.hold(&join.participant).ok_or(JoinError::RoomFull)?;
        let mut hears = Vec::new();
        for name in join.hears.iter().flatten() {
            match self.seats.hold(name) {
                Some(heard) => hears.push(heard),
                None => {
                    hears.iter().for_each(|&taken| self.seats.let_go(taken));
                    self.seats.let_go(seat);
                    return Err(JoinError::RoomFull);
                }
            }
        }
        Ok((seat, hears))
    }

    fn owned_ssrcs(&self) -> Vec<OwnedSsrc> {
        let owned = |ownership: crate::message::Ownership| {
            let participant = self.seats.name(ownership.seat)?.clone();
            let rollover_counter = ownership.index.rollover_counter();
            Some(OwnedSsrc { ssrc: ownership.ssrc, participant, rollover_counter })
        };
        self.ownerships().filter_map(owned).collect()
    }
}

impl JoinError {
    /// Stable name, in snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.rule.code(),
            Self::RoomOfAnotherTenant => "room_of_another_tenant",
            Self::RoomHasOtherFence => "room_has_other_fence",
            Self::RoomHasOtherGroup => "room_has_other_group",
            Self::RoomHasOtherRegions => "room_has_other_regions",
            Self::ParticipantExists => "participant_exists",
            Self::RoomFull => "room_full",
            Self::TenantRoomsFull => "tenant_rooms_full",
            Self::TenantParticipantsFull => "tenant_participants_full",
            Self::RelayRoomsFull => "relay_rooms_full",
            Self::RelayParticipantsFull => "relay_participants_full",
            Self::HearsTooMany => "hears_too_many",
            Self::CeilingOutOfRange => "ceiling_out_of_range",
            Self::TtlOutOfRange => "ttl_out_of_range",
            Self::Draining => "draining",
            Self::Overloaded => "overloaded",
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(refusal) => return refusal.fmt(f),
            Self::RoomOfAnotherTenant => "the room belongs to another tenant",
            Self::RoomHasOtherFence => "the room is under another fence; leave `fence` out",
            Self::RoomHasOtherGroup => "the room is under another group; leave `group` out",
            Self::RoomHasOtherRegions => "the room has other regions; leave `regions` out",
            Self::ParticipantExists => "this participant is in the room; remove it first",
            Self::RoomFull => "the room is full",
            Self::TenantRoomsFull => "the tenant has as many rooms as it may",
            Self::TenantParticipantsFull => "the tenant has as many participants as it may",
            Self::RelayRoomsFull => "the relay has as many rooms as it may",
            Self::RelayParticipantsFull => "the relay has as many participants as it may",
            Self::HearsTooMany => "`hears` names more participants than a room can have",
            Self::CeilingOutOfRange => "`max_kbps` is zero or above this relay's limit",
            Self::TtlOutOfRange => "`ttl_s` is zero or above this relay's limit",
            Self::Draining => "the relay is draining; ask another one",
            Self::Overloaded => "the relay is too busy to take more; ask another one",
        })
    }
}

impl std::error::Error for JoinError {}
