//! Floor and relay in turn, so that whatever else the machine does meets both.

use std::time::Duration;

use serde::Serialize;

use super::relay_side::turns_in;
use super::{Batching, Case, FloorSide, RelaySide};
use crate::relay::OneShard;

/// One measurement of each.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Round {
    /// Processor time of the bare loop, nanoseconds per copy.
    pub floor_ns: f64,
    /// Processor time of the shard, nanoseconds per copy, its receiving included.
    pub relay_ns: f64,
    /// Part of its processor that the shard took.
    pub shard_share: f64,
    /// Copies that the bare loop sent.
    pub floor_copies: u64,
    /// Copies that the relay sent.
    pub relay_copies: u64,
    /// Copies of both that never arrived.
    pub lost: u64,
    /// How much the shard did at once.
    pub batching: Batching,
}

/// All rounds of one case.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What was compared.
    #[serde(flatten)]
    pub case: Case,
    /// From one turn to speak to the next.
    pub interval_us: f64,
    /// The measurements, in order.
    pub rounds: Vec<Round>,
}

/// Speaking takes this long in one measurement of the relay.
const MEASURED: Duration = Duration::from_millis(300);

/// Measures floor, relay, floor, relay, … `rounds` times each; `told` hears of each round.
///
/// # Errors
/// A measurement fails.
pub fn compare(
    relay: &OneShard,
    name: &str,
    case: Case,
    rounds: usize,
    mut told: impl FnMut(usize, &Round),
) -> anyhow::Result<Comparison> {
    let mut side = RelaySide::new(relay, name, case)?;
    let interval = side.pace()?;
    let mut all = Vec::with_capacity(rounds);
    for number in 1..=rounds {
        let round = round(relay, &mut side, &case, interval)?;
        told(number, &round);
        all.push(round);
    }
    Ok(Comparison { case, interval_us: interval.as_secs_f64() * 1e6, rounds: all })
}

fn round(
    relay: &OneShard,
    side: &mut RelaySide<'_>,
    case: &Case,
    interval: Duration,
) -> anyhow::Result<Round> {
    let turns = turns_in(MEASURED, interval);
    let floor = FloorSide::new(side.listeners(), relay.cpus());
    let floor = floor.measure(case.payload_bytes, turns * case.copies_a_turn())?;
    let (cost, batching) = side.measure(interval, turns)?;
    Ok(Round {
        floor_ns: floor.cpu_ns_per_copy(),
        relay_ns: cost.cpu_ns_per_copy(),
        shard_share: cost.cpu_share(),
        floor_copies: floor.copies,
        relay_copies: cost.copies,
        lost: floor.lost + cost.lost,
        batching,
    })
}
