//! How fast counters grow.

use serde_json::{Value, json};

use crate::status::{ShardLoad, Status};

/// Two samples of one process, the second later than the first.
#[derive(Clone, Copy, Debug)]
pub struct Growth<'h> {
    earlier: &'h Status,
    later: &'h Status,
}

impl<'h> Growth<'h> {
    /// `None` if there is no time between them, or another process in the place of the first.
    pub fn between(earlier: &'h Status, later: &'h Status) -> Option<Self> {
        (later.uptime_s > earlier.uptime_s).then_some(Self { earlier, later })
    }

    /// By how much each second.
    pub fn each_second(&self, read: impl Fn(&Status) -> f64) -> f64 {
        let seconds = self.later.uptime_s - self.earlier.uptime_s;
        (read(self.later) - read(self.earlier)).max(0.0) / seconds
    }

    /// The rates that `--json` shows: datagrams and bytes each second.
    pub fn to_json(&self) -> Value {
        let shard = |number: usize| {
            let of = |read: fn(&ShardLoad) -> f64| self.each_second(of_shard(number, read));
            json!({
                "received": of(|shard| shard.received as f64),
                "copies": of(|shard| shard.copies as f64),
                "dropped": of(|shard| (shard.dropped + shard.queue_drops) as f64),
            })
        };
        json!({
            "received": self.each_second(received),
            "copies": self.each_second(copies),
            "copied_bytes": self.each_second(copied_bytes),
            "dropped": self.each_second(dropped),
            "shards": (0..self.later.shards.len()).map(shard).collect::<Value>(),
        })
    }
}

/// Reads one number of one shard; zero where there is no such shard.
pub(super) fn of_shard(number: usize, read: impl Fn(&ShardLoad) -> f64) -> impl Fn(&Status) -> f64 {
    move |status| status.shards.get(number).map_or(0.0, &read)
}

/// Datagrams that came in.
pub(super) fn received(status: &Status) -> f64 {
    sum(status, |shard| shard.received)
}

/// Datagrams that left, one per listener.
pub(super) fn copies(status: &Status) -> f64 {
    sum(status, |shard| shard.copies)
}

/// Their payload.
pub(super) fn copied_bytes(status: &Status) -> f64 {
    sum(status, |shard| shard.copied_bytes)
}

/// Datagrams that were dropped, by whoever.
pub(super) fn dropped(status: &Status) -> f64 {
    status.drops.iter().map(|drops| drops.count as f64).sum()
}

fn sum(status: &Status, read: impl Fn(&ShardLoad) -> u64) -> f64 {
    status.shards.iter().map(read).sum::<u64>() as f64
}
