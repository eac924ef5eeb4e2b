//! A relay without sockets: engines, one registry, and mailboxes between them.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use ringfence_core::{
    Command, Counters, Effect, Engine, EngineSetup, Event, Instant, Join, JoinError, Joined,
    Limits, Name, NarrowError, Narrowed, NarrowingNumber, PATH_CHECK_INTERVAL, ParticipantId,
    Registry, RegistrySetup, RelayPorts, RoomId, RoomReport, Scrutiny, ShardId, Target,
    TenantQuota, Traffic, Verdict,
};
use ringfence_fence::{Epoch, Policy, RoomRegions};
use ringfence_wire::datagram::LocalSocket;

use super::batch::{Collector, Packet, Sent, Train};
use super::dice::Dice;
use super::mailbox::Mailbox;

/// Letters one mailbox holds.
const LETTERS_MAX: usize = 4096;

/// Most commands that one request or report can cause: a route, and one for each SSRC owned.
const COMMANDS_OF_ONE_TURN_MAX: usize = 80;

/// What a relay starts with.
pub struct RelaySetup {
    /// Shards, at least one.
    pub shards: u16,
    /// Limits of engines and registry.
    pub limits: Limits,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// How long letters between shards and registry are under way, in milliseconds.
    pub mail_ms: RangeInclusive<u64>,
    /// What each tenant may have, where it is limited.
    pub quotas: BTreeMap<String, TenantQuota>,
}

/// Engines and registry.
pub struct SimRelay {
    shards: Vec<Shard>,
    registry: Registry,
    scrutiny: Scrutiny,
    dice: Dice,
    mail_ms: RangeInclusive<u64>,
    salt: u64,
    answered: Epoch,
    /// The last narrowing that was answered.
    narrowed: NarrowingNumber,
    narrowings: NarrowingNumber,
    rooms: HashMap<ParticipantId, RoomId>,
    /// What left since it was last taken.
    outgoing: Vec<Out>,
    /// What was told to have been carried for all participants.
    pub carried: Traffic,
    /// Everything the registry had to tell.
    pub events: Vec<Event>,
    /// Answers to surveys.
    pub reports: Vec<(ShardId, RoomReport)>,
}

/// What a shard put out, and under which policy it worked.
#[derive(Debug)]
pub struct Out {
    /// Which shard.
    pub shard: usize,
    /// The newer of the policy that this shard works by and the one whose adoption was answered.
    pub epoch: Epoch,
    /// The later of the narrowing that this shard works by and the one that was answered.
    pub narrowing: NarrowingNumber,
    /// What left.
    pub sent: Sent,
}

struct Shard {
    id: ShardId,
    engine: Engine,
    commands: Mailbox<Command>,
    effects: Mailbox<Effect>,
    epoch: Epoch,
    narrowing: NarrowingNumber,
    roster: HashMap<ParticipantId, RoomId>,
}

impl SimRelay {
    /// A relay with no rooms.
    pub fn new(setup: &RelaySetup, mut dice: Dice) -> Self {
        let shards = (0..setup.shards)
            .map(|number| Shard::new(ShardId(number), setup, dice.bytes()))
            .collect();
        let registry = Registry::new(RegistrySetup {
            shards: setup.shards,
            limits: setup.limits,
            quotas: setup.quotas.clone(),
            policy: Arc::clone(&setup.policy),
            relay_ports: RelayPorts::none(),
            seed: dice.bytes(),
        });
        Self {
            shards,
            registry,
            salt: dice.number(),
            dice,
            mail_ms: setup.mail_ms.clone(),
            answered: setup.policy.epoch(),
            narrowed: NarrowingNumber::default(),
            narrowings: NarrowingNumber::default(),
            carried: Traffic::default(),
            rooms: HashMap::new(),
            outgoing: Vec::new(),
            events: Vec::new(),
            reports: Vec::new(),
            scrutiny: Scrutiny::new([9; 32]),
        }
    }

    /// The registry, to look at.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The shard that the kernel's hash of the 4-tuple picks.
    pub fn shard_of(&self, remote: SocketAddr, local: LocalSocket) -> usize {
        let mut hasher = DefaultHasher::new();
        (self.salt, remote.ip().to_canonical(), remote.port(), local).hash(&mut hasher);
        usize::try_from(hasher.finish() % self.shards.len() as u64).unwrap_or_default()
    }

    /// Lets someone in.
    ///
    /// # Errors
    /// As [`Registry::join`].
    pub fn join(&mut self, now: Instant, join: &Join) -> Result<Joined, JoinError> {
        let joined = self.registry.join(now, join);
        self.post_commands(now);
        joined
    }

    /// Ends a stay.
    pub fn leave(&mut self, now: Instant, room: &Name, participant: &Name) -> bool {
        let left = self.registry.leave(room, participant);
        self.post_commands(now);
        left
    }

    /// Begins to put a policy in force.
    pub fn adopt(&mut self, now: Instant, policy: Arc<Policy>) {
        self.registry.adopt(policy);
        self.post_commands(now);
    }

    /// Begins to narrow a room.
    ///
    /// # Errors
    /// As [`Registry::narrow`].
    pub fn narrow(
        &mut self,
        now: Instant,
        room: &Name,
        regions: &RoomRegions,
    ) -> Result<Narrowed, NarrowError> {
        let narrowed = self.registry.narrow(room, regions);
        if let Ok(narrowed) = &narrowed {
            self.narrowings = narrowed.number;
        }
        self.post_commands(now);
        narrowed
    }

    /// Asks all shards what they carried.
    pub fn settle(&mut self, now: Instant) {
        self.registry.settle();
        self.post_commands(now);
    }

    /// The policy whose adoption has been answered: in force everywhere.
    pub fn answered(&self) -> Epoch {
        self.answered
    }

    /// Asks all shards about a room.
    pub fn survey(&mut self, now: Instant, room: &Name, token: u64) -> bool {
        let known = self.registry.survey(room, token);
        self.post_commands(now);
        known
    }

    /// The room of a stay, gone ones included.
    pub fn room_of(&self, participant: ParticipantId) -> Option<RoomId> {
        self.rooms.get(&participant).copied()
    }

    /// Whether this shard knows the stay.
    pub fn knows(&self, shard: usize, participant: ParticipantId) -> bool {
        self.shards[shard].roster.contains_key(&participant)
    }

    /// How many are in the room of this stay, as far as this shard knows.
    pub fn room_size(&self, shard: usize, participant: ParticipantId) -> usize {
        let roster = &self.shards[shard].roster;
        let room = roster.get(&participant);
        roster.values().filter(|other| Some(*other) == room).count()
    }

    /// Hands a shard the datagrams that arrived for it.
    pub fn receive(&mut self, now: Instant, shard: usize, packets: Vec<Packet>) {
        let trains = Train::couple(packets);
        let mut collector = Collector::default();
        let datagrams = trains.iter().map(Train::datagram);
        self.shards[shard].engine.handle_batch(now, datagrams, &mut collector);
        self.after_turn(now, shard, collector);
    }

    /// Judges what the shards copied of packets, as the control thread does.
    pub fn scrutinise(&mut self, now: Instant) {
        for number in 0..self.shards.len() {
            while let Some(sample) = self.shards[number].engine.poll_sample() {
                if let Verdict::Found(how) = self.scrutiny.judge(now, &sample) {
                    self.registry.on_unencrypted(sample.flow, how);
                    self.post_commands(now);
                }
            }
        }
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<Instant> {
        let mail = self.shards.iter().flat_map(|shard| {
            [shard.commands.next_due(), shard.effects.next_due(), shard.engine.next_timeout()]
        });
        mail.chain([self.registry.next_timeout()]).flatten().min()
    }

    /// Does one thing that is due; false when nothing is.
    pub fn step(&mut self, now: Instant) -> bool {
        self.control_turn(now) || (0..self.shards.len()).any(|shard| self.shard_turn(now, shard))
    }

    /// What has left since the last call.
    pub fn take_outgoing(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.outgoing)
    }

    /// The registry, to ask it something that sends no letters.
    pub fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Each shard's counters and parked packets.
    pub fn counters(&self) -> impl Iterator<Item = (&Counters, usize)> {
        self.shards.iter().map(|shard| (shard.engine.counters(), shard.engine.parked()))
    }

    fn control_turn(&mut self, now: Instant) -> bool {
        let expired = self.registry.next_timeout().is_some_and(|due| due <= now);
        if expired {
            self.registry.handle_timeout(now);
            self.post_commands(now);
        }
        let effect = self
            .shards
            .iter_mut()
            .find_map(|shard| shard.effects.take(now).map(|effect| (shard.id, effect)));
        let Some((shard, effect)) = effect else {
            return expired;
        };
        self.registry.on_effect(now, shard, &effect);
        if let Effect::Report(report) = effect {
            self.reports.push((shard, *report));
        }
        self.post_commands(now);
        true
    }

    fn post_commands(&mut self, now: Instant) {
        if self.registry.adopted_everywhere() {
            self.answered = self.registry.policy().epoch();
        }
        if self.registry.narrowed_everywhere(self.narrowings) {
            self.narrowed = self.narrowings;
        }
        while let Some((target, command)) = self.registry.poll_command() {
            if let Command::Admit(admission) = &command {
                self.rooms.insert(admission.participant, admission.room);
            }
            for shard in &mut self.shards {
                if target == Target::All || target == Target::One(shard.id) {
                    let delay = Duration::from_millis(self.dice.within(&self.mail_ms));
                    shard.commands.post(now, delay, command.clone());
                }
            }
        }
        while let Some(event) = self.registry.poll_event() {
            if let Event::Carried { traffic, .. } = &event {
                self.carried += *traffic;
            }
            self.events.push(event);
        }
    }

    /// A shard's turn without packets: all its letters, then what is due.
    fn shard_turn(&mut self, now: Instant, number: usize) -> bool {
        let shard = &mut self.shards[number];
        let mut busy = false;
        while let Some(command) = shard.commands.take(now) {
            shard.apply(now, command);
            busy = true;
        }
        let due = shard.engine.next_timeout().is_some_and(|due| due <= now);
        if !busy && !due {
            return false;
        }
        let mut collector = Collector::default();
        shard.engine.handle_timeout(now, &mut collector);
        let due = shard.engine.next_timeout().filter(|due| *due <= now);
        assert_eq!(due, None, "a timeout that was handled is not due again");
        self.after_turn(now, number, collector);
        true
    }

    fn after_turn(&mut self, now: Instant, number: usize, collector: Collector) {
        let shard = &mut self.shards[number];
        while let Some(effect) = shard.engine.poll_effect() {
            let delay = Duration::from_millis(self.dice.within(&self.mail_ms));
            shard.effects.post(now, delay, effect);
        }
        shard.assert_all_accounted_for();
        let epoch = shard.epoch.max(self.answered);
        let narrowing = shard.narrowing.max(self.narrowed);
        let outs = collector.0.into_iter();
        let outs = outs.map(|sent| Out { shard: number, epoch, narrowing, sent });
        self.outgoing.extend(outs);
    }

    /// Whether a request of the control side finds room in every mailbox.
    pub fn is_open(&self) -> bool {
        self.shards.iter().all(|shard| shard.commands.has_room_for(COMMANDS_OF_ONE_TURN_MAX))
    }
}

impl Shard {
    fn new(id: ShardId, setup: &RelaySetup, seed: [u8; 32]) -> Self {
        let limits = Limits {
            other_port_interval: PATH_CHECK_INTERVAL * setup.shards.into(),
            ..setup.limits
        };
        let policy = Arc::clone(&setup.policy);
        let engine = Engine::new(EngineSetup { shard: id, limits, policy, turn: None, seed });
        Self {
            id,
            engine,
            commands: Mailbox::new(LETTERS_MAX),
            effects: Mailbox::new(LETTERS_MAX),
            epoch: setup.policy.epoch(),
            narrowing: NarrowingNumber::default(),
            roster: HashMap::new(),
        }
    }

    fn apply(&mut self, now: Instant, command: Command) {
        match &command {
            Command::Admit(admission) => {
                self.roster.insert(admission.participant, admission.room);
            }
            Command::Dismiss(participant) => {
                self.roster.remove(participant);
            }
            Command::Adopt(policy) => self.epoch = policy.epoch(),
            Command::Narrow { number, .. } => self.narrowing = *number,
            _ => {}
        }
        self.engine.apply(now, command);
    }

    fn assert_all_accounted_for(&self) {
        let counters = self.engine.counters();
        let known = counters.ended() + self.engine.parked() as u64;
        assert_eq!(
            counters.received, known,
            "every datagram ends in one counted way: {counters:?}"
        );
    }
}
