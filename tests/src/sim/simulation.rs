//! Relay, network and endpoints under one virtual clock.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringfence_core::{
    Instant, Join, JoinError, Joined, Limits, Name, NarrowError, Narrowed, NarrowingNumber,
    ParticipantId, TenantQuota,
};
use ringfence_fence::{Policy, PolicyDraft, PolicyError, RoomRegions};
use ringfence_wire::datagram::LocalSocket;

use super::addresses::folded;
use super::batch::{Packet, Sent};
use super::dice::Dice;
use super::endpoint::{Endpoint, EndpointId, Stay, connectivity_check};
use super::judge::{Case, Judge};
use super::media::{Media, MediaId};
use super::network::{Arrival, Network, Weather};
use super::policy_book::PolicyBook;
use super::relay::{RelaySetup, SimRelay};
use super::trace::Trace;

/// What a simulation starts with.
pub struct Setup {
    /// The one number that everything follows from.
    pub seed: u64,
    /// The first policy.
    pub policy: PolicyDraft,
    /// Shards of the relay.
    pub shards: u16,
    /// Limits of the relay.
    pub limits: Limits,
    /// How long letters between shards and registry are under way, in milliseconds.
    pub mail_ms: std::ops::RangeInclusive<u64>,
    /// What each tenant may have, where it is limited.
    pub quotas: BTreeMap<String, TenantQuota>,
    /// Whether to write down what happens.
    pub traced: bool,
}

impl Setup {
    /// A relay of two shards in the small world, with the limits of a real one but for a smaller
    /// parking place.
    pub fn small_world(seed: u64) -> Self {
        Self {
            seed,
            policy: super::drafts::small_world(),
            shards: 2,
            limits: Limits { parked_packets_max: 64, ..Limits::default() },
            mail_ms: 0..=3,
            quotas: BTreeMap::new(),
            traced: false,
        }
    }
}

/// A small world.
pub struct Simulation {
    now: Instant,
    relay: SimRelay,
    network: Network,
    endpoints: Vec<Endpoint>,
    bound: HashMap<SocketAddr, EndpointId>,
    /// Left behind by someone, and to the relay still theirs until consent ends: whoever sends from
    /// there is no stranger.
    vacated: HashSet<SocketAddr>,
    dice: Dice,
    /// Knows what was sent, judges what comes out.
    pub judge: Judge,
    /// All policies so far.
    pub book: PolicyBook,
    /// What happened, if it is written down.
    pub trace: Trace,
}

impl Simulation {
    /// Starts a relay.
    ///
    /// # Panics
    /// If the policy contradicts itself.
    pub fn new(setup: Setup) -> Self {
        let mut dice = Dice::new(setup.seed);
        let mut book = PolicyBook::default();
        let policy = book.add(setup.policy).expect("a policy without contradictions");
        let relay_setup = RelaySetup {
            shards: setup.shards,
            limits: setup.limits,
            policy,
            mail_ms: setup.mail_ms,
            quotas: setup.quotas,
        };
        Self {
            now: Instant::START,
            relay: SimRelay::new(&relay_setup, dice.fork()),
            network: Network::new(dice.fork()),
            endpoints: Vec::new(),
            bound: HashMap::new(),
            vacated: HashSet::new(),
            dice,
            judge: Judge::default(),
            book,
            trace: Trace::new(setup.traced),
        }
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The relay, to look at.
    pub fn relay(&self) -> &SimRelay {
        &self.relay
    }

    /// The relay, to ask it something.
    pub fn relay_mut(&mut self) -> &mut SimRelay {
        &mut self.relay
    }

    /// Chance for whoever directs the simulation.
    pub fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// Changes what the network does.
    pub fn set_weather(&mut self, weather: Weather) {
        self.network.weather = weather;
    }

    /// Lets time pass, and all that happens in it.
    pub fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(next) = self.next_due().filter(|due| *due <= until) {
            self.now = self.now.max(next);
            self.turn();
        }
        self.now = until;
    }

    /// Judges what the relay's shards copied of packets so far.
    pub fn scrutinise(&mut self) {
        self.relay.scrutinise(self.now);
    }

    /// Long enough for all datagrams and letters under way to arrive.
    pub fn settle(&mut self) {
        self.pass(Duration::from_millis(200));
    }

    /// A new endpoint.
    pub fn endpoint(&mut self, address: SocketAddr) -> EndpointId {
        let id = EndpointId(self.endpoints.len());
        self.endpoints.push(Endpoint::new(address, LocalSocket::Listen(0)));
        self.bound.insert(folded(address), id);
        id
    }

    /// What an endpoint has seen.
    pub fn at(&self, endpoint: EndpointId) -> &Endpoint {
        &self.endpoints[endpoint.0]
    }

    /// An endpoint, to change its ways.
    pub fn at_mut(&mut self, endpoint: EndpointId) -> &mut Endpoint {
        &mut self.endpoints[endpoint.0]
    }

    /// Whether an address is free to be taken.
    pub fn is_free(&self, address: SocketAddr) -> bool {
        let address = folded(address);
        !self.bound.contains_key(&address) && !self.vacated.contains(&address)
    }

    /// The endpoint's network changes: what goes to the old address is lost from now on.
    pub fn rebind(&mut self, endpoint: EndpointId, address: SocketAddr) {
        let old = std::mem::replace(&mut self.endpoints[endpoint.0].address, address);
        self.trace.note(self.now, || format!("{endpoint:?} moves from {old} to {address}"));
        self.bound.remove(&folded(old));
        self.vacated.insert(folded(old));
        self.bound.insert(folded(address), endpoint);
    }

    /// Asks the registry for a place and gives it to the endpoint.
    ///
    /// # Errors
    /// As [`ringfence_core::Registry::join`].
    pub fn join(&mut self, endpoint: EndpointId, join: &Join) -> Result<Joined, JoinError> {
        assert!(self.relay.is_open(), "mailboxes have room");
        let joined = self.relay.join(self.now, join);
        let (room, name) = (join.room.clone(), join.participant.clone());
        self.trace.note(self.now, || {
            let outcome = joined.as_ref().map(|joined| joined.participant);
            format!("{endpoint:?} joins {room} as {name}: {outcome:?}")
        });
        let joined = joined?;
        let fence = self.relay.registry().room(&room).map(|view| view.terms.fence.to_string());
        self.judge.joined(join, &joined, &fence.unwrap_or_default());
        if let Some(id) = self.relay.room_of(joined.participant) {
            self.judge.narrowed(id, NarrowingNumber::default(), &join.regions);
        }
        self.endpoints[endpoint.0].stay = Some(Stay {
            participant: joined.participant,
            room,
            name,
            credentials: joined.credentials.clone(),
            ice: join.ice.clone(),
            expires: joined.expires,
        });
        Ok(joined)
    }

    /// Ends a stay.
    pub fn leave(&mut self, room: &Name, participant: &Name) -> bool {
        self.trace.note(self.now, || format!("{participant} leaves {room}"));
        self.relay.leave(self.now, room, participant)
    }

    /// Puts a policy in force, as a reload does; it is so once time has passed.
    ///
    /// # Errors
    /// The policy contradicts itself: the old one stays.
    pub fn adopt(&mut self, draft: PolicyDraft) -> Result<Arc<Policy>, Vec<PolicyError>> {
        let policy = self.book.add(draft)?;
        self.trace.note(self.now, || format!("policy {} is on its way", policy.epoch()));
        self.relay.adopt(self.now, Arc::clone(&policy));
        Ok(policy)
    }

    /// Narrows a room, as its host asks; it is so on every shard once time has passed.
    ///
    /// # Errors
    /// As [`ringfence_core::Registry::narrow`].
    pub fn narrow(&mut self, room: &Name, regions: &RoomRegions) -> Result<Narrowed, NarrowError> {
        let narrowed = self.relay.narrow(self.now, room, regions);
        self.trace.note(self.now, || format!("{room} leaves out {regions:?}: {narrowed:?}"));
        let narrowed = narrowed?;
        let someone = self.relay.registry().participants(room).next();
        if let Some(id) = someone.and_then(|view| self.relay.room_of(view.id)) {
            self.judge.narrowed(id, narrowed.number, regions);
        }
        Ok(narrowed)
    }

    /// Asks all shards what they carried; it is told once time has passed.
    pub fn settle_traffic(&mut self) {
        self.relay.settle(self.now);
    }

    /// The endpoint sends checks by itself from now on, or stops.
    pub fn check_every(&mut self, endpoint: EndpointId, every: Option<Duration>) {
        let before = std::mem::replace(&mut self.endpoints[endpoint.0].checks_every, every);
        if let (None, Some(_)) = (before, every) {
            self.network.schedule(self.now, Arrival::Timer(endpoint));
        }
    }

    /// The endpoint sends one connectivity check, if it has credentials.
    pub fn check(&mut self, endpoint: EndpointId) {
        let transaction = self.dice.bytes();
        let who = &mut self.endpoints[endpoint.0];
        if let Some(stay) = &who.stay {
            let bytes = connectivity_check(stay, transaction);
            who.last_check = Some(bytes.clone());
            let (from, local) = (who.address, who.local);
            self.send(from, local, bytes);
        }
    }

    /// The endpoint sends a media packet; as a participant, if it is one.
    pub fn speak(&mut self, endpoint: EndpointId, media: Media) -> MediaId {
        let who = &self.endpoints[endpoint.0];
        let (from, local) = (who.address, who.local);
        let speaker = who.stay.as_ref().map(|stay| stay.participant);
        self.speak_from(from, local, speaker, media)
    }

    /// A media packet with this source, truly sent by `speaker` or by a stranger.
    pub fn speak_from(
        &mut self,
        from: SocketAddr,
        local: LocalSocket,
        speaker: Option<ParticipantId>,
        media: Media,
    ) -> MediaId {
        let noise: [u8; 40] = self.dice.bytes();
        let noise = &noise[..8 * self.dice.below(6)];
        self.utter((from, local), speaker, media, noise)
    }

    /// The endpoint sends a media packet whose payload begins with these bytes.
    pub fn speak_bytes(&mut self, endpoint: EndpointId, media: Media, bytes: &[u8]) -> MediaId {
        let who = &self.endpoints[endpoint.0];
        let speaker = who.stay.as_ref().map(|stay| stay.participant);
        self.utter((who.address, who.local), speaker, media, bytes)
    }

    fn utter(
        &mut self,
        (from, local): (SocketAddr, LocalSocket),
        speaker: Option<ParticipantId>,
        media: Media,
        noise: &[u8],
    ) -> MediaId {
        let id = MediaId(self.dice.number());
        let bytes = media.packet(id, noise);
        self.judge.spoken(id, media, speaker, from, &bytes, &mut self.book);
        self.send(from, local, bytes);
        id
    }

    /// Sends any datagram from any address.
    pub fn send(&mut self, from: SocketAddr, local: LocalSocket, bytes: Vec<u8>) {
        self.judge.offered(from, &bytes, &mut self.book);
        self.trace.note(self.now, || format!("{from} sends {}", super::trace::brief(&bytes)));
        let packet = Packet { from, local, bytes };
        self.network.send(self.now, || Arrival::AtRelay(packet.clone()));
    }

    fn next_due(&self) -> Option<Instant> {
        let due = [self.network.next_due(), self.relay.next_due()];
        due.into_iter().flatten().min()
    }

    fn turn(&mut self) {
        while self.relay.step(self.now) {
            self.dispatch();
        }
        let mut arrived: HashMap<usize, Vec<Packet>> = HashMap::new();
        while let Some(arrival) = self.network.take(self.now) {
            match arrival {
                Arrival::AtRelay(packet) => {
                    self.judge.arrived(&packet.bytes);
                    let shard = self.relay.shard_of(packet.from, packet.local);
                    arrived.entry(shard).or_default().push(packet);
                }
                Arrival::AtEndpoint(address, bytes) => self.reach(address, &bytes),
                Arrival::Timer(endpoint) => self.timer(endpoint),
            }
        }
        let mut batches: Vec<_> = arrived.into_iter().collect();
        batches.sort_by_key(|(shard, _)| *shard);
        for (shard, packets) in batches {
            self.relay.receive(self.now, shard, packets);
            self.dispatch();
        }
    }

    /// Judges what the relay sent and puts it on its way.
    fn dispatch(&mut self) {
        for out in self.relay.take_outgoing() {
            let mut case = Case { relay: &self.relay, book: &mut self.book };
            self.judge.judge(&out, &mut case);
            let Sent { bytes, to, .. } = out.sent;
            self.trace.note(self.now, || {
                format!("shard {} sends {to} {}", out.shard, super::trace::brief(&bytes))
            });
            self.network.send(self.now, || Arrival::AtEndpoint(to, bytes.clone()));
        }
    }

    fn reach(&mut self, address: SocketAddr, bytes: &[u8]) {
        let Some(&endpoint) = self.bound.get(&address) else {
            return;
        };
        let who = &mut self.endpoints[endpoint.0];
        if let Some(answer) = who.hear(self.now, bytes) {
            let (from, local) = (who.address, who.local);
            self.send(from, local, answer);
        }
    }

    fn timer(&mut self, endpoint: EndpointId) {
        if let Some(every) = self.endpoints[endpoint.0].checks_every {
            self.check(endpoint);
            self.network.schedule(self.now + every, Arrival::Timer(endpoint));
        }
    }
}
