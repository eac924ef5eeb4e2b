//! Every family there is, and where its numbers come from.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use ringfence_core::{Counters, Unencrypted, UnencryptedFlows};
use ringfence_fence::Rule;
use ringfence_net::{IoCounters, SendRefusal};

use super::families::{Families, Family, Labels, bytes, family, seconds};
use super::{audit, turn};
use crate::relay::{Control, ShardStatus};
use crate::status;

/// One number of what a shard counts.
type Read<C> = fn(&C) -> u64;

/// Reads a relay at each scrape.
pub(super) struct RelayCollector(Control);

impl RelayCollector {
    pub(super) fn new(control: Control) -> Self {
        Self(control)
    }
}

impl fmt::Debug for RelayCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelayCollector")
    }
}

impl Collector for RelayCollector {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::new(encoder);
        let shards = self.0.shards();
        process(&mut families, &self.0, &shards)?;
        rooms(&mut families, &self.0)?;
        scrutiny(&mut families, &self.0)?;
        turn::encode(&mut families, &self.0, &shards)?;
        audit::encode(&mut families, &self.0)?;
        kept(&mut families, &self.0)?;
        datagrams(&mut families, &shards)?;
        drops(&mut families, &shards)?;
        kernel(&mut families, &shards)?;
        work(&mut families, &shards)
    }
}

/// Nothing where no service manager keeps anything.
fn kept(families: &mut Families<'_>, control: &Control) -> fmt::Result {
    let Some(kept) = control.kept() else { return Ok(()) };
    let looks = family("kept_looks", "Times the state was compared with what is kept of it");
    families.counter(&looks, one(kept.looks))?;
    let states = family("kept_states", "States kept by the service manager for the next start");
    families.counter(&states, one(kept.states))
}

fn process(families: &mut Families<'_>, control: &Control, shards: &[ShardStatus]) -> fmt::Result {
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    families.info(&family("build", "The program"), &version)?;
    let uptime = seconds("uptime", "Time since the start");
    families.gauge(&uptime, one(control.uptime().as_secs_f64()))?;
    let running = shards.iter().filter(|shard| shard.running).count();
    let shards_running = family("shards_running", "Threads that move packets");
    families.gauge(&shards_running, one(running))?;
    let policy = control.policy();
    let standing = family("site_in_standing", "1 if the relay's addresses lie in its site");
    families.gauge(&standing, one(u32::from(policy.own_site_standing().is_ok())))?;
    let epoch = family("policy_epoch", "Version of the policy in force");
    families.gauge(&epoch, one(policy.epoch().0))?;
    let draining = family("draining", "1 while new work is refused until the last call ends");
    families.gauge(&draining, one(u32::from(control.draining().is_some())))?;
    reloads(families, control)
}

fn reloads(families: &mut Families<'_>, control: &Control) -> fmt::Result {
    let stale = family("policy_stale", "1 if the last reload did not put its policy in force");
    families.gauge(&stale, one(u32::from(control.reloads().is_stale())))?;
    let counts = control.reloads().counts();
    let counts = counts.map(|(result, count)| (vec![("result", result.to_owned())], count));
    families.counter(&family("reloads", "Reloads, by how they ended"), counts)
}

fn rooms(families: &mut Families<'_>, control: &Control) -> fmt::Result {
    let rooms = control.rooms();
    let participants: usize = rooms.iter().map(|room| room.participants).sum();
    let latched: usize = rooms.iter().map(|room| room.latched).sum();
    families.gauge(&family("rooms", "Rooms"), one(rooms.len()))?;
    let family_of_participants = family("participants", "Participants, latched or not");
    families.gauge(&family_of_participants, one(participants))?;
    let timers = family("registry_timers", "Deadlines of stays and reservations");
    families.gauge(&timers, one(control.timers()))?;
    let family_of_latched = family("latched", "Participants whose address proved itself");
    families.gauge(&family_of_latched, one(latched))
}

fn scrutiny(families: &mut Families<'_>, control: &Control) -> fmt::Result {
    let UnencryptedFlows { plain, repeating_blocks } = control.unencrypted_flows();
    let found = [(Unencrypted::Plain, plain), (Unencrypted::RepeatingBlocks, repeating_blocks)];
    let samples = found.map(|(how, count)| (vec![("kind", how.code().to_owned())], count));
    let family =
        family("flows_unencrypted", "Flows whose media is evidently not encrypted, and how");
    families.counter(&family, samples.into_iter())
}

fn datagrams(families: &mut Families<'_>, shards: &[ShardStatus]) -> fmt::Result {
    let engine: [(Family, Read<Counters>); 7] = [
        (
            family(
                "datagrams_received",
                "Datagrams that came in; ends as forwarded, answered or dropped",
            ),
            |counters| counters.received,
        ),
        (bytes("received", "Their payload"), |counters| counters.received_bytes),
        (family("datagrams_forwarded", "Datagrams that left to someone"), |counters| {
            counters.forwarded
        }),
        (family("datagrams_copies", "Datagrams that left, one per listener"), |counters| {
            counters.copies
        }),
        (bytes("copied", "Their payload"), |counters| counters.copied_bytes),
        (family("datagrams_answered", "Datagrams that were for the relay"), |counters| {
            counters.answered
        }),
        (family("path_checks", "Checks sent to prove an address"), |counters| counters.path_checks),
    ];
    for (family, read) in &engine {
        families.counter(family, by_shard(shards, |shard| read(&shard.snapshot.engine)))?;
    }
    let parked = family("datagrams_parked", "Datagrams that wait for an SSRC's owner");
    families.gauge(&parked, by_shard(shards, |shard| shard.snapshot.parked))
}

fn drops(families: &mut Families<'_>, shards: &[ShardStatus]) -> fmt::Result {
    let sum = shards.iter().fold(Counters::new(), |sum, shard| sum + shard.snapshot.engine);
    let dropped = family(
        "datagrams_dropped",
        "Datagrams dropped, by whose fault it is and why; the kernel's never counted as received",
    );
    let counts = status::drops(shards);
    let samples = counts.map(|drops| (drop_labels(drops.fault, drops.reason), drops.count));
    families.counter(&dropped, samples)?;
    let refusals = Rule::ALL.iter().zip(sum.refusals);
    let refusals = refusals.map(|(rule, count)| (vec![("rule", rule.code().to_owned())], count));
    let family = family("fence_refusals", "Datagrams that the fence refused, by its rule");
    families.counter(&family, refusals)
}

fn kernel(families: &mut Families<'_>, shards: &[ShardStatus]) -> fmt::Result {
    let drops = queue_drops(shards).into_iter();
    let drops = drops.map(|(address, count)| (vec![("listen", address.to_string())], count));
    let family_of_drops = family(
        "kernel_queue_drops",
        "Datagrams that the kernel dropped before a shard could read them",
    );
    families.counter(&family_of_drops, drops)?;
    let refused = SendRefusal::ALL.into_iter().map(|why| {
        let each = shards.iter().map(|shard| shard.snapshot.io.sent);
        let count: u64 = each.map(|sent| sent.refused_for(why)).sum();
        (vec![("reason", why.label().to_owned())], count)
    });
    let family = family("send_refused", "Datagrams that the kernel did not send, and why");
    families.counter(&family, refused)
}

fn work(families: &mut Families<'_>, shards: &[ShardStatus]) -> fmt::Result {
    let sockets: [(Family, Read<IoCounters>); 5] = [
        (family("receive_calls", "Receive calls that delivered"), |io| io.received.calls),
        (family("trains_received", "Trains that the kernel made"), |io| io.received.trains),
        (family("send_calls", "Send calls"), |io| io.sent.calls),
        (family("trains_sent", "Trains that the kernel took"), |io| io.sent.trains),
        (family("trains_refused", "Trains that were sent one by one instead"), |io| {
            io.sent.trains_refused
        }),
    ];
    for (family, read) in &sockets {
        families.counter(family, by_shard(shards, |shard| read(&shard.snapshot.io)))?;
    }
    let turns = family("shard_turns", "Turns: one that stands still while packets wait is stuck");
    families.counter(&turns, by_shard(shards, |shard| shard.snapshot.turns))?;
    let timers = family("shard_timers", "Deadlines that a shard watches");
    families.gauge(&timers, by_shard(shards, |shard| shard.snapshot.timers))?;
    let panics = family(
        "shard_panics",
        "Turns that a bug broke off; its packets are lost, the shard goes on",
    );
    families.counter(&panics, by_shard(shards, |shard| shard.snapshot.panics))?;
    let load = family(
        "shard_load_ratio",
        "The part of the time in which a shard does not wait for packets",
    );
    families.gauge(&load, by_shard(shards, |shard| shard.load))?;
    let sieves = family("shard_sieves", "Times that a shard had the kernel keep strangers out");
    families.counter(&sieves, by_shard(shards, |shard| shard.snapshot.sieved.put))?;
    let withheld = family(
        "shard_strangers_withheld_ratio",
        "The part of strangers' STUN that the kernel throws away for a flooded shard; 0 if it is not",
    );
    families.gauge(&withheld, by_shard(shards, |shard| shard.snapshot.sieved.withheld))?;
    let cpu = seconds("shard_cpu", "Processor time of a shard's thread");
    families.counter(&cpu, by_shard(shards, |shard| shard.cpu_time.as_secs_f64()))
}

/// All shards share their listen addresses.
fn queue_drops(shards: &[ShardStatus]) -> BTreeMap<SocketAddr, u64> {
    let mut drops = BTreeMap::new();
    for (address, count) in shards.iter().flat_map(|shard| &shard.kernel_drops) {
        *drops.entry(*address).or_default() += count;
    }
    drops
}

pub(super) fn by_shard<N>(
    shards: &[ShardStatus],
    read: impl Fn(&ShardStatus) -> N,
) -> impl Iterator<Item = (Labels, N)> {
    let numbered = shards.iter().enumerate();
    numbered.map(move |(number, shard)| (vec![("shard", number.to_string())], read(shard)))
}

fn drop_labels(fault: &str, reason: &str) -> Labels {
    vec![("fault", fault.to_owned()), ("reason", reason.to_owned())]
}

pub(super) fn one<N>(number: N) -> impl Iterator<Item = (Labels, N)> {
    std::iter::once((Labels::new(), number))
}
