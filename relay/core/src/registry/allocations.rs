//! Who has which relayed address: the single writer of ports, quotas and reservations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use ahash::RandomState;

use super::ports::PortPool;
use crate::identity::ShardId;
use crate::limits::RESERVATION_LIFETIME;
use crate::random::Csprng;
use crate::scrutiny::TurnDirection;
use crate::state::AllocationState;
use crate::time::Instant;
use crate::traffic::Traffic;
use crate::turn::{
    AllocationDenial, AllocationId, AllocationRequest, Family, Grant, Party, PortWish, Relayed,
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
    pub(super) stays: BTreeMap<AllocationId, Stay>,
    of_tenants: HashMap<Arc<str>, usize, RandomState>,
    of_parties: HashMap<(Arc<str>, Party), usize, RandomState>,
    reservations: BTreeMap<u64, Reservation>,
    reserved_until: BTreeSet<(Instant, u64)>,
    /// The highest handle that each shard has given out.
    pub(super) begun: BTreeMap<ShardId, u64>,
}

/// Whom an allocation, or a port kept for one, counts against.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) tenant: Arc<str>,
    pub(super) party: Party,
}

pub(super) struct Reservation {
    pub(super) address: SocketAddr,
    pub(super) account: Account,
    pub(super) until: Instant,
}

pub(super) struct Stay {
    pub(super) request: AllocationRequest,
    pub(super) relayed: Relayed,
    /// Of the port that was reserved with it.
    pub(super) token: Option<u64>,
    pub(super) attempts: u8,
    pub(super) asked: Instant,
    /// What was carried for it, as far as it was told.
    pub(super) traffic: Traffic,
    /// Which ways it was told to carry what is not encrypted.
    pub(super) unencrypted: BTreeSet<TurnDirection>,
    /// As its shard has it, for the relay after this one.
    pub(super) kept: Option<Box<AllocationState>>,
}

/// An allocation, as the registry has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllocationView {
    /// Which.
    pub id: AllocationId,
    /// On whose account.
    pub tenant: Arc<str>,
    /// Whose.
    pub party: Party,
    /// Under which fence.
    pub fence: Arc<str>,
    /// The group of the tenant that uses it; `None` is the whole account.
    pub group: Option<Arc<str>>,
    /// The client.
    pub client: SocketAddr,
    /// Where the client is.
    pub region: Arc<str>,
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
            begun: BTreeMap::new(),
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.reserved_until.first().map(|(until, _)| *until)
    }

    pub(super) fn timers(&self) -> usize {
        self.reserved_until.len()
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &AllocationRequest> {
        self.stays.values().map(|stay| &stay.request)
    }

    /// An allocation that carries what is not encrypted, and whether that is news.
    pub(super) fn unencrypted(
        &mut self,
        id: AllocationId,
        direction: TurnDirection,
    ) -> Option<(&AllocationRequest, bool)> {
        let stay = self.stays.get_mut(&id)?;
        let news = stay.unencrypted.insert(direction);
        Some((&stay.request, news))
    }

    pub(super) fn count(&self) -> PortCount {
        PortCount {
            free: self.pools.iter().map(PortPool::free).sum(),
            used: self.stays.values().map(|stay| stay.relayed.len()).sum(),
            reserved: self.reservations.len(),
        }
    }

    /// Allocations of its tenant and of its party, those included that a port is kept for.
    pub(super) fn held_by(&self, account: &Account) -> (usize, usize) {
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
    pub(super) fn take(
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
    pub(super) fn keep(&mut self, token: u64, reservation: Reservation) {
        self.count_up(&reservation.account);
        self.reserved_until.insert((reservation.until, token));
        self.reservations.insert(token, reservation);
    }

    /// The port is the caller's now, to use or to give back.
    pub(super) fn redeem(&mut self, token: u64) -> Option<Reservation> {
        let reservation = self.reservations.remove(&token)?;
        self.reserved_until.remove(&(reservation.until, token));
        self.count_down(&reservation.account);
        Some(reservation)
    }

    pub(super) fn reserved(&self) -> impl Iterator<Item = (u64, &Reservation)> {
        self.reservations.iter().map(|(&token, reservation)| (token, reservation))
    }

    pub(super) fn is_reserved(&self, token: u64) -> bool {
        self.reservations.contains_key(&token)
    }

    /// This port, if it is ours and free.
    pub(super) fn take_exactly(&mut self, address: SocketAddr) -> bool {
        let pool = self.pools.iter_mut().find(|pool| pool.ip() == address.ip());
        pool.is_some_and(|pool| pool.take_exactly(address.port()).is_some())
    }

    pub(super) fn release(&mut self, token: u64) {
        if let Some(reservation) = self.redeem(token) {
            self.give_back(reservation.address);
        }
    }

    fn pools_of(&mut self, family: Option<Family>) -> impl Iterator<Item = &mut PortPool> {
        self.pools.iter_mut().filter(move |pool| family == Some(Family::of(pool.ip())))
    }

    pub(super) fn give_back(&mut self, address: SocketAddr) {
        let pool = self.pools.iter_mut().find(|pool| pool.ip() == address.ip());
        if let Some(pool) = pool {
            pool.give_back(address.port());
        }
    }

    pub(super) fn insert(&mut self, now: Instant, request: AllocationRequest, grant: &Grant) {
        self.count_up(&Account::of(&request));
        let (relayed, token) = (grant.relayed.clone(), grant.token);
        let (traffic, unencrypted) = (Traffic::default(), BTreeSet::new());
        let stay = Stay {
            request,
            relayed,
            token,
            attempts: 1,
            asked: now,
            traffic,
            unencrypted,
            kept: None,
        };
        self.stays.insert(stay.request.id, stay);
    }

    pub(super) fn remove(&mut self, id: AllocationId) -> Option<Stay> {
        let stay = self.forget(id)?;
        stay.relayed.iter().for_each(|&address| self.give_back(address));
        Some(stay)
    }

    /// The ports are the caller's, to give back.
    pub(super) fn forget(&mut self, id: AllocationId) -> Option<Stay> {
        let stay = self.stays.remove(&id)?;
        self.count_down(&Account::of(&stay.request));
        Some(stay)
    }

    pub(super) fn expire_reservations(&mut self, now: Instant) {
        while let Some((_, token)) = self.reserved_until.first().filter(|(until, _)| *until <= now)
        {
            let token = *token;
            self.reserved_until.pop_first();
            self.release(token);
        }
    }
}

impl Account {
    pub(super) fn of(request: &AllocationRequest) -> Self {
        Self { tenant: Arc::clone(&request.tenant), party: request.party.clone() }
    }

    fn into_key(self) -> (Arc<str>, Party) {
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
