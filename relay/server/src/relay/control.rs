//! A handle to a running relay: what the API, the CLI and the demo can ask of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ringfence_core::{
    AllocationView, Counters, Cuts, Holdings, Instant, Join, Joined, Name, Narrowed,
    ParticipantView, PortCount, Registry, Restored, RoomReport, RoomView, UnencryptedFlows,
};
use ringfence_fence::{Epoch, Pass, Policy, Refusal, Role, RoomRegions};
use ringfence_net::sockets::SocketReport;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::clock::Clock;
use super::controller::Controller;
use super::evidence;
use super::shard::Snapshot;
use super::{Busy, InForce, JoinRefused, NarrowRefused};
use crate::audit::{Audit, PolicyChange, Record};
use crate::config::{Config, ConfigFile, Sources};
use crate::continuity::{Keeper, Kept, NonceSecret, State};
use crate::reload::Reloads;

/// Longest wait for the shards' answers to a survey: many turns of a busy shard.
const SURVEY_TIME_MAX: Duration = Duration::from_secs(2);

/// Longest wait until all shards have confirmed a policy.
const CONFIRMATION_TIME_MAX: Duration = Duration::from_secs(2);

/// How often it is looked whether something is kept.
const KEPT_LOOK: Duration = Duration::from_millis(1);

/// A running relay, from any thread.
#[derive(Clone)]
pub struct Control(Arc<Shared>);

pub(super) struct Shared {
    pub(super) controller: Mutex<Controller>,
    pub(super) notify: Arc<Notify>,
    pub(super) clock: Clock,
    pub(super) file: Option<ConfigFile>,
    pub(super) reloads: Reloads,
    pub(super) audit: Audit,
    pub(super) media: Vec<SocketAddr>,
    pub(super) streams: Vec<SocketAddr>,
    pub(super) keeper: Keeper,
    /// Somebody waits until the state is kept.
    pub(super) keep_soon: Notify,
    pub(super) nonce_secret: Zeroizing<[u8; 32]>,
    pub(super) started: std::time::Instant,
}

/// What one shard did, for metrics.
#[derive(Clone, Debug)]
pub struct ShardStatus {
    /// What it counted.
    pub snapshot: Snapshot,
    /// Processor time of its thread.
    pub cpu_time: Duration,
    /// What the kernel dropped before the shard could read it, by listen address.
    pub kernel_drops: Vec<(SocketAddr, u64)>,
    /// Of those, what its sieve has not dropped.
    pub queue_full: u64,
    /// What the kernel granted its sockets.
    pub sockets: Vec<SocketReport>,
    /// Whether its thread is there.
    pub running: bool,
    /// The part of the last half second in which it did not wait for packets, 0 to 1.
    pub load: f64,
}

impl Control {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Lets someone into a room.
    ///
    /// # Errors
    /// The registry's refusal, or busy; neither leaves anything behind.
    pub fn join(&self, join: &Join) -> Result<Joined, JoinRefused> {
        let joined = self.controller().join(join);
        self.0.notify.notify_one();
        joined
    }

    /// Ends a participant's stay; false if there is none. When this returns it stays ended, whatever becomes
    /// of this process.
    ///
    /// # Errors
    /// Busy: nothing was done.
    pub async fn leave(&self, room: &Name, participant: &Name) -> Result<bool, Busy> {
        let left = self.controller().leave(room, participant);
        self.0.notify.notify_one();
        if left == Ok(true) {
            self.kept_now().await;
        }
        left
    }

    /// All rooms, by name.
    pub fn rooms(&self) -> Vec<RoomView> {
        self.controller().registry.rooms().collect()
    }

    /// One room.
    pub fn room(&self, room: &Name) -> Option<RoomView> {
        self.controller().registry.room(room)
    }

    /// The participants of a room, by name.
    pub fn participants(&self, room: &Name) -> Vec<ParticipantView> {
        self.controller().registry.participants(room).collect()
    }

    /// What every shard knows of a room; empty if there is no such room.
    ///
    /// # Errors
    /// Busy: a shard did not answer in time.
    pub async fn survey(&self, room: &Name) -> Result<Vec<RoomReport>, Busy> {
        let Some(answer) = self.controller().survey(room)? else {
            return Ok(Vec::new());
        };
        let answer = tokio::time::timeout(SURVEY_TIME_MAX, answer).await;
        answer.ok().and_then(Result::ok).ok_or(Busy)
    }

    /// The fence's decision about an address at this relay's site; `None` if no fence has that name.
    pub fn why(
        &self,
        fence: &str,
        role: Role,
        address: SocketAddr,
    ) -> Option<Result<Pass, Refusal>> {
        let policy = self.policy();
        let fence = policy.fence_id(fence)?;
        Some(policy.decide(fence, role, address, policy.own_site()))
    }

    /// Puts a policy in force, with the configuration it came from. When this returns every shard
    /// works by it, and what it forbids has been cut: that. Its epoch must be new.
    ///
    /// # Errors
    /// Busy: either nothing was done, or a shard has not confirmed in time and does so later.
    pub async fn adopt(&self, new: InForce) -> Result<Cuts, Busy> {
        let change = evidence::change_to(&new.policy);
        self.adopt_recorded(new, change).await
    }

    /// As [`Control::adopt`], and puts `change` on record before anything that follows from it.
    ///
    /// # Errors
    /// As [`Control::adopt`].
    pub(crate) async fn adopt_recorded(
        &self,
        new: InForce,
        change: PolicyChange,
    ) -> Result<Cuts, Busy> {
        self.controller().adopt(new)?;
        // Events are read on this thread, too, and not before the next wait.
        self.audit().record(Record::policy(change));
        self.confirmed(Registry::adopted_everywhere).await?;
        Ok(self.controller().registry.take_cuts())
    }

    /// What a policy would cut if it came into force now.
    pub fn would_cut(&self, policy: &Policy) -> Cuts {
        self.controller().registry.would_cut(policy)
    }

    /// Sets what a room leaves out of its fence. When this returns every shard works by it, whom it
    /// forbids has been cut, and a relay after this one knows of it.
    ///
    /// # Errors
    /// The registry's refusal; or busy, as for [`Control::adopt`].
    pub async fn narrow(&self, room: &Name, regions: &RoomRegions) -> Result<Cuts, NarrowRefused> {
        let Narrowed { number, cuts } = self.controller().narrow(room, regions)?;
        self.confirmed(|registry| registry.narrowed_everywhere(number)).await?;
        self.kept_now().await;
        Ok(cuts)
    }

    /// Waits until what has been decided is kept for the relay after this one, if a manager keeps anything.
    /// One that does not listen is waited for no longer than shards are: it was told so in the log.
    async fn kept_now(&self) {
        let keeper = &self.0.keeper;
        let looks = || keeper.kept().map_or(u64::MAX, |kept| kept.looks);
        let before = looks();
        self.0.keep_soon.notify_one();
        let kept = async {
            while keeper.keeps() && (looks() <= before || !keeper.is_told()) {
                tokio::time::sleep(KEPT_LOOK).await;
            }
        };
        let _ = tokio::time::timeout(CONFIRMATION_TIME_MAX, kept).await;
    }

    /// Waits until shards have confirmed what they were told.
    async fn confirmed(&self, all: impl Fn(&Registry) -> bool) -> Result<(), Busy> {
        let mut confirmations = self.controller().confirmations();
        self.0.notify.notify_one();
        let confirmed = async {
            while !all(&self.controller().registry) {
                confirmations.changed().await.map_err(|_| Busy)?;
            }
            Ok(())
        };
        tokio::time::timeout(CONFIRMATION_TIME_MAX, confirmed).await.unwrap_or(Err(Busy))
    }

    /// What the relay works by now.
    pub fn in_force(&self) -> InForce {
        self.controller().in_force().clone()
    }

    /// What it worked by at an epoch: this one's or the one before, whose refusals may still be told of.
    pub fn in_force_at(&self, epoch: Epoch) -> Option<InForce> {
        self.controller().in_force_at(epoch).cloned()
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.in_force().policy
    }

    /// What each shard did so far.
    pub fn shards(&self) -> Vec<ShardStatus> {
        self.controller().shards.iter().map(ShardStatus::of).collect()
    }

    /// Sum of all shards' counters.
    pub fn totals(&self) -> Counters {
        let shards = self.shards();
        shards.iter().fold(Counters::new(), |sum, shard| sum + shard.snapshot.engine)
    }

    /// The configuration it runs with. Whoever needs policy or texts with it takes
    /// [`Control::in_force`].
    pub fn config(&self) -> Arc<Config> {
        self.in_force().config
    }

    /// The texts that the origins of the policy in force point into.
    pub fn sources(&self) -> Arc<Sources> {
        self.in_force().sources
    }

    /// The file it was started with; `None` if its configuration came from memory.
    pub fn file(&self) -> Option<&ConfigFile> {
        self.0.file.as_ref()
    }

    /// How reloads went.
    pub fn reloads(&self) -> &Reloads {
        &self.0.reloads
    }

    /// Where what happens is put on record.
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Addresses that media comes to, ports resolved.
    pub fn media_addresses(&self) -> &[SocketAddr] {
        &self.0.media
    }

    /// Addresses that TURN clients connect to by TCP, or by TLS over it.
    pub fn stream_addresses(&self) -> &[SocketAddr] {
        &self.0.streams
    }

    /// All TURN allocations.
    pub fn allocations(&self) -> Vec<AllocationView> {
        self.controller().registry.allocations().collect()
    }

    /// How many ports are free, used and reserved.
    pub fn ports(&self) -> PortCount {
        self.controller().registry.ports()
    }

    /// Whether it takes no more rooms, participants or allocations.
    pub fn is_full(&self) -> bool {
        self.controller().registry.is_full()
    }

    /// Deadlines that the registry watches.
    pub fn timers(&self) -> usize {
        self.controller().registry.timers()
    }

    /// What would be lost if it ended now.
    pub fn holdings(&self) -> Holdings {
        self.controller().registry.holdings()
    }

    /// How many flows were found to carry what is not encrypted.
    pub fn unencrypted_flows(&self) -> UnencryptedFlows {
        self.controller().registry.unencrypted_flows()
    }

    /// Makes every thread go round once, also one that has nothing to do.
    pub(crate) fn nudge(&self) {
        self.controller().wake_shards();
        self.0.notify.notify_one();
    }

    /// How often each thread went round: the shards, in their order, then the control thread. One
    /// whose number stands still after a nudge is stuck.
    pub(crate) fn rounds(&self) -> Vec<u64> {
        self.controller().rounds()
    }

    /// Takes over whom the relay before this one had, as far as the policy in force admits them.
    pub(super) fn restore(&self, state: State) {
        let restored = self.controller().restore(&state.at(&self.0.media));
        let Restored {
            rooms,
            participants,
            routed,
            rooms_gone,
            unrouted,
            allocations,
            allocations_gone,
        } = restored;
        tracing::info!(
            rooms,
            participants,
            routed,
            rooms_gone,
            unrouted,
            allocations,
            allocations_gone,
            "took over from the relay before"
        );
    }

    /// Keeps the state for the relay after this one, unless it is as it was at change `kept`; up to which
    /// change it is kept now.
    pub(super) fn keep(&self, kept: Option<u64>) -> Option<u64> {
        let Shared { clock, keeper, nonce_secret, media, .. } = &*self.0;
        if !keeper.keeps() {
            return None;
        }
        let mut controller = self.controller();
        controller.keep();
        let changes = controller.registry.changes();
        if kept == Some(changes) {
            keeper.looked();
            return kept;
        }
        let state = State {
            clock_origin: clock.origin(),
            shards: u16::try_from(controller.shards.len()).unwrap_or(u16::MAX),
            listen: media.clone(),
            nonce_secret: NonceSecret(**nonce_secret),
            rooms: controller.registry.rooms_state(),
            turn: controller.registry.turn_state(),
        };
        drop(controller);
        match keeper.put_state(&state) {
            Ok(()) => {
                keeper.looked();
                Some(changes)
            }
            Err(error) => {
                tracing::warn!(%error, "the state cannot be kept for a restart; trying again");
                None
            }
        }
    }

    /// What is kept for the relay after this one; `None` without a manager that keeps it.
    pub fn kept(&self) -> Option<Kept> {
        self.0.keeper.kept()
    }

    /// How long this process has been running. The clock of what it took over is older.
    pub fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// The time of day of a moment.
    pub fn wall(&self, when: Instant) -> SystemTime {
        self.0.clock.wall(when)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// The lock is never held over anything that can wait or fail half-way; a panic under it is a
    /// bug that must not also stop every later call.
    pub(super) fn controller(&self) -> MutexGuard<'_, Controller> {
        self.0.controller.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShardStatus {
    fn of(shard: &super::shard::Shard) -> Self {
        let clock = shard.cpu_clock.load();
        Self {
            snapshot: shard.snapshot.load(),
            cpu_time: clock.and_then(|clock| clock.read().ok()).unwrap_or_default(),
            kernel_drops: shard.drops.by_address().collect(),
            queue_full: shard.drops.full(|| shard.snapshot.load().sieved),
            sockets: shard.sockets.clone(),
            running: shard.is_running(),
            load: shard.load.busy(),
        }
    }
}
