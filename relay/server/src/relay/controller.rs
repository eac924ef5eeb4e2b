//! The registry and the shards it talks to. All of it is called from one lock on the control side;
//! no packet ever waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use ringfence_core::{
    Command, Effect, Event, Join, Joined, Name, Narrowed, Registry, Restored, RoomReport, Scrutiny,
    ShardId, Target, Verdict,
};
use ringfence_fence::{Epoch, RoomRegions};
use tokio::sync::{oneshot, watch};

use super::clock::Clock;
use super::drain::Drain;
use super::mailbox::Mailbox;
use super::shard::{Shard, TAKE_OVER_REST};
use super::start::quotas;
use super::{Busy, InForce, JoinRefused, NarrowRefused, turn_door};
use crate::continuity::State;

/// Surveys in flight: beyond it the API answers that it is busy.
const SURVEYS_MAX: usize = 64;

pub(super) struct Controller {
    pub(super) registry: Registry,
    pub(super) shards: Vec<Shard>,
    in_force: InForce,
    before: Option<InForce>,
    /// Changes whenever a shard has confirmed something.
    confirmations: watch::Sender<()>,
    scrutiny: Scrutiny,
    clock: Clock,
    surveys: HashMap<u64, Survey>,
    surveys_begun: u64,
    /// New work is refused.
    pub(super) drain: Option<Drain>,
    rounds: u64,
}

/// A question to all shards, until the last has answered.
struct Survey {
    answers: Vec<RoomReport>,
    asker: oneshot::Sender<Vec<RoomReport>>,
}

impl Controller {
    pub(super) fn new(
        registry: Registry,
        shards: Vec<Shard>,
        in_force: InForce,
        scrutiny: Scrutiny,
        clock: Clock,
    ) -> Self {
        Self {
            registry,
            shards,
            scrutiny,
            confirmations: watch::Sender::default(),
            in_force,
            before: None,
            clock,
            surveys: HashMap::new(),
            surveys_begun: 0,
            drain: None,
            rounds: 0,
        }
    }

    pub(super) fn in_force(&self) -> &InForce {
        &self.in_force
    }

    pub(super) fn in_force_at(&self, epoch: Epoch) -> Option<&InForce> {
        let known = std::iter::once(&self.in_force).chain(&self.before);
        known.into_iter().find(|known| known.epoch() == epoch)
    }

    pub(super) fn join(&mut self, join: &Join) -> Result<Joined, JoinRefused> {
        self.ready()?;
        let joined = self.registry.join(self.clock.now(), join);
        self.deliver();
        Ok(joined?)
    }

    pub(super) fn leave(&mut self, room: &Name, participant: &Name) -> Result<bool, Busy> {
        self.ready()?;
        let left = self.registry.leave(room, participant);
        self.deliver();
        Ok(left)
    }

    pub(super) fn adopt(&mut self, new: InForce) -> Result<(), Busy> {
        self.ready()?;
        // Before the policy, whose confirmation is then also that of the accounts.
        self.registry.set_accounts(turn_door::accounts(&new.config));
        self.registry.set_quotas(quotas(&new.config));
        self.registry.adopt(Arc::clone(&new.policy));
        self.before = Some(std::mem::replace(&mut self.in_force, new));
        self.deliver();
        Ok(())
    }

    pub(super) fn narrow(
        &mut self,
        room: &Name,
        regions: &RoomRegions,
    ) -> Result<Narrowed, NarrowRefused> {
        self.ready()?;
        let narrowed = self.registry.narrow(room, regions);
        self.deliver();
        Ok(narrowed?)
    }

    /// Changes whenever a shard has confirmed something.
    pub(super) fn confirmations(&self) -> watch::Receiver<()> {
        self.confirmations.subscribe()
    }

    /// Asks every shard about a room; `None` if there is no such room.
    pub(super) fn survey(
        &mut self,
        room: &Name,
    ) -> Result<Option<oneshot::Receiver<Vec<RoomReport>>>, Busy> {
        self.ready()?;
        self.surveys.retain(|_, survey| !survey.asker.is_closed());
        if self.surveys.len() >= SURVEYS_MAX {
            return Err(Busy);
        }
        self.surveys_begun += 1;
        let token = self.surveys_begun;
        if !self.registry.survey(room, token) {
            return Ok(None);
        }
        let (asker, answer) = oneshot::channel();
        self.surveys.insert(token, Survey { answers: Vec::new(), asker });
        self.deliver();
        Ok(Some(answer))
    }

    /// Takes over whom the relay before this one had, before the first packet.
    pub(super) fn restore(&mut self, state: &State) -> Restored {
        let now = self.clock.now();
        let mut restored = self.registry.restore_rooms(now, &state.rooms);
        self.registry.restore_turn(now, &state.turn, &mut restored);
        while self.attend() && self.shards.iter().all(Shard::is_running) {
            std::thread::sleep(TAKE_OVER_REST);
        }
        restored
    }

    /// Lets no more packets in; everything else goes on.
    pub(super) fn pause(&self) {
        self.shards.iter().for_each(Shard::pause);
    }

    /// Lets packets in.
    pub(super) fn begin(&self) {
        self.shards.iter().for_each(Shard::begin);
    }

    /// Asks every shard for what has changed of its allocations; not if they are behind.
    pub(super) fn keep(&mut self) {
        if self.ready().is_ok() {
            self.registry.keep();
            self.deliver();
        }
    }

    /// Asks every shard what it carried; not if they are behind, since there is a next time.
    pub(super) fn settle(&mut self) {
        if self.ready().is_ok() {
            self.registry.settle();
            self.deliver();
        }
    }

    /// Takes in what shards reported and what time has ended. True: some had to be left for later.
    pub(super) fn attend(&mut self) -> bool {
        self.rounds += 1;
        let mut waiting = !self.deliver();
        for number in 0..self.shards.len() {
            waiting |= !self.take_reports(number);
        }
        for number in 0..self.shards.len() {
            waiting |= !self.judge_samples(number);
        }
        if !waiting {
            self.registry.handle_timeout(self.clock.now());
            waiting = !self.deliver();
        }
        waiting
    }

    /// How often each thread went round: the shards, in their order, then the control thread.
    pub(super) fn rounds(&self) -> Vec<u64> {
        let turns = self.shards.iter().map(|shard| shard.snapshot.load().turns);
        turns.chain([self.rounds]).collect()
    }

    pub(super) fn wake_shards(&self) {
        self.shards.iter().for_each(|shard| shard.mailbox.wake());
    }

    pub(super) fn events(&mut self) -> impl Iterator<Item = Event> {
        std::iter::from_fn(|| self.registry.poll_event())
    }

    /// Sees how busy each shard is: where one is too busy, nobody new is let in.
    pub(super) fn look_at_load(&mut self) {
        let now = self.clock.now();
        for shard in &mut self.shards {
            shard.load.look(now, &shard.waits);
            shard.drops.look(|| shard.snapshot.load().sieved);
        }
        // Who is kept out by a sieve should not be sent here, and be told so if it gets through.
        let sieves = |shard: &Shard| shard.snapshot.load().sieved.in_place;
        let overloaded = self.shards.iter().any(|shard| shard.load.is_too_much() || sieves(shard));
        if overloaded != self.registry.is_overloaded() {
            self.registry.set_overloaded(overloaded);
            match overloaded {
                true => tracing::warn!("a shard is too busy: no new work until it has room"),
                false => tracing::info!("shards have room: new work is taken again"),
            }
        }
    }

    fn take_reports(&mut self, number: usize) -> bool {
        let mailbox = Arc::clone(&self.shards[number].mailbox);
        let was_full = mailbox.reports.is_full();
        let taken = self.take_all(number, &mailbox);
        if was_full {
            // It may hold more that did not fit, and has nothing else to wake it.
            mailbox.wake();
        }
        taken
    }

    fn take_all(&mut self, number: usize, mailbox: &Mailbox) -> bool {
        let shard = ShardId(u16::try_from(number).unwrap_or(u16::MAX));
        while self.deliver() {
            match mailbox.reports.pop() {
                Some(Effect::Report(report)) => self.answer(*report),
                Some(effect) => self.take(shard, &effect),
                None => return true,
            }
        }
        false
    }

    fn take(&mut self, shard: ShardId, effect: &Effect) {
        self.registry.on_effect(self.clock.now(), shard, effect);
        if matches!(effect, Effect::Adopted { .. } | Effect::Narrowed { .. }) {
            self.confirmations.send_replace(());
        }
    }

    /// Looks at what a shard copied of packets; false if a mailbox is full.
    fn judge_samples(&mut self, number: usize) -> bool {
        let mailbox = Arc::clone(&self.shards[number].mailbox);
        let now = self.clock.now();
        while self.deliver() {
            let Some(sample) = mailbox.samples.pop() else {
                return true;
            };
            if let Verdict::Found(how) = self.scrutiny.judge(now, &sample) {
                self.registry.on_unencrypted(sample.flow, how);
            }
        }
        false
    }

    fn answer(&mut self, report: RoomReport) {
        let token = report.token;
        let Some(survey) = self.surveys.get_mut(&token) else {
            return;
        };
        survey.answers.push(report);
        if survey.answers.len() == self.shards.len()
            && let Some(Survey { answers, asker }) = self.surveys.remove(&token)
        {
            // Whoever asked may have gone; then nobody misses the answer.
            let _ = asker.send(answers);
        }
    }

    /// All earlier commands are delivered: the registry may be asked for something new.
    fn ready(&mut self) -> Result<(), Busy> {
        if self.deliver() { Ok(()) } else { Err(Busy) }
    }

    /// Delivers the registry's commands in order; false if a mailbox is full.
    fn deliver(&mut self) -> bool {
        let mut any = false;
        while let Some((target, command)) = self.registry.poll_command() {
            if !self.recipients(target).all(|shard| shard.mailbox.has_room()) {
                self.registry.unpoll_command(target, command);
                return false;
            }
            self.send(target, &command);
            any = true;
        }
        if any {
            self.wake_shards();
        }
        true
    }

    fn send(&self, target: Target, command: &Command) {
        self.recipients(target).for_each(|shard| shard.mailbox.send(command.clone()));
    }

    fn recipients(&self, target: Target) -> impl Iterator<Item = &Shard> {
        let (skip, take) = match target {
            Target::All => (0, self.shards.len()),
            Target::One(ShardId(number)) => (usize::from(number), 1),
        };
        self.shards.iter().skip(skip).take(take)
    }
}
