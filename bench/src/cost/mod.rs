//! Processor time per copy: of the relay's shard, and of a bare `sendmmsg` loop.

mod case;
mod compare;
mod floor_side;
mod relay_side;
mod report;

use std::time::Duration;

pub use case::{Case, Pattern};
pub use compare::{Comparison, Round, compare};
pub use floor_side::FloorSide;
pub use relay_side::{Batching, RelaySide};
pub use report::{Row, table};

/// How long nothing may arrive before what is missing counts as lost.
const QUIET_MAX: Duration = Duration::from_secs(2);

/// Copies that a listener's queue may hold; beyond it a sender waits, unbilled, for the sink. A
/// dropped copy would be a cheap one.
const AHEAD_MAX: u64 = 2048;

/// What some copies took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Processor time, user and system, of the one thread that made the copies.
    pub cpu: Duration,
    /// From the first packet sent to the last copy heard.
    pub wall: Duration,
    /// Copies that arrived.
    pub copies: u64,
    /// Copies that should have arrived and did not.
    pub lost: u64,
}

impl Cost {
    /// Nanoseconds of processor time per copy that arrived.
    pub fn cpu_ns_per_copy(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.copies as f64
    }

    /// Part of one processor that the thread took.
    pub fn cpu_share(&self) -> f64 {
        self.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }
}
