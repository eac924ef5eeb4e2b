//! What a relay is doing, in one value: for the status page, `ringfence top` and whoever else watches.
//!
//! Sums only, by closed sets and by the policy's regions: no room, tenant, participant or remote
//! address is in it. Counters grow while the process lives; whoever wants rates takes two values.

mod drops;
mod page;
mod problems;
mod regions;

use ringfence_fence::Rule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::drops::drops;
pub(crate) use self::page::{Page, page};
pub(crate) use self::problems::problems;
use crate::relay::{Control, ShardStatus, evidence};

/// What a relay is doing.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Its site.
    pub site: String,
    /// The region that the site lies in.
    pub region: String,
    /// Why it should get no calls; empty if it should.
    pub problems: Vec<String>,
    /// Whether it takes nobody new, and ends when the last call does.
    pub draining: bool,
    /// Of the program.
    pub version: String,
    /// Since the start; the difference of two is the time between them.
    pub uptime_s: f64,
    /// Version of the policy in force.
    pub policy_epoch: u32,
    /// Whether the last reload did not put its policy in force.
    pub policy_stale: bool,
    /// Whether it takes no more rooms, participants or allocations.
    pub full: bool,
    /// Rooms.
    pub rooms: usize,
    /// Who may be in them.
    pub participants: usize,
    /// Who has an address that proved itself.
    pub latched: usize,
    /// TURN allocations.
    pub allocations: usize,
    /// Relay ports that nobody has.
    pub ports_free: usize,
    /// Relay ports of allocations, and those kept for someone with a token.
    pub ports_taken: usize,
    /// Threads that move packets, by number.
    pub shards: Vec<ShardLoad>,
    /// Regions in which there is anybody, by name.
    pub regions: Vec<RegionLoad>,
    /// Flows of rooms between regions, where there are any.
    pub flows: Vec<FlowsBetween>,
    /// What the fence refused, by its rules; those that refused nothing are left out.
    pub refusals: Vec<RefusalCount>,
    /// Datagrams that were dropped, by whose fault it is and why; likewise.
    pub drops: Vec<DropCount>,
}

/// What one shard did since the start.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ShardLoad {
    /// Whether its thread is there.
    pub running: bool,
    /// The part of the last while in which it did not wait for packets, from 0 to 1.
    pub load: f64,
    /// Processor time of its thread.
    pub cpu_s: f64,
    /// Turns that a bug broke off; the packets of those turns are lost.
    pub panics: u64,
    /// Datagrams that came in.
    pub received: u64,
    /// Their payload.
    pub received_bytes: u64,
    /// Datagrams that left, one per listener.
    pub copies: u64,
    /// Their payload.
    pub copied_bytes: u64,
    /// Datagrams that it dropped.
    pub dropped: u64,
    /// Datagrams that the kernel dropped before it could read them.
    pub queue_drops: u64,
    /// TURN allocations that it serves.
    pub allocations: u64,
}

/// Who is in a region.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RegionLoad {
    /// Its name.
    pub region: String,
    /// Participants of rooms whose address proved itself.
    pub participants: u64,
    /// Clients with a TURN allocation.
    pub allocations: u64,
}

/// From each participant to each other one of its room: how many such pairs there are.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct FlowsBetween {
    /// The region of those who send.
    pub from: String,
    /// The region of those they are sent to.
    pub to: String,
    /// Pairs.
    pub flows: u64,
}

/// How often a rule of the fence refused.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RefusalCount {
    /// The rule, in snake_case.
    pub rule: String,
    /// Times.
    pub count: u64,
}

/// How many datagrams were dropped for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct DropCount {
    /// `sender`, `policy`, `relay` or `kernel`.
    pub fault: String,
    /// The reason, in snake_case.
    pub reason: String,
    /// Datagrams.
    pub count: u64,
}

impl Status {
    /// What a relay is doing now. Looks at every participant and allocation once.
    pub fn of(control: &Control) -> Self {
        let (policy, ports, shards) = (control.policy(), control.ports(), control.shards());
        let rooms = control.rooms();
        let allocations = control.allocations();
        let (regions, flows) = regions::count(control, &rooms, &allocations);
        Self {
            site: policy.site_name(policy.own_site()).to_owned(),
            region: evidence::site_region(&policy),
            problems: problems(control),
            draining: control.draining().is_some(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_s: control.uptime().as_secs_f64(),
            policy_epoch: policy.epoch().0,
            policy_stale: control.reloads().is_stale(),
            full: control.is_full(),
            rooms: rooms.len(),
            participants: rooms.iter().map(|room| room.participants).sum(),
            latched: rooms.iter().map(|room| room.latched).sum(),
            allocations: allocations.len(),
            ports_free: ports.free,
            ports_taken: ports.used + ports.reserved,
            regions,
            flows,
            refusals: refusals(&shards),
            drops: drop_counts(&shards),
            shards: shards.iter().map(ShardLoad::of).collect(),
        }
    }
}

impl ShardLoad {
    fn of(shard: &ShardStatus) -> Self {
        let engine = &shard.snapshot.engine;
        Self {
            running: shard.running,
            load: shard.load,
            cpu_s: shard.cpu_time.as_secs_f64(),
            panics: shard.snapshot.panics,
            received: engine.received,
            received_bytes: engine.received_bytes,
            copies: engine.copies,
            copied_bytes: engine.copied_bytes,
            dropped: engine.drops.iter().sum(),
            queue_drops: shard.kernel_drops.iter().map(|(_, count)| count).sum(),
            allocations: engine.allocations,
        }
    }
}

fn refusals(shards: &[ShardStatus]) -> Vec<RefusalCount> {
    let refusals = Rule::ALL.iter().enumerate().map(|(place, rule)| {
        let counts = shards.iter().map(|shard| shard.snapshot.engine.refusals[place]);
        RefusalCount { rule: rule.code().to_owned(), count: counts.sum() }
    });
    refusals.filter(|refused| refused.count > 0).collect()
}

fn drop_counts(shards: &[ShardStatus]) -> Vec<DropCount> {
    let counted = drops(shards).filter(|drops| drops.count > 0);
    let owned = counted.map(|drops| DropCount {
        fault: drops.fault.to_owned(),
        reason: drops.reason.to_owned(),
        count: drops.count,
    });
    owned.collect()
}
