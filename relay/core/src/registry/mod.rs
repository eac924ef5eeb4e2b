//! The single writer of rooms: who is in which, where they are, who owns which SSRC. It runs on the
//! control thread; shards report to it and it tells all of them what it decided.

mod allocations;
mod allotment;
mod cuts;
mod drain;
mod event;
mod fullness;
mod join;
mod ledger;
mod narrow;
mod ports;
mod reports;
mod restore_rooms;
mod restore_turn;
mod room;
mod seats;
mod unencrypted;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use ahash::RandomState;
use ringfence_fence::{Epoch, Policy};

use self::allocations::Allocations;
pub use self::allocations::{AllocationView, PortCount, RelayPorts};
pub use self::cuts::{AllocationCut, Cuts, ParticipantCut};
pub use self::drain::Holdings;
pub use self::event::{Client, Event, Guest, LeaveCause};
pub use self::join::{Join, JoinError, Joined, OwnedSsrc};
use self::ledger::{Ledger, Who};
pub use self::narrow::{NarrowError, Narrowed};
use self::room::{Participant, Room};
pub use self::unencrypted::UnencryptedFlows;
pub use self::view::{ParticipantView, RoomView};
use crate::flow::FlowKey;
use crate::identity::{Name, ParticipantId, RoomId, ShardId};
use crate::limits::{EVENTS_MAX, Limits, TenantQuota};
use crate::message::{Command, NarrowingNumber, Target};
use crate::random::{Csprng, Seed};
use crate::time::Instant;
use crate::traffic::{Holder, Traffic};
use crate::turn::{Accounts, TurnCommand};

/// What a registry starts with.
pub struct RegistrySetup {
    /// How many shards there are.
    pub shards: u16,
    /// Limits of the whole relay.
    pub limits: Limits,
    /// What each tenant may have; one that is not listed has only the relay's limits.
    pub quotas: BTreeMap<String, TenantQuota>,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// Where relayed addresses come from; no addresses, no allocations.
    pub relay_ports: RelayPorts,
    /// Randomness for credentials and ports.
    pub seed: Seed,
}

/// All rooms of the relay.
pub struct Registry {
    limits: Limits,
    quotas: BTreeMap<String, TenantQuota>,
    policy: Arc<Policy>,
    random: Csprng,
    rooms: BTreeMap<Name, Room>,
    room_names: HashMap<RoomId, Name, RandomState>,
    whereabouts: HashMap<ParticipantId, (Name, Name), RandomState>,
    flows: HashMap<FlowKey, ParticipantId, RandomState>,
    expiries: BTreeSet<(Instant, ParticipantId)>,
    allocations: Allocations,
    /// What each shard has confirmed.
    adopted: Vec<Epoch>,
    narrowed: Vec<NarrowingNumber>,
    narrowings: NarrowingNumber,
    cuts: Cuts,
    ledger: Ledger,
    commands: VecDeque<(Target, Command)>,
    events: VecDeque<Event>,
    events_lost: u64,
    unencrypted_flows: UnencryptedFlows,
    /// Nothing new begins, since the relay is to end.
    draining: bool,
    /// Nothing new begins, since a shard is too busy.
    overloaded: bool,
    last_id: u64,
    /// Changes of what outlives the relay.
    changes: u64,
}

impl Registry {
    /// A registry with no rooms.
    pub fn new(setup: RegistrySetup) -> Self {
        let mut random = Csprng::new(setup.seed);
        let keys = random.table_keys();
        Self {
            limits: setup.limits,
            quotas: setup.quotas,
            adopted: vec![setup.policy.epoch(); usize::from(setup.shards)],
            narrowed: vec![NarrowingNumber::default(); usize::from(setup.shards)],
            narrowings: NarrowingNumber::default(),
            cuts: Cuts::default(),
            ledger: Ledger::new(setup.shards),
            policy: setup.policy,
            random,
            rooms: BTreeMap::new(),
            room_names: HashMap::with_hasher(keys.clone()),
            whereabouts: HashMap::with_hasher(keys.clone()),
            flows: HashMap::with_hasher(keys.clone()),
            allocations: Allocations::new(&setup.relay_ports, keys),
            expiries: BTreeSet::new(),
            commands: VecDeque::new(),
            events: VecDeque::new(),
            events_lost: 0,
            unencrypted_flows: UnencryptedFlows::default(),
            draining: false,
            overloaded: false,
            last_id: 0,
            changes: 0,
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Ends a participant's stay. False if there is no such participant.
    pub fn leave(&mut self, room: &Name, participant: &Name) -> bool {
        self.remove(room, participant, LeaveCause::Dismissed)
    }

    /// Puts a policy in force on all shards; [`Registry::adopted_everywhere`] says when it is, and
    /// [`Registry::take_cuts`] what it has cut.
    pub fn adopt(&mut self, policy: Arc<Policy>) {
        let cut = self.participants_cut_by(&policy);
        let allocations = self.allocations_cut_by(&policy);
        self.cut(&cut);
        self.cuts = Cuts::of(cut, allocations);
        self.rooms.values_mut().for_each(|room| room.adopt(&policy));
        self.policy = Arc::clone(&policy);
        self.commands.push_back((Target::All, Command::Adopt(policy)));
    }

    /// Says who may allocate from now on, on every shard. Allocations end whose credentials are gone.
    /// A policy that is adopted after this is in force only where this is, too.
    pub fn set_accounts(&mut self, accounts: Arc<Accounts>) {
        self.tell_all(Command::Turn(TurnCommand::Accounts(accounts)));
    }

    /// Puts other quotas in force. What is held already stays, and counts.
    pub fn set_quotas(&mut self, quotas: BTreeMap<String, TenantQuota>) {
        self.quotas = quotas;
    }

    /// Whether every shard works by the policy in force and has cut what it forbids.
    pub fn adopted_everywhere(&self) -> bool {
        self.adopted.iter().all(|&epoch| epoch == self.policy.epoch())
    }

    /// The next command for shards. Each must reach its target, in order, before the registry is
    /// asked or told anything else; so the queue never holds more than one request's worth.
    pub fn poll_command(&mut self) -> Option<(Target, Command)> {
        self.commands.pop_front()
    }

    /// Puts a command back that could not be delivered.
    pub fn unpoll_command(&mut self, target: Target, command: Command) {
        self.commands.push_front((target, command));
    }

    /// Asks shards to report on a room; false if there is no such room.
    pub fn survey(&mut self, room: &Name, token: u64) -> bool {
        let room = self.rooms.get(room).map(|room| room.id);
        room.map(|room| self.tell_all(Command::Survey { room, token })).is_some()
    }

    /// The next thing that an operator may want to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many events were lost since the last call, because nobody fetched them.
    pub fn take_events_lost(&mut self) -> u64 {
        std::mem::take(&mut self.events_lost)
    }

    /// Ends the stays and the reservations whose time is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire_reservations(now);
        while let Some(&(expires, participant)) = self.expiries.first()
            && expires <= now
        {
            self.expiries.pop_first();
            if let Some((room, name)) = self.whereabouts.get(&participant).cloned() {
                self.remove(&room, &name, LeaveCause::Expired);
            }
        }
    }

    /// When [`Registry::handle_timeout`] wants to be called next.
    pub fn next_timeout(&self) -> Option<Instant> {
        let stay = self.expiries.first().map(|(expires, _)| *expires);
        [stay, self.allocations.next_timeout()].into_iter().flatten().min()
    }

    /// Deadlines that the registry watches: none where nobody is.
    pub fn timers(&self) -> usize {
        self.expiries.len() + self.allocations.timers()
    }

    fn remove(&mut self, room_name: &Name, name: &Name, cause: LeaveCause) -> bool {
        let Some(room) = self.rooms.get_mut(room_name) else {
            return false;
        };
        let who = room.guest(room_name, name);
        let Some(gone) = room.remove(name) else {
            return false;
        };
        let closed = room.participants.is_empty();
        self.forget(&gone);
        let id = gone.admission.participant;
        let holder = Holder::Participant(id);
        self.departs(holder, Who::Guest(who.clone()), Traffic::default(), None);
        self.tell_all(Command::Dismiss(id));
        self.note(Event::Left { who, cause });
        if closed {
            self.close(room_name);
        }
        true
    }

    fn forget(&mut self, gone: &Participant) {
        let id = gone.admission.participant;
        self.whereabouts.remove(&id);
        self.expiries.remove(&(gone.expires, id));
        if let Some(route) = gone.route {
            self.flows.remove(&FlowKey::of_pass(&route.pass, route.local));
        }
    }

    fn close(&mut self, name: &Name) {
        if let Some(room) = self.rooms.remove(name) {
            self.room_names.remove(&room.id);
            let tenant = Arc::clone(&room.fence.terms().tenant);
            self.note(Event::RoomClosed { room: name.clone(), tenant });
        }
    }

    fn guest(&self, room: &Name, participant: &Name) -> Option<Guest> {
        self.rooms.get(room).map(|here| here.guest(room, participant))
    }

    /// Changes with whatever outlives the relay: a number that stands still means that nothing has.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    fn tell_all(&mut self, command: Command) {
        self.changes += 1;
        self.commands.push_back((Target::All, command));
    }

    fn tell(&mut self, shard: ShardId, command: Command) {
        self.changes += 1;
        self.commands.push_back((Target::One(shard), command));
    }

    /// An unread log must not fill memory: the oldest event goes.
    fn note(&mut self, event: Event) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
            self.events_lost += 1;
        }
        self.events.push_back(event);
    }

    fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
