//! A handle to a running relay: what the API, the CLI and the demo can ask of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ringfence_core::{
    AllocationView, Counters, Instant, Join, Joined, Name, ParticipantView, PortCount, RoomReport,
    RoomView,
};
use ringfence_fence::{Pass, Policy, Refusal, Role};
use ringfence_net::sockets::SocketReport;
use tokio::sync::Notify;

use super::clock::Clock;
use super::controller::Controller;
use super::shard::Snapshot;
use super::{Busy, JoinRefused};
use crate::config::{Config, Sources};

/// Longest wait for the shards' answers to a survey: many turns of a busy shard.
const SURVEY_TIME_MAX: Duration = Duration::from_secs(2);

/// How often it is looked whether all shards have confirmed a policy.
const CONFIRMATION_POLL: Duration = Duration::from_millis(1);

/// A running relay, from any thread.
#[derive(Clone)]
pub struct Control(Arc<Shared>);

pub(super) struct Shared {
    pub(super) controller: Mutex<Controller>,
    pub(super) notify: Arc<Notify>,
    pub(super) clock: Clock,
    pub(super) config: Config,
    pub(super) sources: Sources,
    pub(super) media: Vec<SocketAddr>,
    pub(super) streams: Vec<SocketAddr>,
}

/// What one shard did, for metrics.
#[derive(Clone, Debug)]
pub struct ShardStatus {
    /// What it counted.
    pub snapshot: Snapshot,
    /// Processor time of its thread.
    pub cpu_time: Duration,
    /// What the kernel dropped before the shard could read it, by listen address.
    pub kernel_drops: Vec<(SocketAddr, u32)>,
    /// What the kernel granted its sockets.
    pub sockets: Vec<SocketReport>,
    /// Whether its thread is there.
    pub running: bool,
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

    /// Ends a participant's stay; false if there is none.
    ///
    /// # Errors
    /// Busy: nothing was done.
    pub fn leave(&self, room: &Name, participant: &Name) -> Result<bool, Busy> {
        let left = self.controller().leave(room, participant);
        self.0.notify.notify_one();
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

    /// Puts a policy in force. When this returns every shard works by it, and what it forbids has
    /// been cut.
    ///
    /// # Errors
    /// Busy: either nothing was done, or a shard has not confirmed in time and does so later.
    pub async fn adopt(&self, policy: Arc<Policy>) -> Result<(), Busy> {
        self.controller().adopt(policy)?;
        let confirmed = async {
            while !self.controller().registry.adopted_everywhere() {
                tokio::time::sleep(CONFIRMATION_POLL).await;
            }
        };
        tokio::time::timeout(SURVEY_TIME_MAX, confirmed).await.map_err(|_| Busy)
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(self.controller().registry.policy())
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

    /// The configuration it runs with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The texts that the policy's origins point into.
    pub fn sources(&self) -> &Sources {
        &self.0.sources
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

    /// How long it has been running.
    pub fn uptime(&self) -> Duration {
        self.0.clock.now().since_start()
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
        let drops = shard.drops.iter();
        Self {
            snapshot: shard.snapshot.load(),
            cpu_time: clock.and_then(|clock| clock.read().ok()).unwrap_or_default(),
            kernel_drops: drops.map(|drops| (drops.address(), drops.read().unwrap_or(0))).collect(),
            sockets: shard.sockets.clone(),
            running: shard.is_running(),
        }
    }
}
