//! What can be seen of rooms from outside. No secret is in here.

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::Refusal;

use super::Registry;
use super::room::{Participant, Room};
use crate::identity::{Name, ParticipantId, Seat};
use crate::room_fence::RoomTerms;
use crate::time::Instant;

/// One room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomView {
    /// Its name.
    pub room: Name,
    /// Whose it is, under which fence, and what it leaves out of that.
    pub terms: Arc<RoomTerms>,
    /// Why nobody is admitted, if nobody is.
    pub closed: Option<Refusal>,
    /// Who may be there.
    pub participants: usize,
    /// Who has an address that proved itself.
    pub latched: usize,
    /// Since when.
    pub opened: Instant,
}

/// One participant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParticipantView {
    /// Its room.
    pub room: Name,
    /// Its name.
    pub participant: Name,
    /// Its handle, as shards report it.
    pub id: ParticipantId,
    /// Its seat, as shards report its sources.
    pub seat: Seat,
    /// Since when.
    pub joined: Instant,
    /// Until when.
    pub expires: Instant,
    /// Its ceiling in kbit/s.
    pub kbps_max: u32,
    /// Where it is.
    pub address: Option<SocketAddr>,
    /// The region that address is in.
    pub region: Option<String>,
    /// The shard that its packets reach.
    pub shard: Option<u16>,
}

impl Registry {
    /// All rooms, by name.
    pub fn rooms(&self) -> impl Iterator<Item = RoomView> {
        self.rooms.iter().map(|(name, room)| self.view(name, room))
    }

    /// One room.
    pub fn room(&self, name: &Name) -> Option<RoomView> {
        self.rooms.get(name).map(|room| self.view(name, room))
    }

    /// The participants of a room, by name.
    pub fn participants(&self, room: &Name) -> impl Iterator<Item = ParticipantView> {
        let all = self.rooms.get_key_value(room).into_iter();
        all.flat_map(move |(room_name, room)| {
            let each = room.participants.iter();
            each.map(move |(name, participant)| self.participant_view(room_name, name, participant))
        })
    }

    fn view(&self, name: &Name, room: &Room) -> RoomView {
        RoomView {
            room: name.clone(),
            terms: Arc::clone(room.fence.terms()),
            closed: room.fence.standing().err(),
            participants: room.participants.len(),
            latched: room.participants.values().filter(|who| who.route.is_some()).count(),
            opened: room.opened,
        }
    }

    fn participant_view(&self, room: &Name, name: &Name, who: &Participant) -> ParticipantView {
        let region = who.route.map(|route| self.policy.region_name(route.pass.region()).to_owned());
        ParticipantView {
            room: room.clone(),
            participant: name.clone(),
            id: who.admission.participant,
            seat: who.admission.seat,
            joined: who.joined,
            expires: who.expires,
            kbps_max: who.admission.kbps_max,
            address: who.route.map(|route| route.pass.addr()),
            region,
            shard: who.route.map(|route| route.shard.0),
        }
    }
}
