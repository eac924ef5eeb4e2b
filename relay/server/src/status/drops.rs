//! Every way in which a datagram is dropped.

use ringfence_core::{DropReason, Fault};
use ringfence_net::ReceiveCounters;

use crate::relay::ShardStatus;

/// Datagrams that were dropped for one reason.
pub(crate) struct Drops {
    /// Whose fault it is: `sender`, `policy`, `relay` or `kernel`.
    pub(crate) fault: &'static str,
    /// Why, in snake_case.
    pub(crate) reason: &'static str,
    /// How many.
    pub(crate) count: u64,
}

/// All reasons there are, those for which nothing was dropped too. The kernel's drops never counted as
/// received.
pub(crate) fn drops(shards: &[ShardStatus]) -> impl Iterator<Item = Drops> {
    let engine = DropReason::ALL.iter().map(move |&reason| {
        let counts = shards.iter().map(|shard| shard.snapshot.engine.dropped(reason));
        Drops { fault: name(reason.fault()), reason: reason.code(), count: counts.sum() }
    });
    engine.chain(of_kernel(shards))
}

fn of_kernel(shards: &[ShardStatus]) -> impl Iterator<Item = Drops> {
    let received = |read: fn(&ReceiveCounters) -> u64| -> u64 {
        let each = shards.iter().map(|shard| &shard.snapshot.io.received);
        each.map(read).sum()
    };
    let full: u64 = shards.iter().map(|shard| shard.queue_full).sum();
    let sieved: u64 = shards.iter().map(|shard| shard.snapshot.sieved.dropped).sum();
    let reasons = [
        ("queue_full", full),
        ("sieved", sieved),
        ("truncated", received(|io| io.truncated)),
        ("control_truncated", received(|io| io.control_truncated)),
        ("foreign_source", received(|io| io.foreign_source)),
    ];
    reasons.into_iter().map(|(reason, count)| Drops { fault: "kernel", reason, count })
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Sender => "sender",
        Fault::Policy => "policy",
        Fault::Relay => "relay",
    }
}
