//! What shards report of allocations, and what the registry decides.

use std::sync::Arc;

use super::allocations::{Account, AllocationView, PortCount, Stay};
use super::ledger::{End, Who};
use super::{Client, Event, Registry};
use crate::limits::PORT_ATTEMPTS_MAX;
use crate::message::Command;
use crate::time::Instant;
use crate::traffic::{Holder, Traffic};
use crate::turn::{
    AllocationDenial, AllocationId, AllocationRequest, EndCause, Grant, PortWish, TurnCommand,
    TurnEffect,
};

impl Registry {
    /// Every allocation, oldest shard first.
    pub fn allocations(&self) -> impl Iterator<Item = AllocationView> {
        self.allocations.stays.iter().map(|(&id, stay)| AllocationView {
            id,
            tenant: Arc::clone(&stay.request.tenant),
            party: stay.request.party.clone(),
            fence: Arc::clone(&stay.request.fence),
            group: stay.request.group.clone(),
            client: stay.request.client,
            region: self.region_of(&stay.request),
            relayed: stay.relayed.clone(),
            since: stay.asked,
        })
    }

    /// How many ports are free, used and reserved: their sum never changes.
    pub fn ports(&self) -> PortCount {
        self.allocations.count()
    }

    pub(super) fn on_turn_effect(&mut self, now: Instant, effect: &TurnEffect) {
        match effect {
            TurnEffect::Asked(request) => self.asked(now, request),
            TurnEffect::Unbindable(id) => self.unbindable(now, *id),
            TurnEffect::Ended { id, cause } => self.ended(*id, *cause),
            TurnEffect::Invited(invitation) => {
                self.tell_all(Command::Turn(TurnCommand::Invited(*invitation)));
            }
            TurnEffect::Kept(states) => {
                self.changes += 1;
                states.iter().for_each(|state| self.allocations.kept(state));
            }
            TurnEffect::PeerRefused { id, peer, refusal } => {
                if let Some(stay) = self.allocations.stays.get(id) {
                    let (who, peer, refusal) = (Client::of(&stay.request), *peer, *refusal);
                    self.note(Event::PeerRefused { who, peer, refusal });
                }
            }
            TurnEffect::ClientRefused { tenant, party, fence, client, refusal } => {
                let fence = fence.clone().unwrap_or_default();
                let who = Client { tenant: Arc::clone(tenant), party: party.clone(), fence };
                let (client, refusal) = (*client, *refusal);
                self.note(Event::ClientRefused { who, client, refusal });
            }
        }
    }

    pub(super) fn expire_reservations(&mut self, now: Instant) {
        self.allocations.expire_reservations(now);
    }

    fn asked(&mut self, now: Instant, request: &AllocationRequest) {
        self.allocations.note_begun(request.id);
        match self.allot(now, request) {
            Ok(grant) => {
                self.allocations.insert(now, request.clone(), &grant);
                self.grant(request, grant);
            }
            Err(why) => self.deny(request.id, why),
        }
    }

    fn allot(
        &mut self,
        now: Instant,
        request: &AllocationRequest,
    ) -> Result<Grant, AllocationDenial> {
        if self.draining || self.overloaded {
            return Err(AllocationDenial::NoPort);
        }
        let PortWish::Reserved(token) = request.port else {
            return match self.has_quota(request) {
                true => self.allocations.take(now, request, None, &mut self.random),
                false => Err(AllocationDenial::Quota),
            };
        };
        let reservation = self.allocations.redeem(token).ok_or(AllocationDenial::NoReservation)?;
        if self.has_quota(request) {
            let address = Some(reservation.address);
            return self.allocations.take(now, request, address, &mut self.random);
        }
        self.allocations.keep(token, reservation);
        Err(AllocationDenial::Quota)
    }

    /// A port that is to be reserved counts like the allocation that it is for, or quotas would not
    /// bound what one party can have of the ports.
    fn has_quota(&self, request: &AllocationRequest) -> bool {
        let (of_tenant, of_party) = self.allocations.held_by(&Account::of(request));
        let wanted = if request.port == PortWish::EvenAndNext { 2 } else { 1 };
        self.quotas.get(&*request.tenant).is_none_or(|quota| {
            of_tenant + wanted <= quota.allocations_max
                && of_party + wanted <= quota.allocations_per_party_max
        })
    }

    /// Where the client is by the policy in force.
    pub(super) fn region_of(&self, request: &AllocationRequest) -> Arc<str> {
        let region = self.policy.locate(request.client.ip());
        region.map_or("", |region| self.policy.region_name(region)).into()
    }

    /// Everybody hears of it before its client does, so that nobody is asked about a stranger.
    fn grant(&mut self, request: &AllocationRequest, grant: Grant) {
        let neighbour = request.neighbour(&grant.relayed);
        self.tell_all(Command::Turn(TurnCommand::Met(Arc::new(neighbour))));
        let granted = Command::Turn(TurnCommand::Granted(Arc::new(grant)));
        self.tell(request.id.shard, granted);
        self.note(Event::Allocated {
            who: Client::of(request),
            client: request.client,
            region: self.region_of(request),
            relayed: self.allocations.stays.get(&request.id).map(|stay| stay.relayed.clone()),
        });
    }

    fn deny(&mut self, id: AllocationId, why: AllocationDenial) {
        self.tell(id.shard, Command::Turn(TurnCommand::Denied(id, why)));
    }

    /// Something else on this host has the port. Another one is tried, then it goes back, and with
    /// it the port that was reserved beside it: nobody has heard of its token.
    fn unbindable(&mut self, now: Instant, id: AllocationId) {
        let Some(stay) = self.allocations.forget(id) else {
            return;
        };
        self.parts(&stay, EndCause::Unbound);
        if let Some(token) = stay.token {
            self.allocations.release(token);
        }
        match stay.request.port {
            // The client wants that port and no other.
            PortWish::Reserved(_) => self.deny(id, AllocationDenial::NoReservation),
            _ if stay.attempts >= PORT_ATTEMPTS_MAX => self.deny(id, AllocationDenial::NoPort),
            _ => self.asked(now, &stay.request),
        }
        if let Some(again) = self.allocations.stays.get_mut(&id) {
            again.attempts = stay.attempts + 1;
        }
        stay.relayed.iter().for_each(|&address| self.allocations.give_back(address));
    }

    fn ended(&mut self, id: AllocationId, cause: EndCause) {
        let Some(stay) = self.allocations.remove(id) else {
            return;
        };
        self.parts(&stay, cause);
    }

    /// The end is told when every shard has said what went to the client from there; that of an
    /// allocation that never stood at once, for another of its name may come.
    fn parts(&mut self, stay: &Stay, cause: EndCause) {
        let (who, client) = (Client::of(&stay.request), stay.request.client);
        let holder = Holder::Allocation(stay.request.id);
        let end = (cause != EndCause::Unbound).then_some(End { client, cause });
        self.departs(holder, Who::Client(who.clone()), stay.traffic, end);
        self.tell_all(Command::Turn(TurnCommand::Parted(stay.request.id)));
        if end.is_none() {
            let traffic = Traffic::default();
            self.note(Event::Deallocated { who, client, cause, traffic });
        }
    }
}

impl Client {
    pub(super) fn of(request: &AllocationRequest) -> Self {
        Self {
            tenant: Arc::clone(&request.tenant),
            party: request.party.clone(),
            fence: Arc::clone(&request.fence),
        }
    }
}
