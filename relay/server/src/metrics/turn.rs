//! Families of the TURN door.

use std::fmt;

use ringfence_core::{AuthFailure, Counters};
use ringfence_net::StreamCounters;

use super::collector::by_shard;
use super::families::{Families, Family, bytes, family};
use crate::relay::{Control, ShardStatus};

/// One number of what a shard counts of its streams.
type Read = fn(&StreamCounters) -> u64;

pub(super) fn encode(
    families: &mut Families<'_>,
    control: &Control,
    shards: &[ShardStatus],
) -> fmt::Result {
    allocations(families, shards)?;
    ports(families, control)?;
    auth_failures(families, shards)?;
    streams(families, shards)
}

fn allocations(families: &mut Families<'_>, shards: &[ShardStatus]) -> fmt::Result {
    let standing = family("turn_allocations", "TURN allocations");
    families.gauge(&standing, by_shard(shards, |shard| shard.snapshot.engine.allocations))?;
    let made = family("turn_allocations_made", "TURN allocations since the start");
    families.counter(&made, by_shard(shards, |shard| shard.snapshot.engine.allocations_made))
}

fn ports(families: &mut Families<'_>, control: &Control) -> fmt::Result {
    let ports = control.ports();
    let by_state = [("free", ports.free), ("used", ports.used), ("reserved", ports.reserved)];
    let samples = by_state.map(|(state, count)| (vec![("state", state.to_owned())], count));
    families.gauge(&family("turn_ports", "Ports for TURN allocations"), samples.into_iter())
}

fn auth_failures(families: &mut Families<'_>, shards: &[ShardStatus]) -> fmt::Result {
    let sum = shards.iter().fold(Counters::new(), |sum, shard| sum + shard.snapshot.engine);
    let failures = AuthFailure::ALL.iter().zip(sum.auth_failures);
    let samples = failures.map(|(why, count)| (vec![("reason", why.code().to_owned())], count));
    let refused = family("turn_auth_failures", "TURN credentials that were refused, and why");
    families.counter(&refused, samples)
}

fn streams(families: &mut Families<'_>, shards: &[ShardStatus]) -> fmt::Result {
    let open = family("turn_streams", "TCP and TLS connections of TURN clients");
    families.gauge(&open, by_shard(shards, |shard| shard.snapshot.io.streams.open))?;
    let counters: [(Family, Read); 3] = [
        (family("turn_streams_accepted", "Connections that were accepted"), |io| io.accepted),
        (bytes("turn_streams_received", "What came in by them"), |io| io.bytes_in),
        (bytes("turn_streams_sent", "What left by them"), |io| io.bytes_out),
    ];
    for (family, read) in &counters {
        families.counter(family, by_shard(shards, |shard| read(&shard.snapshot.io.streams)))?;
    }
    let ends: [(&str, Read); 6] = [
        ("refused", |io| io.refused_by_step),
        ("limit", |io| io.refused_by_limit),
        ("not_turn", |io| io.ended_unframed),
        ("tls", |io| io.ended_tls),
        ("unauthenticated", |io| io.ended_unauthenticated),
        ("closed", |io| io.ended_other),
    ];
    let samples = ends.map(|(reason, read)| {
        let count: u64 = shards.iter().map(|shard| read(&shard.snapshot.io.streams)).sum();
        (vec![("reason", reason.to_owned())], count)
    });
    let ended = family("turn_streams_ended", "Connections that ended or never began, and why");
    families.counter(&ended, samples.into_iter())
}
