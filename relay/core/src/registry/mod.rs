//! The single writer of rooms: who is in which, where they are, who owns which SSRC. It runs on the
//! control thread; shards report to it and it tells all of them what it decided.

mod allocations;
mod event;
mod join;
mod ports;
mod reports;
mod room;
mod seats;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use ahash::RandomState;
use ringfence_fence::{Epoch, Policy};

use self::allocations::Allocations;
pub use self::allocations::{AllocationView, PortCount, RelayPorts};
pub use self::event::{Event, LeaveCause};
pub use self::join::{Join, JoinError, Joined, OwnedSsrc};
use self::room::{Participant, Room};
pub use self::view::{ParticipantView, RoomView};
use crate::flow::FlowKey;
use crate::identity::{Name, ParticipantId, RoomId, ShardId};
use crate::limits::{EVENTS_MAX, Limits, TenantQuota};
use crate::message::{Command, Target};
use crate::random::{Csprng, Seed};
use crate::time::Instant;

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
    adopted: Vec<Epoch>,
    commands: VecDeque<(Target, Command)>,
    events: VecDeque<Event>,
    last_id: u64,
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
            last_id: 0,
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

    /// Puts a policy in force on all shards; [`Registry::adopted_everywhere`] says when it is.
    pub fn adopt(&mut self, policy: Arc<Policy>) {
        for room in self.rooms.values_mut() {
            let name = room.fence.map_or("", |fence| self.policy.fence_name(fence));
            room.fence = policy.fence_id(name);
        }
        self.policy = Arc::clone(&policy);
        self.commands.push_back((Target::All, Command::Adopt(policy)));
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

    fn remove(&mut self, room_name: &Name, name: &Name, cause: LeaveCause) -> bool {
        let Some(room) = self.rooms.get_mut(room_name) else {
            return false;
        };
        let Some(gone) = room.remove(name) else {
            return false;
        };
        let closed = room.participants.is_empty();
        self.forget(&gone);
        self.tell_all(Command::Dismiss(gone.admission.participant));
        let (room, participant) = (room_name.clone(), name.clone());
        self.note(Event::Left { room, participant, cause });
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
            self.note(Event::RoomClosed { room: name.clone() });
        }
    }

    fn tell_all(&mut self, command: Command) {
        self.commands.push_back((Target::All, command));
    }

    fn tell(&mut self, shard: ShardId, command: Command) {
        self.commands.push_back((Target::One(shard), command));
    }

    /// An unread log must not fill memory: the oldest event goes.
    fn note(&mut self, event: Event) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
