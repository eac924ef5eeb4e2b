//! Allocations that outlive their relay: written down as shards tell of them, and taken over by the next
//! relay under its own policy.

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::Role;
use ringfence_wire::channel_data::ChannelNumbers;
use ringfence_wire::datagram::LocalSocket;

use super::allocations::{Account, Reservation};
use super::restore_rooms::ID_MAX;
use super::{Client, Event, Registry};
use crate::limits::{CHANNEL_LIFETIME, PERMISSION_LIFETIME, RESERVATION_LIFETIME};
use crate::message::{Command, Target};
use crate::state::{AllocationState, ChannelState, ReservationState, Restored, TurnState};
use crate::time::Instant;
use crate::traffic::Traffic;
use crate::turn::{
    AllocationId, AllocationRequest, EndCause, Family, Grant, Invitation, Party, PortWish,
    TurnCommand,
};

impl Registry {
    /// Asks every shard for the allocations that have changed; what they tell is in
    /// [`Registry::turn_state`] from then on.
    pub fn keep(&mut self) {
        let keep = Command::Turn(TurnCommand::Keep);
        self.commands.push_back((Target::All, keep));
    }

    /// All allocations that shards have told of, to be taken over by [`Registry::restore_turn`] of another
    /// registry.
    pub fn turn_state(&self) -> TurnState {
        let stays = self.allocations.stays.values();
        TurnState {
            begun: self.allocations.begun.iter().map(|(&shard, &begun)| (shard, begun)).collect(),
            allocations: stays.filter_map(|stay| stay.kept.as_deref().cloned()).collect(),
            reservations: self.allocations.reservations().collect(),
        }
    }

    /// Takes over allocations into a registry that has none: their ports are theirs again, and their
    /// shards judge clients and peers once more before a packet moves.
    pub fn restore_turn(&mut self, now: Instant, state: &TurnState, restored: &mut Restored) {
        for &(shard, begun) in &state.begun {
            let begun = begun.min(ID_MAX);
            let known = self.allocations.begun.entry(shard).or_default();
            *known = begun.max(*known);
            self.tell(shard, Command::Turn(TurnCommand::Begun(begun)));
        }
        let back: Vec<&AllocationState> =
            state.allocations.iter().filter(|one| self.stand_again(now, one).is_some()).collect();
        restored.allocations += back.len();
        restored.allocations_gone += state.allocations.len() - back.len();
        // Everybody knows everybody before anybody's peers are judged.
        for one in &back {
            let restore = TurnCommand::Restored(Arc::new(AllocationState::clone(one)));
            self.tell(one.id.shard, Command::Turn(restore));
        }
        let invitations = back.iter().flat_map(|one| one.invitations(now));
        invitations.for_each(|one| self.tell_all(Command::Turn(TurnCommand::Invited(one))));
        for reservation in state.reservations.iter().filter(|one| one.until > now) {
            self.allocations.keep_again(now, reservation);
        }
    }

    /// Its ports and its place in the books, if it may have them.
    fn stand_again(&mut self, now: Instant, state: &AllocationState) -> Option<()> {
        let request = request(state);
        let known = self.allocations.stays.contains_key(&state.id) || state.id.number > ID_MAX;
        if known || state.expires <= now || usize::from(state.id.shard.0) >= self.adopted.len() {
            return None;
        }
        let group = request.group.as_deref();
        let fence = self.policy.fence_of(&request.tenant, Some(&request.fence), group).ok()?;
        let site = self.policy.own_site();
        let pass = match self.policy.decide(fence, Role::Client, request.client, site) {
            Ok(pass) => pass,
            Err(refusal) => {
                let (who, client) = (Client::of(&request), request.client);
                let (cause, traffic) = (EndCause::Cut(refusal), Traffic::default());
                self.note(Event::Deallocated { who, client, cause, traffic });
                return None;
            }
        };
        let relayed: Vec<SocketAddr> = state.relayed.iter().copied().take(2).collect();
        if relayed.is_empty() || !self.allocations.take_again(&relayed) {
            return None;
        }
        let grant = Grant {
            id: state.id,
            relayed: relayed.into_iter().collect(),
            missing: state.missing.and_then(Family::from_number),
            token: state.token,
        };
        let neighbour = request.neighbour(&grant.relayed);
        self.note(Event::Allocated {
            who: Client::of(&request),
            client: request.client,
            region: self.policy.region_name(pass.region()).into(),
            relayed: Some(grant.relayed.clone()),
        });
        self.allocations.insert(now, request, &grant);
        self.allocations.kept(state);
        self.tell_all(Command::Turn(TurnCommand::Met(Arc::new(neighbour))));
        Some(())
    }
}

/// As it was asked for once.
fn request(state: &AllocationState) -> AllocationRequest {
    let identity = &state.identity;
    let meeting = identity.meeting.as_deref().map(Arc::from);
    AllocationRequest {
        id: state.id,
        tenant: identity.tenant.as_str().into(),
        party: Party { meeting, name: identity.party.as_str().into() },
        fence: state.fence.as_str().into(),
        group: identity.group.as_deref().map(Arc::from),
        client: state.client,
        local: LocalSocket::Listen(state.listen),
        families: state.relayed.iter().map(|at| Family::of(at.ip())).take(2).collect(),
        port: PortWish::Any,
    }
}

impl AllocationState {
    /// What every shard has to know of whom it lets send.
    fn invitations(&self, now: Instant) -> impl Iterator<Item = Invitation> {
        self.invited.iter().map(move |&(peer, guest, expires)| {
            let is_it = |one: &&ChannelState| one.inside == Some(guest) && one.peer == peer;
            let number = |number| ChannelNumbers::Rfc5766.channel(number);
            let until = |one: &ChannelState| one.expires.min(now + CHANNEL_LIFETIME);
            let channel = self.channels.iter().find(is_it);
            let channel = channel.and_then(|one| Some((number(one.number)?, until(one))));
            let expires = expires.min(now + PERMISSION_LIFETIME);
            Invitation { id: self.id, guest, peer, channel, expires }
        })
    }
}

impl super::allocations::Allocations {
    /// What a shard told of an allocation. One that has ended meanwhile stays ended.
    pub(super) fn kept(&mut self, state: &AllocationState) {
        if let Some(stay) = self.stays.get_mut(&state.id) {
            stay.kept = Some(Box::new(state.clone()));
        }
    }

    /// The highest handle of each shard.
    pub(super) fn note_begun(&mut self, id: AllocationId) {
        let begun = self.begun.entry(id.shard).or_default();
        *begun = id.number.max(*begun);
    }

    fn reservations(&self) -> impl Iterator<Item = ReservationState> {
        self.reserved().map(|(token, reservation)| ReservationState {
            token,
            address: reservation.address,
            tenant: reservation.account.tenant.as_ref().to_owned(),
            meeting: reservation.account.party.meeting.as_deref().map(str::to_owned),
            party: reservation.account.party.name.as_ref().to_owned(),
            until: reservation.until,
        })
    }

    /// The ports of an allocation, all or none.
    fn take_again(&mut self, relayed: &[SocketAddr]) -> bool {
        let taken = relayed.iter().take_while(|at| self.take_exactly(**at)).count();
        if taken < relayed.len() {
            relayed[..taken].iter().for_each(|&at| self.give_back(at));
        }
        taken == relayed.len()
    }

    fn keep_again(&mut self, now: Instant, state: &ReservationState) {
        if self.is_reserved(state.token) || !self.take_exactly(state.address) {
            return;
        }
        let meeting = state.meeting.as_deref().map(Arc::from);
        let party = Party { meeting, name: state.party.as_str().into() };
        let account = Account { tenant: state.tenant.as_str().into(), party };
        let until = state.until.min(now + RESERVATION_LIFETIME);
        self.keep(state.token, Reservation { address: state.address, account, until });
    }
}
