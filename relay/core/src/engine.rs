//! One shard's engine: a batch comes in, a batch goes out.

use std::collections::VecDeque;
use std::sync::Arc;

use arrayvec::ArrayVec;
use std::net::SocketAddr;

use ringfence_fence::{FenceId, Pass, Policy, Refusal, Role, Rule};
use ringfence_wire::datagram::{Datagram, LocalSocket, Outbox};
use ringfence_wire::demux::Kind;
use ringfence_wire::stun::{Class, Message, Method};

use crate::counters::{Counters, DropReason};
use crate::flow::{Egress, FlowKey};
use crate::foresight::Arrival;
use crate::identity::ShardId;
use crate::limits::{EFFECTS_MAX, Limits, RUN_MAX};
use crate::message::{Command, Effect, PeersCut};
use crate::place_index::Hashing;
use crate::random::{Csprng, Seed};
use crate::rooms::{MemberKey, Rooms};
use crate::scrutiny::{Sample, Sampler};
use crate::time::Instant;
use crate::traffic::{Carried, Occasion, Settlement};
use crate::turn::{Ended, Sender, Turn, TurnHoldings, TurnSetup};

/// What an engine starts with.
pub struct EngineSetup {
    /// Which shard it serves.
    pub shard: ShardId,
    /// Its limits.
    pub limits: Limits,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// The TURN door, if there is one.
    pub turn: Option<TurnSetup>,
    /// Randomness for transaction ids and hash keys.
    pub seed: Seed,
}

/// The state machine of one shard.
pub struct Engine {
    context: Context,
    pub(crate) flows: Hashing,
    pub(crate) rooms: Rooms,
    pub(crate) turn: Option<Turn>,
}

/// What every door needs.
pub(crate) struct Context {
    pub(crate) shard: ShardId,
    pub(crate) limits: Limits,
    pub(crate) policy: Arc<Policy>,
    pub(crate) random: Csprng,
    pub(crate) counters: Counters,
    pub(crate) effects: Effects,
    pub(crate) sampler: Sampler,
}

/// Reports that the registry has not fetched yet: bounded, and full is an answer.
pub(crate) struct Effects(VecDeque<Effect>);

/// Neighbouring datagrams of one sender that go to the same listeners.
struct Run<'rx> {
    speaker: Option<MemberKey>,
    datagrams: ArrayVec<&'rx [u8], RUN_MAX>,
}

impl Engine {
    /// An engine with no rooms.
    pub fn new(setup: EngineSetup) -> Self {
        let mut random = Csprng::new(setup.seed);
        let flows = Hashing::new(random.table_keys());
        let rooms = Rooms::new(&setup.limits, flows.clone(), &mut random);
        let turn =
            setup.turn.map(|turn| Turn::new(turn, &setup.limits, flows.clone(), &mut random));
        let sampler = Sampler::new(&mut random);
        let context = Context {
            shard: setup.shard,
            limits: setup.limits,
            policy: setup.policy,
            random,
            counters: Counters::new(),
            effects: Effects(VecDeque::with_capacity(EFFECTS_MAX.min(64))),
            sampler,
        };
        Self { context, flows, rooms, turn }
    }

    /// Judges a batch of datagrams and puts out what follows from them. `now` is read once per
    /// batch by the caller. Packets of one sender reach each listener in the order they came.
    pub fn handle_batch<'rx>(
        &mut self,
        now: Instant,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        self.send_due(now, outbox);
        let mut run = Run { speaker: None, datagrams: ArrayVec::new() };
        let mut received = received.peekable();
        while received.peek().is_some() {
            let arrivals = self.take_in(&mut received);
            self.foresee(&arrivals);
            for arrival in &arrivals {
                self.datagram(now, arrival, &mut run, outbox);
            }
        }
        self.finish(&mut run, outbox);
    }

    /// Does what is due: answers that waited for the registry, expiries.
    pub fn handle_timeout<'rx>(&mut self, now: Instant, outbox: &mut impl Outbox<'rx>) {
        self.send_due(now, outbox);
        self.rooms.expire(&mut self.context, now);
        if let Some(turn) = &mut self.turn {
            let mut egress = Egress::new(outbox, self.context.policy.epoch());
            turn.expire(&mut self.context, now, &mut egress);
        }
    }

    /// Whether a TCP connection from that address may stay: whether anybody here could admit it.
    pub fn accept(&mut self, remote: SocketAddr) -> bool {
        let remote = FlowKey::of_source(remote, LocalSocket::default()).remote;
        self.turn.is_some() && self.context.policy.greet(remote).is_ok()
    }

    /// A stream is gone, and the allocation of the client behind it.
    pub fn closed(&mut self, stream: LocalSocket) {
        if let Some(turn) = &mut self.turn {
            turn.disconnected(&mut self.context, stream);
        }
    }

    /// When [`Engine::handle_timeout`] wants to be called next; in the past means at once.
    pub fn next_timeout(&self) -> Option<Instant> {
        let turn = self.turn.as_ref().and_then(Turn::next_timeout);
        [self.rooms.next_timeout(), turn].into_iter().flatten().min()
    }

    /// Does what the registry asks. What a new policy forbids is cut when this returns.
    pub fn apply(&mut self, now: Instant, command: Command) {
        match command {
            Command::Adopt(policy) => self.adopt(policy),
            Command::Settle(round) => {
                let carried = self.carried();
                self.context.settle(Occasion::Round(round), carried);
            }
            Command::Turn(command) => {
                if let Some(turn) = &mut self.turn {
                    turn.apply(&mut self.context, command);
                }
            }
            other => self.rooms.apply(&mut self.context, now, other),
        }
    }

    /// The next report for the registry.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.context.effects.0.pop_front()
    }

    /// The next packet that was copied for scrutiny. Nobody has to fetch them: what does not fit is
    /// not copied.
    pub fn poll_sample(&mut self) -> Option<Sample> {
        self.context.sampler.poll()
    }

    /// What this shard did so far.
    pub fn counters(&self) -> &Counters {
        &self.context.counters
    }

    /// Datagrams that wait for the registry to say who owns their SSRC.
    pub fn parked(&self) -> usize {
        self.rooms.parked()
    }

    /// Deadlines that this shard watches: none where nobody is.
    pub fn timers(&self) -> usize {
        self.rooms.timers() + self.turn.as_ref().map_or(0, Turn::timers)
    }

    /// Who is in, and at which of this shard's sockets: TURN clients, and participants whose checks come
    /// here.
    pub fn admitted(&self) -> impl Iterator<Item = (LocalSocket, SocketAddr)> {
        let clients = self.turn.iter().flat_map(Turn::clients);
        self.rooms.watched().chain(clients).map(|flow| (flow.local, flow.remote))
    }

    /// What is held for TURN clients.
    pub fn turn_holdings(&self) -> TurnHoldings {
        self.turn.as_ref().map(Turn::held).unwrap_or_default()
    }

    fn send_due<'rx>(&mut self, now: Instant, outbox: &mut impl Outbox<'rx>) {
        self.rooms.send_due(&mut self.context, now, outbox);
        if let Some(turn) = &mut self.turn {
            let mut egress = Egress::new(outbox, self.context.policy.epoch());
            turn.send_due(&mut self.context, now, &mut egress);
        }
    }

    fn adopt(&mut self, policy: Arc<Policy>) {
        let carried = self.carried();
        self.context.settle(Occasion::Change, carried);
        let old = std::mem::replace(&mut self.context.policy, policy);
        self.rooms.adopt(&mut self.context);
        let mut peers_cut = PeersCut::default();
        if let Some(turn) = &mut self.turn {
            peers_cut = turn.adopt(&mut self.context, &old);
        }
        let epoch = self.context.policy.epoch();
        self.context.effects.push_always(Effect::Adopted { epoch, peers_cut });
    }

    /// What was carried and has not been told.
    fn carried(&mut self) -> Vec<Carried> {
        let mut carried = Vec::new();
        self.rooms.settle(&mut carried);
        if let Some(turn) = &mut self.turn {
            turn.settle(&mut carried);
        }
        carried
    }

    fn datagram<'rx>(
        &mut self,
        now: Instant,
        arrival: &Arrival<'rx>,
        run: &mut Run<'rx>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        match arrival.datagram.local {
            LocalSocket::Relayed(_) => self.at_relayed(now, &arrival.datagram, outbox),
            LocalSocket::Listen(_) => self.at_listening(now, arrival, run, outbox),
            LocalSocket::Stream(_) => self.on_stream(now, arrival, outbox),
        }
    }

    /// At a relayed socket: a peer of a TURN client, whatever the bytes look like.
    fn at_relayed<'rx>(
        &mut self,
        now: Instant,
        datagram: &Datagram<'rx>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        if let Some(turn) = &mut self.turn {
            let mut egress = Egress::new(outbox, self.context.policy.epoch());
            turn.peer(&mut self.context, now, datagram, &mut egress);
        }
    }

    /// At a listening socket: participants of rooms and TURN clients, told apart by first bytes.
    fn at_listening<'rx>(
        &mut self,
        now: Instant,
        arrival: &Arrival<'rx>,
        run: &mut Run<'rx>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        let Arrival { kind: first, datagram, flow, hash } = arrival;
        let (mut speaker, mut client, mut first) = (None, None, Some(*first));
        for segment in datagram.segments() {
            self.context.counters.receive_one(segment.len());
            match first.take().unwrap_or_else(|| self.kind(segment)) {
                Kind::Stun => {
                    self.stun(now, *flow, segment, outbox);
                    // It may have ended the allocation, or begun one.
                    client = None;
                }
                kind @ (Kind::Rtp | Kind::Rtcp | Kind::Dtls | Kind::Zrtp) => {
                    let speaker = *speaker.get_or_insert_with(|| self.rooms.speaker(flow, *hash));
                    self.media(now, speaker, kind, segment, run, outbox);
                }
                Kind::TurnChannel => {
                    let client = client.get_or_insert_with(|| self.turn_client(arrival));
                    self.channel_data(now, client.as_mut(), segment, outbox);
                }
                Kind::Quic => self.drop_one(DropReason::NoDoor),
                Kind::Unknown => self.drop_one(DropReason::UnknownProtocol),
            }
        }
    }

    /// On a connection there are TURN clients only.
    fn on_stream<'rx>(
        &mut self,
        now: Instant,
        arrival: &Arrival<'rx>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        let &Arrival { kind, datagram, flow, .. } = arrival;
        let message = datagram.payload;
        self.context.counters.receive_one(message.len());
        match kind {
            Kind::Stun => self.stun(now, flow, message, outbox),
            Kind::TurnChannel => {
                let mut client = self.turn_client(arrival);
                self.channel_data(now, client.as_mut(), message, outbox);
            }
            _ => self.drop_one(DropReason::UnknownProtocol),
        }
    }

    /// RFC 9443's word, but for TURN clients that are older than it where those are served.
    pub(crate) fn kind(&self, datagram: &[u8]) -> Kind {
        let kind = Kind::of(datagram);
        let old = |turn: &Turn| datagram.first().is_some_and(|&byte| turn.takes_old_channels(byte));
        match kind {
            Kind::Quic if self.turn.as_ref().is_some_and(old) => Kind::TurnChannel,
            kind => kind,
        }
    }

    fn turn_client(&self, arrival: &Arrival<'_>) -> Option<Sender> {
        let Arrival { datagram, flow, hash, .. } = arrival;
        let key = self.turn.as_ref()?.client(flow, *hash)?;
        Some(Sender::new(key, datagram.payload.len() > datagram.segment_bytes))
    }

    fn channel_data<'rx>(
        &mut self,
        now: Instant,
        client: Option<&mut Sender>,
        message: &'rx [u8],
        outbox: &mut impl Outbox<'rx>,
    ) {
        let Some(turn) = &mut self.turn else {
            return self.drop_one(DropReason::NoDoor);
        };
        let mut egress = Egress::new(outbox, self.context.policy.epoch());
        if let Err(denial) = turn.channel_data(&mut self.context, now, client, message, &mut egress)
        {
            self.context.counters.deny(denial);
        }
    }

    fn stun<'rx>(
        &mut self,
        now: Instant,
        flow: FlowKey,
        bytes: &'rx [u8],
        outbox: &mut impl Outbox<'rx>,
    ) {
        let Ok(message) = Message::parse(bytes) else {
            return self.drop_one(DropReason::MalformedStun);
        };
        let mut egress = Egress::new(outbox, self.context.policy.epoch());
        let context = &mut self.context;
        let ended = match &mut self.turn {
            Some(turn) if is_for_turn(&message, flow.local) => {
                turn.stun(context, now, flow, (&message, bytes.len()), &mut egress)
            }
            _ => {
                let ended = self.rooms.stun(context, now, flow, &message, &mut egress);
                ended.map(|()| Ended::Answered)
            }
        };
        match ended {
            Ok(Ended::Answered) => self.context.counters.answered += 1,
            // Counted where the copies are.
            Ok(Ended::Forwarded) => {}
            Err(denial) => self.context.counters.deny(denial),
        }
    }

    fn media<'rx>(
        &mut self,
        now: Instant,
        speaker: Option<MemberKey>,
        kind: Kind,
        segment: &'rx [u8],
        run: &mut Run<'rx>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        let Some(member) = speaker else {
            return self.drop_one(DropReason::NotLatched);
        };
        if run.speaker != speaker || run.datagrams.is_full() {
            self.finish(run, outbox);
            run.speaker = speaker;
        }
        if self.rooms.hear(&mut self.context, now, member, kind, segment) {
            run.datagrams.push(segment);
        }
    }

    fn finish<'rx>(&mut self, run: &mut Run<'rx>, outbox: &mut impl Outbox<'rx>) {
        if let Some(member) = run.speaker.take() {
            let mut egress = Egress::new(outbox, self.context.policy.epoch());
            self.rooms.fan_out(&mut self.context, member, &run.datagrams, &mut egress);
            run.datagrams.clear();
        }
    }

    fn drop_one(&mut self, reason: DropReason) {
        self.context.counters.drop_one(reason);
    }
}

/// Connectivity checks of rooms are Binding requests too, but those name their participant, and the
/// answers to ours carry no name.
fn is_for_turn(message: &Message<'_>, local: LocalSocket) -> bool {
    let names_nobody = message.class() == Class::Request && message.username().is_none();
    matches!(local, LocalSocket::Stream(_)) || message.method() != Method::BINDING || names_nobody
}

impl Context {
    /// The fence's answer about any address at this relay's own site.
    pub(crate) fn judge_as(
        &self,
        role: Role,
        fence: Option<FenceId>,
        address: SocketAddr,
    ) -> Result<Pass, Refusal> {
        let fence = fence.ok_or(self.refusal(Rule::UnknownFence))?;
        self.policy.decide(fence, role, address, self.policy.own_site())
    }

    /// Tells what was carried under the policy in force; nothing is told only where it answers
    /// something.
    pub(crate) fn settle(
        &mut self,
        occasion: Occasion,
        carried: impl IntoIterator<Item = Carried>,
    ) {
        let carried: Vec<Carried> = carried.into_iter().collect();
        if !carried.is_empty() || occasion != Occasion::Change {
            let policy = Arc::clone(&self.policy);
            let settlement = Settlement { policy, occasion, carried };
            self.effects.push_always(Effect::Settled(Box::new(settlement)));
        }
    }

    pub(crate) fn refusal(&self, rule: Rule) -> Refusal {
        Refusal { rule, origin: None, region: None, epoch: self.policy.epoch() }
    }
}

impl Effects {
    /// Reports, if there is room. Whoever is told no must keep its state as it was.
    #[must_use]
    pub(crate) fn try_push(&mut self, effect: Effect) -> bool {
        let room = self.has_room();
        if room {
            self.0.push_back(effect);
        }
        room
    }

    /// Reports what must not be lost. Only for what the registry itself asked for, an answer or two
    /// to one command, so that the mailbox bounds it.
    pub(crate) fn push_always(&mut self, effect: Effect) {
        self.0.push_back(effect);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.has_room_for(1)
    }

    /// Whether so many reports will not be refused.
    pub(crate) fn has_room_for(&self, reports: usize) -> bool {
        self.0.len() + reports <= EFFECTS_MAX
    }
}
