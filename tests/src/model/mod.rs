//! Rooms as they should work: who hears whom, told from the rules alone. No packets, no shards, no
//! clock but the one handed in; every question is a scan.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::Instant;
use ringfence_fence::RoomRegions;
use ringfence_wire::datagram::LocalSocket;

/// Where someone is: an address, and the relay's socket that it talks to.
pub type Place = (SocketAddr, LocalSocket);

/// Whether a fence admits an address to a room that leaves this out, by the policy in force.
pub type Admits<'a> = &'a mut dyn FnMut(&str, &RoomRegions, SocketAddr) -> bool;

/// All rooms.
pub struct Model {
    rooms: BTreeMap<String, Room>,
    consent: Duration,
}

struct Room {
    /// `None` once a policy came that no longer has the fence.
    fence: Option<String>,
    regions: RoomRegions,
    members: BTreeMap<String, Member>,
    owners: BTreeMap<u32, String>,
}

struct Member {
    hears: Option<Vec<String>>,
    latch: Option<(Place, Instant)>,
}

impl Model {
    /// No rooms; an address that sends no check for `consent` is no longer served.
    pub fn new(consent: Duration) -> Self {
        Self { rooms: BTreeMap::new(), consent }
    }

    /// Someone is let in; the first one makes the room.
    pub fn join(
        &mut self,
        (room, name): (&str, &str),
        fence: &str,
        regions: &RoomRegions,
        hears: Option<Vec<String>>,
    ) {
        let room = self.rooms.entry(room.to_owned()).or_insert_with(|| Room {
            fence: Some(fence.to_owned()),
            regions: regions.clone(),
            members: BTreeMap::new(),
            owners: BTreeMap::new(),
        });
        let member = Member { hears, latch: None };
        room.members.insert(name.to_owned(), member);
    }

    /// Someone is gone; the last one closes the room.
    pub fn leave(&mut self, room: &str, name: &str) {
        if let Some(here) = self.rooms.get_mut(room) {
            here.members.remove(name);
        }
        self.rooms.retain(|_, room| !room.members.is_empty());
    }

    /// A policy comes into force.
    pub fn adopt(&mut self, has_fence: &mut dyn FnMut(&str) -> bool, admits: Admits<'_>) {
        for room in self.rooms.values_mut() {
            room.fence.take_if(|fence| !has_fence(fence));
            room.judge(admits);
        }
    }

    /// A room leaves this out from now on.
    pub fn narrow(&mut self, room: &str, regions: &RoomRegions, admits: Admits<'_>) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.regions = regions.clone();
            room.judge(admits);
        }
    }

    /// Time has passed.
    pub fn pass(&mut self, now: Instant) {
        let members = self.rooms.values_mut().flat_map(|room| room.members.values_mut());
        for member in members {
            member.latch.take_if(|(_, until)| *until <= now);
        }
    }

    /// Someone's check arrives from a place, and its path check is answered or not.
    pub fn check(
        &mut self,
        (room, name): (&str, &str),
        place: Place,
        proves: bool,
        now: Instant,
        admits: Admits<'_>,
    ) {
        let until = now + self.consent;
        let taken = self.speaker_at(place).is_some_and(|who| who != (room, name));
        let Some(room) = self.rooms.get_mut(room) else {
            return;
        };
        let admitted =
            room.fence.as_ref().is_some_and(|fence| admits(fence, &room.regions, place.0));
        if let Some(member) = room.members.get_mut(name) {
            let is_here = member.latch.is_some_and(|(latched, _)| latched == place);
            if admitted && !taken && (is_here || proves) {
                member.latch = Some((place, until));
            }
        }
    }

    /// Where a packet from this place goes, in order of address. `ssrc` is `None` for a handshake.
    pub fn listeners(&mut self, place: Place, ssrc: Option<u32>) -> Vec<SocketAddr> {
        let Some((room_name, name)) = self.speaker_at(place) else {
            return Vec::new();
        };
        let (room_name, name) = (room_name.to_owned(), name.to_owned());
        let Some(room) = self.rooms.get_mut(&room_name) else {
            return Vec::new();
        };
        let may = match ssrc {
            Some(ssrc) => *room.owners.entry(ssrc).or_insert_with(|| name.clone()) == name,
            None => room.members.len() == 2,
        };
        let listens = |(other, member): (&String, &Member)| {
            let hears = member.hears.as_ref().is_none_or(|names| names.contains(&name));
            let latched = member.latch.map(|((address, _), _)| address);
            latched.filter(|_| may && *other != name && hears)
        };
        let mut places: Vec<_> = room.members.iter().filter_map(listens).collect();
        places.sort();
        places
    }

    fn speaker_at(&self, place: Place) -> Option<(&str, &str)> {
        let all = self.rooms.iter().flat_map(|(room_name, room)| {
            let members = room.members.iter();
            members.map(move |(name, member)| (room_name.as_str(), name.as_str(), member))
        });
        let is_here = |member: &Member| member.latch.is_some_and(|(latched, _)| latched == place);
        all.into_iter().find(|(_, _, member)| is_here(member)).map(|(room, name, _)| (room, name))
    }
}

impl Room {
    fn judge(&mut self, admits: Admits<'_>) {
        let (fence, regions) = (&self.fence, &self.regions);
        for member in self.members.values_mut() {
            member.latch.take_if(|((address, _), _)| {
                !fence.as_ref().is_some_and(|fence| admits(fence, regions, *address))
            });
        }
    }
}
