//! Who has which relayed address: the single writer of ports, quotas and reservations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use ahash::RandomState;
use ringfence_fence::RegionId;

use super::ports::PortPool;
use super::{Event, Registry};
use crate::limits::{PORT_ATTEMPTS_MAX, RESERVATION_LIFETIME};
use crate::message::Command;
use crate::random::Csprng;
use crate::time::Instant;
use crate::turn::{
    AllocationDenial, AllocationId, AllocationRequest, EndCause, Family, Grant, Neighbour,
    PortWish, Relayed, Traffic, TurnCommand, TurnEffect,
};

/// Where relayed addresses come from.
#[derive(Clone, Debug)]
pub struct RelayPorts {
    /// Addresses of this host.
    pub addresses: Vec<IpAddr>,
    /// Ports on each of them.
    pub ports: RangeInclusive<u16>,
}

impl RelayPorts {
    /// No relayed addresses: every Allocate is answered 508.
    pub fn none() -> Self {
        Self { addresses: Vec::new(), ports: 0..=0 }
    }
}

/// All allocations of the relay.
pub(super) struct Allocations {
    pools: Vec<PortPool>,
    stays: BTreeMap<AllocationId, Stay>,
    of_tenants: HashMap<Arc<str>, usize, RandomState>,
    of_parties: HashMap<(Arc<str>, Arc<str>), usize, RandomState>,
    reservations: BTreeMap<u64, Reservation>,
    reserved_until: BTreeSet<(Instant, u64)>,
}

/// Whom an allocation, or a port kept for one, counts against.
#[derive(Clone)]
struct Account {
    tenant: Arc<str>,
    party: Arc<str>,
}

struct Reservation {
    address: SocketAddr,
    account: Account,
    until: Instant,
}

struct Stay {
    request: AllocationRequest,
    relayed: Relayed,
    /// Of the port that was reserved with it.
    token: Option<u64>,
    attempts: u8,
    asked: Instant,
}

/// An allocation, as the registry has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllocationView {
    /// Which.
    pub id: AllocationId,
    /// On whose account.
    pub tenant: Arc<str>,
    /// Whose.
    pub party: Arc<str>,
    /// Under which fence.
    pub fence: Arc<str>,
    /// The client.
    pub client: SocketAddr,
    /// Where the client is.
    pub region: RegionId,
    /// Its relayed addresses.
    pub relayed: Relayed,
    /// Since when.
    pub since: Instant,
}

/// Ports and reservations, to be counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PortCount {
    /// Ports that nobody has.
    pub free: usize,
    /// Ports of allocations.
    pub used: usize,
    /// Ports that are kept for someone with a token.
    pub reserved: usize,
}

impl Allocations {
    pub(super) fn new(ports: &RelayPorts, keys: RandomState) -> Self {
        // One pool for each address, even if it is listed twice: a port has one owner.
        let addresses: BTreeSet<IpAddr> = ports.addresses.iter().copied().collect();
        let pools = addresses.into_iter().map(|ip| PortPool::new(ip, &ports.ports));
        Self {
            pools: pools.collect(),
            stays: BTreeMap::new(),
            of_tenants: HashMap::with_hasher(keys.clone()),
            of_parties: HashMap::with_hasher(keys),
            reservations: BTreeMap::new(),
            reserved_until: BTreeSet::new(),
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.reserved_until.first().map(|(until, _)| *until)
    }

    fn count(&self) -> PortCount {
        PortCount {
            free: self.pools.iter().map(PortPool::free).sum(),
            used: self.stays.values().map(|stay| stay.relayed.len()).sum(),
            reserved: self.reservations.len(),
        }
    }

    /// Allocations of its tenant and of its party, those included that a port is kept for.
    fn held_by(&self, account: &Account) -> (usize, usize) {
        let tenant = self.of_tenants.get(&account.tenant).copied().unwrap_or(0);
        (tenant, self.of_parties.get(&account.clone().into_key()).copied().unwrap_or(0))
    }

    fn count_up(&mut self, account: &Account) {
        *self.of_tenants.entry(Arc::clone(&account.tenant)).or_default() += 1;
        *self.of_parties.entry(account.clone().into_key()).or_default() += 1;
    }

    fn count_down(&mut self, account: &Account) {
        count_down(&mut self.of_tenants, &account.tenant);
        count_down(&mut self.of_parties, &account.clone().into_key());
    }

    /// Ports as wished, the reservation that goes with them, and a family that got none.
    fn take(
        &mut self,
        now: Instant,
        request: &AllocationRequest,
        redeemed: Option<SocketAddr>,
        random: &mut Csprng,
    ) -> Result<Grant, AllocationDenial> {
        let mut grant =
            Grant { id: request.id, relayed: Relayed::new(), missing: None, token: None };
        match request.port {
            PortWish::Reserved(_) => {
                grant.relayed.push(redeemed.ok_or(AllocationDenial::NoReservation)?);
            }
            PortWish::EvenAndNext => {
                let family = request.families.first().copied();
                let mut pools = self.pools_of(family);
                let pair = pools.find_map(|pool| pool.take_pair(random));
                drop(pools);
                let (even, odd) = pair.ok_or(AllocationDenial::NoPort)?;
                grant.relayed.push(even);
                let token = u64::from_be_bytes(random.bytes());
                let (account, until) = (Account::of(request), now + RESERVATION_LIFETIME);
                self.keep(token, Reservation { address: odd, account, until });
                grant.token = Some(token);
            }
            PortWish::Any | PortWish::Even => self.take_each(request, random, &mut grant)?,
        }
        Ok(grant)
    }

    /// One port of each family; the first family must get one (RFC 8656 section 7.2).
    fn take_each(
        &mut self,
        request: &AllocationRequest,
        random: &mut Csprng,
        grant: &mut Grant,
    ) -> Result<(), AllocationDenial> {
        for &family in &request.families {
            let mut pools = self.pools_of(Some(family));
            let port = match request.port {
                PortWish::Even => pools.find_map(|pool| pool.take_even(random)),
                _ => pools.find_map(|pool| pool.take(random)),
            };
            match port {
                Some(address) => grant.relayed.push(address),
                None if grant.relayed.is_empty() => return Err(AllocationDenial::NoPort),
                None => grant.missing = Some(family),
            }
        }
        Ok(())
    }

    /// Keeps a port for whoever comes with the token, on the account of who asked for it.
    fn keep(&mut self, token: u64, reservation: Reservation) {
        self.count_up(&reservation.account);
        self.reserved_until.insert((reservation.until, token));
        self.reservations.insert(token, reservation);
    }

    /// The port is the caller's now, to use or to give back.
    fn redeem(&mut self, token: u64) -> Option<Reservation> {
        let reservation = self.reservations.remove(&token)?;
        self.reserved_until.remove(&(reservation.until, token));
        self.count_down(&reservation.account);
        Some(reservation)
    }

    fn release(&mut self, token: u64) {
        if let Some(reservation) = self.redeem(token) {
            self.give_back(reservation.address);
        }
    }

    fn pools_of(&mut self, family: Option<Family>) -> impl Iterator<Item = &mut PortPool> {
        self.pools.iter_mut().filter(move |pool| family == Some(Family::of(pool.ip())))
    }

    fn give_back(&mut self, address: SocketAddr) {
        let pool = self.pools.iter_mut().find(|pool| pool.ip() == address.ip());
        if let Some(pool) = pool {
            pool.give_back(address.port());
        }
    }

    fn insert(&mut self, now: Instant, request: AllocationRequest, grant: &Grant) {
        self.count_up(&Account::of(&request));
        let (relayed, token) = (grant.relayed.clone(), grant.token);
        self.stays.insert(request.id, Stay { request, relayed, token, attempts: 1, asked: now });
    }

    fn remove(&mut self, id: AllocationId) -> Option<Stay> {
        let stay = self.forget(id)?;
        stay.relayed.iter().for_each(|&address| self.give_back(address));
        Some(stay)
    }

    /// The ports are the caller's, to give back.
    fn forget(&mut self, id: AllocationId) -> Option<Stay> {
        let stay = self.stays.remove(&id)?;
        self.count_down(&Account::of(&stay.request));
        Some(stay)
    }

    fn expire_reservations(&mut self, now: Instant) {
        while let Some((_, token)) = self.reserved_until.first().filter(|(until, _)| *until <= now)
        {
            let token = *token;
            self.reserved_until.pop_first();
            self.release(token);
        }
    }
}

impl Registry {
    /// Every allocation, oldest shard first.
    pub fn allocations(&self) -> impl Iterator<Item = AllocationView> {
        self.allocations.stays.iter().map(|(&id, stay)| AllocationView {
            id,
            tenant: Arc::clone(&stay.request.tenant),
            party: Arc::clone(&stay.request.party),
            fence: Arc::clone(&stay.request.fence),
            client: stay.request.client,
            region: self.region(&stay.request),
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
            TurnEffect::Ended { id, cause, traffic } => self.ended(*id, *cause, *traffic),
            TurnEffect::Invited(invitation) => {
                self.tell_all(Command::Turn(TurnCommand::Invited(*invitation)));
            }
            TurnEffect::PeerRefused { id, peer, refusal } => {
                if let Some(stay) = self.allocations.stays.get(id) {
                    let (tenant, party) = (&stay.request.tenant, &stay.request.party);
                    let (tenant, party) = (Arc::clone(tenant), Arc::clone(party));
                    let (peer, refusal) = (*peer, *refusal);
                    self.note(Event::PeerRefused { tenant, party, peer, refusal });
                }
            }
            TurnEffect::ClientRefused { tenant, party, client, refusal } => {
                let (tenant, party) = (Arc::clone(tenant), Arc::clone(party));
                let (client, refusal) = (*client, *refusal);
                self.note(Event::ClientRefused { tenant, party, client, refusal });
            }
        }
    }

    pub(super) fn expire_reservations(&mut self, now: Instant) {
        self.allocations.expire_reservations(now);
    }

    fn asked(&mut self, now: Instant, request: &AllocationRequest) {
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

    /// Where the client is by the policy in force; the shard that asked may have had another one.
    fn region(&self, request: &AllocationRequest) -> RegionId {
        self.policy.locate(request.client.ip()).unwrap_or(request.region)
    }

    /// Everybody hears of it before its client does, so that nobody is asked about a stranger.
    fn grant(&mut self, request: &AllocationRequest, grant: Grant) {
        let neighbour = Neighbour {
            id: request.id,
            relayed: grant.relayed.clone(),
            tenant: Arc::clone(&request.tenant),
            fence: Arc::clone(&request.fence),
            client: request.client,
            local: request.local,
        };
        self.tell_all(Command::Turn(TurnCommand::Met(Arc::new(neighbour))));
        let granted = Command::Turn(TurnCommand::Granted(Arc::new(grant)));
        self.tell(request.id.shard, granted);
        self.note(Event::Allocated {
            tenant: Arc::clone(&request.tenant),
            party: Arc::clone(&request.party),
            client: request.client,
            region: self.region(request),
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
        self.tell_all(Command::Turn(TurnCommand::Parted(id)));
        self.note_end(&stay.request, EndCause::Unbound, Traffic::default());
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

    fn ended(&mut self, id: AllocationId, cause: EndCause, traffic: Traffic) {
        let Some(stay) = self.allocations.remove(id) else {
            return;
        };
        self.tell_all(Command::Turn(TurnCommand::Parted(id)));
        self.note_end(&stay.request, cause, traffic);
    }

    fn note_end(&mut self, request: &AllocationRequest, cause: EndCause, traffic: Traffic) {
        let (tenant, party) = (Arc::clone(&request.tenant), Arc::clone(&request.party));
        let client = request.client;
        self.note(Event::Deallocated { tenant, party, client, cause, traffic });
    }
}

impl Account {
    fn of(request: &AllocationRequest) -> Self {
        Self { tenant: Arc::clone(&request.tenant), party: Arc::clone(&request.party) }
    }

    fn into_key(self) -> (Arc<str>, Arc<str>) {
        (self.tenant, self.party)
    }
}

fn count_down<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize, RandomState>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
