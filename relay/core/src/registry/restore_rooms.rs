//! Rooms that outlive their relay: written down, and taken over by the next one under its own policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringfence_wire::datagram::LocalSocket;
use ringfence_wire::rtp::Ssrc;

use super::room::{Participant, Room};
use super::seats::Seats;
use super::{Event, Registry};
use crate::flow::FlowKey;
use crate::identity::{Name, Seat};
use crate::message::{Admission, Command, Ownership, ReleaseCause, Route};
use crate::room_fence::RoomFence;
use crate::state::{ParticipantState, Restored, RoomState, RoomsState, RouteState, TermsState};
use crate::time::Instant;

impl Registry {
    /// All rooms, to be taken over by [`Registry::restore_rooms`] of another registry; but those that are
    /// closed for good, which a policy of theirs must not open again.
    pub fn rooms_state(&self) -> RoomsState {
        let open = self.rooms.iter().filter(|(_, room)| room.fence.lost().is_none());
        let rooms = open.map(|(name, room)| room_state(name, room));
        RoomsState { last_id: self.last_id, rooms: rooms.collect() }
    }

    /// Takes over rooms into a registry that has none. Each address is judged by the policy in force, and
    /// again by every shard, before a packet moves; nobody is let in who would not be.
    pub fn restore_rooms(&mut self, now: Instant, state: &RoomsState) -> Restored {
        let mut restored = Restored::default();
        self.last_id = self.last_id.max(state.last_id.min(ID_MAX));
        for room in &state.rooms {
            if !self.restore_room(now, room, &mut restored) {
                restored.rooms_gone += 1;
            }
        }
        restored
    }

    fn restore_room(&mut self, now: Instant, state: &RoomState, restored: &mut Restored) -> bool {
        let fence = RoomFence::new(&self.policy, Arc::new(state.terms.terms()));
        let seats = Seats::of(&state.seats);
        // Of two of one name or one stay, the first.
        let (mut names, mut stays) = (BTreeSet::new(), BTreeSet::new());
        let there: Vec<&ParticipantState> = state
            .participants
            .iter()
            .filter(|who| self.may_come_back(now, who))
            .filter(|who| seats.name(who.seat) == Some(&who.name))
            .filter(|who| names.insert(&who.name) && stays.insert(who.id))
            .collect();
        let known = self.rooms.contains_key(&state.name) || self.room_names.contains_key(&state.id);
        if fence.standing().is_err() || there.is_empty() || known || state.id.0 > self.last_id {
            return false;
        }
        let mut room = Room::new(state.id, fence, state.opened);
        room.seats = seats;
        self.rooms.insert(state.name.clone(), room);
        self.room_names.insert(state.id, state.name.clone());
        there.iter().for_each(|who| self.restore_participant(now, &state.name, who));
        self.restore_ssrcs(&state.name, state);
        restored.rooms += 1;
        restored.participants += there.len();
        for (who, route) in there.iter().filter_map(|who| Some((who, who.route?))) {
            match self.restore_route(&state.name, who, &route) {
                true => restored.routed += 1,
                false => restored.unrouted += 1,
            }
        }
        true
    }

    fn may_come_back(&self, now: Instant, who: &ParticipantState) -> bool {
        who.expires > now && who.id.0 <= self.last_id && !self.whereabouts.contains_key(&who.id)
    }

    fn restore_participant(&mut self, now: Instant, name: &Name, state: &ParticipantState) {
        let expires = state.expires.min(now + self.limits.participant_ttl_max);
        let Some(room) = self.rooms.get_mut(name) else { return };
        let hears = state.hears.clone().unwrap_or_default();
        std::iter::once(&state.seat).chain(&hears).for_each(|&seat| room.seats.hold_again(seat));
        let admission = Arc::new(Admission {
            participant: state.id,
            room: room.id,
            terms: Arc::clone(room.fence.terms()),
            seat: state.seat,
            credentials: state.credentials.clone(),
            ice: state.ice.clone(),
            hears: state.hears.as_ref().map(|seats| seats.iter().copied().collect()),
            kbps_max: state.kbps_max.min(self.limits.participant_kbps_max).max(1),
        });
        let back = Participant {
            admission: Arc::clone(&admission),
            hears,
            joined: state.joined,
            expires,
            route: None,
            unencrypted: state.unencrypted,
        };
        room.participants.insert(state.name.clone(), back);
        self.whereabouts.insert(state.id, (name.clone(), state.name.clone()));
        self.expiries.insert((expires, state.id));
        self.tell_all(Command::Admit(admission));
    }

    fn restore_ssrcs(&mut self, name: &Name, state: &RoomState) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let mut owned = Vec::new();
        for &(ssrc, seat, index) in &state.ssrcs {
            let ownership = Ownership { room: room.id, ssrc: Ssrc(ssrc), seat, index };
            if room.own_again(&ownership) {
                owned.push(Command::Own(ownership));
            }
        }
        // A seat that nobody holds any more is somebody else's from now on.
        room.seats.forget_unheld();
        owned.into_iter().for_each(|command| self.tell_all(command));
    }

    /// Whether its media flows at once. Either is told, so that the audit trail has it.
    fn restore_route(&mut self, room: &Name, who: &ParticipantState, state: &RouteState) -> bool {
        let Some(guest) = self.guest(room, &who.name) else { return false };
        let room_fence = self.rooms.get(room).map(|room| &room.fence);
        let pass = match room_fence.map(|fence| fence.judge(&self.policy, state.address)) {
            Some(Ok(pass)) => pass,
            Some(Err(refusal)) => {
                let region = refusal.region.map(|region| self.policy.region_name(region));
                self.note(Event::Released {
                    who: guest,
                    address: state.address,
                    region: region.unwrap_or_default().into(),
                    cause: ReleaseCause::Cut(refusal),
                });
                return false;
            }
            None => return false,
        };
        let local = LocalSocket::Listen(state.listen);
        let flow = FlowKey::of_pass(&pass, local);
        if self.flows.contains_key(&flow) || usize::from(state.shard.0) >= self.adopted.len() {
            return false;
        }
        let route =
            Route { participant: who.id, pass, local, shard: state.shard, is_proven_now: false };
        let Some(participant) = self.participant(room, &who.name) else { return false };
        participant.route = Some(route);
        self.flows.insert(flow, who.id);
        self.tell_all(Command::Route(route));
        let region = self.policy.region_name(pass.region()).into();
        self.note(Event::Latched { who: guest, address: pass.addr(), region, moved_from: None });
        true
    }
}

/// Handles above are made up: counting on from there would end.
pub(super) const ID_MAX: u64 = u64::MAX / 2;

fn room_state(name: &Name, room: &Room) -> RoomState {
    let participants = room.participants.iter().map(|(name, who)| participant_state(name, who));
    let ssrcs = room.ownerships().map(|owned| (owned.ssrc.0, owned.seat, owned.index));
    RoomState {
        id: room.id,
        name: name.clone(),
        terms: TermsState::of(room.fence.terms()),
        opened: room.opened,
        seats: room.seats.iter().map(|(seat, name)| (seat, name.clone())).collect(),
        participants: participants.collect(),
        ssrcs: ssrcs.collect(),
    }
}

fn participant_state(name: &Name, who: &Participant) -> ParticipantState {
    let admission = &who.admission;
    let route = who.route.and_then(|route| match route.local {
        LocalSocket::Listen(listen) => {
            Some(RouteState { address: route.pass.addr(), listen, shard: route.shard })
        }
        _ => None,
    });
    let hears: Option<Vec<Seat>> = admission.hears.as_ref().map(|_| who.hears.clone());
    ParticipantState {
        id: admission.participant,
        name: name.clone(),
        credentials: admission.credentials.clone(),
        ice: admission.ice.clone(),
        seat: admission.seat,
        hears,
        kbps_max: admission.kbps_max,
        joined: who.joined,
        expires: who.expires,
        unencrypted: who.unencrypted,
        route,
    }
}
