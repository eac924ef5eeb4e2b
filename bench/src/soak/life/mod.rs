//! Clients and rooms that come and go beside the load, at constant rates, in every way they can.

mod clients;
mod meetings;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

pub(super) use self::clients::clients;
pub(super) use self::meetings::rooms;

/// How often anything happened.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Lives {
    /// Allocations made.
    pub allocations: u64,
    /// Allocations that asked for a permission beside their channel.
    pub permitted: u64,
    /// Allocations and channels that were refreshed.
    pub refreshed: u64,
    /// Allocations that were given up.
    pub released: u64,
    /// Allocations whose client went without a word.
    pub clients_abandoned: u64,
    /// Rooms opened and filled, each participant latched and heard.
    pub rooms: u64,
    /// Participants that went on from another port.
    pub roamed: u64,
    /// Rooms that all participants left.
    pub rooms_left: u64,
    /// Rooms whose participants went without a word.
    pub rooms_abandoned: u64,
    /// Steps of a life that the relay refused or did not answer.
    pub failed: u64,
    /// Reloads, every other one tightening.
    pub reloads: u64,
    /// Lists asked of the API, joins and leaves apart.
    pub api_calls: u64,
}

/// The same while it happens.
#[derive(Default)]
pub(super) struct Register {
    allocations: AtomicU64,
    permitted: AtomicU64,
    refreshed: AtomicU64,
    released: AtomicU64,
    clients_abandoned: AtomicU64,
    rooms: AtomicU64,
    roamed: AtomicU64,
    rooms_left: AtomicU64,
    rooms_abandoned: AtomicU64,
    failed: AtomicU64,
    pub(super) reloads: AtomicU64,
    pub(super) api_calls: AtomicU64,
}

impl Register {
    pub(super) fn lives(&self) -> Lives {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Lives {
            allocations: read(&self.allocations),
            permitted: read(&self.permitted),
            refreshed: read(&self.refreshed),
            released: read(&self.released),
            clients_abandoned: read(&self.clients_abandoned),
            rooms: read(&self.rooms),
            roamed: read(&self.roamed),
            rooms_left: read(&self.rooms_left),
            rooms_abandoned: read(&self.rooms_abandoned),
            failed: read(&self.failed),
            reloads: read(&self.reloads),
            api_calls: read(&self.api_calls),
        }
    }

    /// A step was taken, or failed: that is counted, and life goes on.
    fn note(&self, step: &AtomicU64, result: &anyhow::Result<()>) {
        let counted = if result.is_ok() { step } else { &self.failed };
        counted.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = result
            && self.failed.load(Ordering::Relaxed) <= TOLD_MAX
        {
            eprintln!("a life beside the load: {error:#}");
        }
    }
}

/// Failures that are told; the rest are counted.
const TOLD_MAX: u64 = 20;

/// Waits until it is time for the next, counted from the first; false once it is over.
fn next(began: Instant, number: u64, interval: Duration, over: &AtomicBool) -> bool {
    let at = began + interval * u32::try_from(number).unwrap_or(u32::MAX);
    while !over.load(Ordering::Relaxed) {
        let rest = at.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return true;
        }
        thread::sleep(rest.min(Duration::from_millis(100)));
    }
    false
}
