//! One shard's engine: a batch comes in, a batch goes out.

use std::collections::VecDeque;
use std::sync::Arc;

use arrayvec::ArrayVec;
use ringfence_fence::{FenceId, Pass, Policy, Refusal, Role, Rule};
use ringfence_wire::datagram::{Datagram, Outbox};
use ringfence_wire::demux::Kind;

use crate::counters::{Counters, DropReason};
use crate::flow::{Egress, FlowKey};
use crate::identity::ShardId;
use crate::limits::{EFFECTS_MAX, Limits, RUN_MAX};
use crate::message::{Command, Effect};
use crate::random::{Csprng, Seed};
use crate::rooms::{MemberKey, Rooms};
use crate::time::Instant;

/// What an engine starts with.
pub struct EngineSetup {
    /// Which shard it serves.
    pub shard: ShardId,
    /// Its limits.
    pub limits: Limits,
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// Randomness for transaction ids and hash keys.
    pub seed: Seed,
}

/// The state machine of one shard.
pub struct Engine {
    context: Context,
    rooms: Rooms,
}

/// What every door needs.
pub(crate) struct Context {
    pub(crate) shard: ShardId,
    pub(crate) limits: Limits,
    pub(crate) policy: Arc<Policy>,
    pub(crate) random: Csprng,
    pub(crate) counters: Counters,
    pub(crate) effects: Effects,
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
        let rooms = Rooms::new(&setup.limits, &mut random);
        let context = Context {
            shard: setup.shard,
            limits: setup.limits,
            policy: setup.policy,
            random,
            counters: Counters::new(),
            effects: Effects(VecDeque::with_capacity(EFFECTS_MAX.min(64))),
        };
        Self { context, rooms }
    }

    /// Judges a batch of datagrams and puts out what follows from them. `now` is read once per
    /// batch by the caller. Packets of one sender reach each listener in the order they came.
    pub fn handle_batch<'rx>(
        &mut self,
        now: Instant,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        self.rooms.send_due(&mut self.context, now, outbox);
        let mut run = Run { speaker: None, datagrams: ArrayVec::new() };
        for datagram in received {
            self.datagram(now, &datagram, &mut run, outbox);
        }
        self.finish(&mut run, outbox);
    }

    /// Does what is due: answers that waited for the registry, expiries.
    pub fn handle_timeout<'rx>(&mut self, now: Instant, outbox: &mut impl Outbox<'rx>) {
        self.rooms.send_due(&mut self.context, now, outbox);
        self.rooms.expire(&mut self.context, now);
    }

    /// When [`Engine::handle_timeout`] wants to be called next; in the past means at once.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.rooms.next_timeout()
    }

    /// Does what the registry asks. What a new policy forbids is cut when this returns.
    pub fn apply(&mut self, now: Instant, command: Command) {
        match command {
            Command::Adopt(policy) => self.adopt(policy),
            other => self.rooms.apply(&mut self.context, now, other),
        }
    }

    /// The next report for the registry.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.context.effects.0.pop_front()
    }

    /// What this shard did so far.
    pub fn counters(&self) -> &Counters {
        &self.context.counters
    }

    /// Datagrams that wait for the registry to say who owns their SSRC.
    pub fn parked(&self) -> usize {
        self.rooms.parked()
    }

    fn adopt(&mut self, policy: Arc<Policy>) {
        let old = std::mem::replace(&mut self.context.policy, policy);
        self.rooms.adopt(&mut self.context, &old);
        let epoch = self.context.policy.epoch();
        self.context.effects.push_always(Effect::Adopted { epoch });
    }

    fn datagram<'rx>(
        &mut self,
        now: Instant,
        datagram: &Datagram<'rx>,
        run: &mut Run<'rx>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        let flow = FlowKey::of_source(datagram.remote, datagram.local);
        let speaker = self.rooms.speaker(&flow);
        for segment in datagram.segments() {
            self.context.counters.received += 1;
            self.context.counters.received_bytes += segment.len() as u64;
            match Kind::of(segment) {
                Kind::Stun => {
                    let mut egress = Egress::new(outbox, self.context.policy.epoch());
                    self.rooms.stun(&mut self.context, now, flow, segment, &mut egress);
                }
                kind @ (Kind::Rtp | Kind::Rtcp | Kind::Dtls | Kind::Zrtp) => {
                    self.media(now, speaker, kind, segment, run, outbox);
                }
                Kind::TurnChannel | Kind::Quic => self.drop_one(DropReason::NoDoor),
                Kind::Unknown => self.drop_one(DropReason::UnknownProtocol),
            }
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

impl Context {
    /// The fence's answer about a participant's address at this relay's own site.
    pub(crate) fn judge(&self, fence: Option<FenceId>, flow: &FlowKey) -> Result<Pass, Refusal> {
        let fence = fence.ok_or(Refusal {
            rule: Rule::UnknownFence,
            origin: None,
            region: None,
            epoch: self.policy.epoch(),
        })?;
        self.policy.decide(fence, Role::Client, flow.remote, self.policy.own_site())
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

    /// Reports what must not be lost. Only for what the registry itself asked for, one answer to
    /// one command, so that the mailbox bounds it.
    pub(crate) fn push_always(&mut self, effect: Effect) {
        self.0.push_back(effect);
    }

    pub(crate) fn has_room(&self) -> bool {
        self.0.len() < EFFECTS_MAX
    }
}
