//! Engines, one registry, mailboxes between them and a table of sockets below them.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use ringfence_core::{
    Accounts, Command, Counters, Cuts, Effect, Event, Family, Instant, Limits, PortCount, Registry,
    RegistrySetup, RelayPorts, Scrutiny, ShardId, Target, TenantQuota, Traffic, TurnCommand,
    TurnEffect, TurnHoldings, Verdict,
};
use ringfence_fence::{Epoch, Policy, PolicyDraft};
use ringfence_wire::datagram::LocalSocket;

use super::drafts::{RELAY_4, RELAY_6, turn_world};
use super::judge::Judge;
use super::shard::Shard;
use super::sockets::{Numbers, Sent, SocketTable, TurnOutbox};
use crate::sim::batch::{Packet, Train};
use crate::sim::dice::Dice;

/// Streams that one shard numbers.
const STREAMS_PER_SHARD: u32 = 10_000;

/// What a world starts with.
#[derive(Clone)]
pub struct Setup {
    /// All chance in it.
    pub seed: u64,
    /// Shards, at least one.
    pub shards: u16,
    /// How long letters between shards and registry are under way, in milliseconds.
    pub mail_ms: RangeInclusive<u64>,
    /// Limits of engines and registry.
    pub limits: Limits,
    /// The policy in force.
    pub policy: PolicyDraft,
    /// What each tenant may have, where it is limited.
    pub quotas: BTreeMap<String, TenantQuota>,
    /// Addresses to relay from.
    pub addresses: Vec<IpAddr>,
    /// Ports on each of them.
    pub ports: RangeInclusive<u16>,
    /// Families that are served.
    pub families: Vec<Family>,
    /// Servers to try instead.
    pub alternates: Vec<SocketAddr>,
    /// REALM.
    pub realm: String,
    /// Who may allocate.
    pub accounts: Arc<Accounts>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 7,
            shards: 2,
            mail_ms: 0..=5,
            limits: Limits::default(),
            policy: turn_world(),
            quotas: BTreeMap::new(),
            addresses: [RELAY_4, RELAY_6].map(|ip| ip.parse().expect("an ip")).into(),
            ports: 50_000..=50_999,
            families: vec![Family::Ipv4, Family::Ipv6],
            alternates: Vec::new(),
            realm: super::client::REALM_TEXT.to_owned(),
            accounts: super::client::accounts(),
        }
    }
}

/// The time of day when a world begins, since 1970.
pub const UNIX_START: Duration = Duration::from_secs(1_700_000_000);

/// A relay, and everybody who talks to it.
pub struct World {
    /// What time it is.
    pub now: Instant,
    /// The host's sockets.
    pub sockets: SocketTable,
    /// Looks at all that leaves.
    pub judge: Judge,
    /// What the registry had to tell.
    pub events: Vec<Event>,
    /// Letters that shards were sent.
    pub letters_posted: u64,
    /// Whether the books are checked whenever all is quiet.
    pub audited: bool,
    shards: Vec<Shard>,
    registry: Registry,
    scrutiny: Scrutiny,
    dice: Dice,
    salt: u64,
    mail_ms: RangeInclusive<u64>,
    ports_total: usize,
    inbox: HashMap<SocketAddr, Vec<Sent>>,
    streams: HashMap<LocalSocket, SocketAddr>,
    stream_numbers: Vec<Numbers>,
    newest: Epoch,
}

impl World {
    /// A world in which nobody has allocated anything.
    ///
    /// # Panics
    /// If the policy is none.
    pub fn new(setup: &Setup) -> Self {
        let mut dice = Dice::new(setup.seed);
        let mut judge = Judge::default();
        let newest = judge.add(&setup.policy);
        let policy = Arc::new(Policy::compile(&setup.policy, newest).expect("a policy"));
        let registry = Registry::new(RegistrySetup {
            shards: setup.shards,
            limits: setup.limits,
            quotas: setup.quotas.clone(),
            policy: Arc::clone(&policy),
            relay_ports: RelayPorts {
                addresses: setup.addresses.clone(),
                ports: setup.ports.clone(),
            },
            seed: dice.bytes(),
        });
        let shards = (0..setup.shards).map(|n| Shard::new(n, setup, &policy, dice.bytes()));
        let shards: Vec<Shard> = shards.collect();
        let first_streams = (0..setup.shards).map(|shard| u32::from(shard) * STREAMS_PER_SHARD);
        Self {
            now: Instant::START,
            sockets: SocketTable::default(),
            judge,
            events: Vec::new(),
            letters_posted: 0,
            audited: true,
            stream_numbers: first_streams.map(Numbers::from).collect(),
            shards,
            ports_total: registry.ports().free,
            registry,
            scrutiny: Scrutiny::new([9; 32]),
            salt: dice.number(),
            dice,
            mail_ms: setup.mail_ms.clone(),
            inbox: HashMap::new(),
            streams: HashMap::new(),
            newest,
        }
    }

    /// The shard that the kernel's hash of the 4-tuple picks.
    pub fn shard_of(&self, remote: SocketAddr, local: LocalSocket) -> usize {
        if let LocalSocket::Stream(number) = local {
            return (number / STREAMS_PER_SHARD) as usize;
        }
        let mut hasher = DefaultHasher::new();
        (self.salt, remote.ip().to_canonical(), remote.port(), local).hash(&mut hasher);
        usize::try_from(hasher.finish() % self.shards.len() as u64).unwrap_or_default()
    }

    /// One datagram arrives at a listening socket or on a stream, and is dealt with.
    pub fn send(&mut self, from: SocketAddr, local: LocalSocket, bytes: &[u8]) {
        self.send_all(from, local, &[bytes.to_vec()]);
    }

    /// Datagrams of one source arrive together.
    pub fn send_all(&mut self, from: SocketAddr, local: LocalSocket, datagrams: &[Vec<u8>]) {
        let packet = |bytes: &Vec<u8>| Packet { from, local, bytes: bytes.clone() };
        let shard = self.shard_of(from, local);
        self.receive(shard, datagrams.iter().map(packet).collect());
        self.judge.rest();
    }

    /// A peer sends to a relayed address; false if nobody has it.
    pub fn peer_sends(
        &mut self,
        from: SocketAddr,
        relayed: SocketAddr,
        payloads: &[Vec<u8>],
    ) -> bool {
        let Some((shard, number)) = self.sockets.at(relayed) else {
            return false;
        };
        let local = LocalSocket::Relayed(number);
        let packet = |bytes: &Vec<u8>| Packet { from, local, bytes: bytes.clone() };
        self.receive(shard, payloads.iter().map(packet).collect());
        self.judge.rest();
        true
    }

    /// Someone connects; `None` if the relay hangs up at once.
    pub fn connect(&mut self, remote: SocketAddr) -> Option<LocalSocket> {
        let shard = self.shard_of(remote, LocalSocket::Listen(9));
        if !self.shards[shard].engine.accept(remote) {
            return None;
        }
        let number = self.stream_numbers[shard].take();
        self.streams.insert(LocalSocket::Stream(number), remote);
        Some(LocalSocket::Stream(number))
    }

    /// A connection ends.
    pub fn hang_up(&mut self, stream: LocalSocket) {
        let shard = self.shard_of(([0, 0, 0, 0], 0).into(), stream);
        self.streams.remove(&stream);
        self.shards[shard].engine.closed(stream);
        if let LocalSocket::Stream(number) = stream {
            self.stream_numbers[shard].give_back(number);
            self.sockets.authenticated.remove(&(shard, number));
        }
        self.after_turn(shard, Vec::new());
    }

    /// Whether the relay takes whoever is behind a stream for proven; `None` if it has not said.
    pub fn is_authenticated(&self, stream: LocalSocket) -> Option<bool> {
        let shard = self.shard_of(([0, 0, 0, 0], 0).into(), stream);
        let LocalSocket::Stream(number) = stream else { return None };
        self.sockets.authenticated.get(&(shard, number)).copied()
    }

    /// Begins to put a policy in force; [`World::settle`] ends it.
    ///
    /// # Panics
    /// If the policy is none.
    pub fn adopt(&mut self, draft: &PolicyDraft) {
        self.newest = self.judge.add(draft);
        let policy = Policy::compile(draft, self.newest).expect("a policy");
        self.registry.adopt(Arc::new(policy));
        self.post_commands();
    }

    /// Says who may allocate from now on.
    pub fn set_accounts(&mut self, accounts: Arc<Accounts>) {
        self.registry.set_accounts(accounts);
        self.post_commands();
    }

    /// Has the registry refuse new work, or take it again.
    pub fn set_draining(&mut self, draining: bool) {
        self.registry.set_draining(draining);
    }

    /// As if its shards were too busy, or not any more.
    pub fn set_overloaded(&mut self, overloaded: bool) {
        self.registry.set_overloaded(overloaded);
    }

    /// Puts other quotas in force.
    pub fn set_quotas(&mut self, quotas: BTreeMap<String, TenantQuota>) {
        self.registry.set_quotas(quotas);
    }

    /// What was told to have been carried for each client, all of it.
    ///
    /// # Panics
    /// If an event was lost.
    pub fn carried(&mut self) -> BTreeMap<String, Traffic> {
        self.registry.settle();
        self.post_commands();
        self.settle();
        assert!(self.registry.is_settled() && self.registry.take_events_lost() == 0);
        let mut carried = BTreeMap::<String, Traffic>::new();
        for event in &self.events {
            if let Event::CarriedForClient { who, traffic, .. } = event {
                *carried.entry(who.party.name.to_string()).or_default() += *traffic;
            }
        }
        carried
    }

    /// What the last policy cut.
    pub fn take_cuts(&mut self) -> Cuts {
        self.registry.take_cuts()
    }

    /// Lets all letters arrive, and what is due by then happen.
    pub fn settle(&mut self) {
        while self.step() {}
        while let Some(due) = self.next_letter() {
            self.now = self.now.max(due);
            while self.step() {}
        }
        assert!(self.registry.adopted_everywhere());
        if self.audited {
            self.check_books();
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(due) = self.next_due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            while self.step() {}
        }
        self.now = until;
    }

    /// Judges what the shards copied of packets, as the control thread does.
    pub fn scrutinise(&mut self) {
        for number in 0..self.shards.len() {
            while let Some(sample) = self.shards[number].engine.poll_sample() {
                if let Verdict::Found(how) = self.scrutiny.judge(self.now, &sample) {
                    self.registry.on_unencrypted(sample.flow, how);
                    self.post_commands();
                }
            }
        }
    }

    /// What has arrived at an address since the last call.
    pub fn take(&mut self, address: SocketAddr) -> Vec<Sent> {
        self.inbox.remove(&address).unwrap_or_default()
    }

    /// The first of what has arrived at an address that will do.
    pub fn take_first(
        &mut self,
        address: SocketAddr,
        will_do: impl Fn(&Sent) -> bool,
    ) -> Option<Sent> {
        let inbox = self.inbox.get_mut(&address)?;
        let place = inbox.iter().position(will_do)?;
        Some(inbox.remove(place))
    }

    /// The registry, to look at.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Ports of the relay.
    pub fn ports(&self) -> PortCount {
        self.registry.ports()
    }

    /// Counters of all shards together.
    pub fn counters(&self) -> Counters {
        self.shards.iter().fold(Counters::new(), |sum, shard| sum + *shard.engine.counters())
    }

    /// What each shard holds.
    pub fn holdings(&self) -> Vec<TurnHoldings> {
        self.shards.iter().map(|shard| shard.engine.turn_holdings()).collect()
    }

    /// Whom the shards would have let in by a sieve.
    pub fn admitted(&self) -> Vec<SocketAddr> {
        let admitted = self.shards.iter().flat_map(|shard| shard.engine.admitted());
        admitted.map(|(_, source)| source).collect()
    }

    /// When something is due next, if anything ever is.
    pub fn next_due(&self) -> Option<Instant> {
        let engines = self.shards.iter().map(|shard| shard.engine.next_timeout());
        engines.chain([self.registry.next_timeout(), self.next_letter()]).flatten().min()
    }

    fn next_letter(&self) -> Option<Instant> {
        let mail = |shard: &Shard| [shard.commands.next_due(), shard.effects.next_due()];
        self.shards.iter().flat_map(mail).flatten().min()
    }

    fn receive(&mut self, shard: usize, packets: Vec<Packet>) {
        for packet in &packets {
            self.judge.arrives(packet.from, packet.local, &packet.bytes);
        }
        let trains = Train::couple(packets);
        let mut outbox = TurnOutbox::new(shard, &mut self.sockets);
        let datagrams = trains.iter().map(Train::datagram);
        self.shards[shard].engine.handle_batch(self.now, datagrams, &mut outbox);
        let sent = outbox.sent;
        self.after_turn(shard, sent);
    }

    /// Does what is due; false when nothing is.
    fn step(&mut self) -> bool {
        let control = self.control_turn();
        (0..self.shards.len()).fold(control, |busy, shard| self.shard_turn(shard) || busy)
    }

    fn control_turn(&mut self) -> bool {
        let mut busy = self.registry.next_timeout().is_some_and(|due| due <= self.now);
        if busy {
            self.registry.handle_timeout(self.now);
            self.post_commands();
        }
        for number in 0..self.shards.len() {
            while let Some(effect) = self.shards[number].effects.take(self.now) {
                let shard = ShardId(u16::try_from(number).expect("few shards"));
                self.registry.on_effect(self.now, shard, &effect);
                self.post_commands();
                busy = true;
            }
        }
        busy
    }

    fn post_commands(&mut self) {
        while let Some((target, command)) = self.registry.poll_command() {
            if let Command::Turn(TurnCommand::Granted(grant)) = &command {
                self.judge.granted(grant);
            }
            for (shard, id) in self.shards.iter_mut().zip(0..) {
                if target == Target::All || target == Target::One(ShardId(id)) {
                    let delay = Duration::from_millis(self.dice.within(&self.mail_ms));
                    shard.commands.post(self.now, delay, command.clone());
                    self.letters_posted += 1;
                }
            }
        }
        while let Some(event) = self.registry.poll_event() {
            self.events.push(event);
        }
        let PortCount { free, used, reserved } = self.registry.ports();
        assert_eq!(free + used + reserved, self.ports_total, "{free} + {used} + {reserved}");
    }

    fn shard_turn(&mut self, number: usize) -> bool {
        let shard = &mut self.shards[number];
        let mut busy = false;
        while let Some(command) = shard.commands.take(self.now) {
            if let Command::Adopt(policy) = &command {
                shard.epoch = policy.epoch();
            }
            shard.engine.apply(self.now, command);
            busy = true;
        }
        let due = |shard: &Shard| shard.engine.next_timeout().is_some_and(|due| due <= self.now);
        if !busy && !due(shard) {
            return false;
        }
        let mut outbox = TurnOutbox::new(number, &mut self.sockets);
        shard.engine.handle_timeout(self.now, &mut outbox);
        assert!(!due(shard), "a timeout that was handled is not due again");
        let sent = outbox.sent;
        self.after_turn(number, sent);
        true
    }

    fn after_turn(&mut self, number: usize, sent: Vec<Sent>) {
        let shard = &mut self.shards[number];
        while let Some(effect) = shard.engine.poll_effect() {
            if let Effect::Turn(TurnEffect::Asked(request)) = &effect {
                self.judge.asked(request);
            }
            let delay = Duration::from_millis(self.dice.within(&self.mail_ms));
            shard.effects.post(self.now, delay, effect);
        }
        let (counters, parked) = (shard.engine.counters(), shard.engine.parked() as u64);
        assert_eq!(counters.received, counters.ended() + parked, "{counters:?}");
        let epoch = shard.epoch;
        for sent in sent {
            self.judge.passes(&sent, epoch);
            self.deliver(sent);
        }
    }

    /// To whoever is there: another relayed socket of this host, who is connected, or anybody.
    fn deliver(&mut self, sent: Sent) {
        if let (Some(relayed), Some((shard, number))) = (sent.relayed, self.sockets.at(sent.to)) {
            let local = LocalSocket::Relayed(number);
            return self.receive(shard, vec![Packet { from: relayed, local, bytes: sent.bytes }]);
        }
        if let stream @ LocalSocket::Stream(_) = sent.from {
            let remote = self.streams.get(&stream);
            assert!(remote.is_none_or(|remote| *remote == sent.to), "to a stranger: {sent:?}");
            if remote.is_none() {
                return;
            }
        }
        self.inbox.entry(sent.to).or_default().push(sent);
    }

    /// What must hold when no letter is under way.
    ///
    /// # Panics
    /// If it does not.
    pub fn check_books(&self) {
        assert_eq!(self.ports().used, self.sockets.total(), "each port that is used has a socket");
        let allocations = self.registry.allocations().count();
        for held in self.holdings() {
            assert_eq!((held.neighbours, held.asked), (allocations, 0), "{held:?}");
            assert_eq!(held.timers, held.allocations, "{held:?}");
        }
        let standing = self.counters().allocations;
        assert_eq!(standing, allocations as u64, "registry and shards count the same");
    }
}
