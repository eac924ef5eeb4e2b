//! The steps, each named for what it costs.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ringfence_tests::crowd::{BATCH, CrowdedRooms, CrowdedTurn, PACKET_BYTES, RoomsLoad, TurnLoad};
use ringfence_wire::demux::Kind;
use ringfence_wire::stun::{IntegrityKey, Message};

use crate::pure_room::PureRoom;
use crate::region_policy::region_policy;
use crate::region_table::{addresses_in, region_table};

/// What is repeated.
pub type Work = Box<dyn FnMut()>;

/// One line of the baseline.
pub struct Step {
    /// Its name there.
    pub name: &'static str,
    /// How often [`Step::make`]'s work does it at a time.
    pub operations: usize,
    /// How often that is repeated while it is counted.
    pub repetitions: usize,
    /// Prepares it.
    pub make: fn() -> anyhow::Result<Work>,
}

/// All of them.
pub const STEPS: &[Step] = &[
    step("demux", BATCH, 200, demux),
    step("stun-parse", 1, 2_000, stun_parse),
    step("stun-integrity", 1, 500, stun_integrity),
    step("flow-lookup", BATCH, 200, flow_lookup),
    step("fence-lookup-v4", BATCH, 200, || fence_lookup(IpAddr::is_ipv4)),
    step("fence-lookup-v6", BATCH, 200, || fence_lookup(IpAddr::is_ipv6)),
    step("room-of-2", BATCH, 200, || room(2, 1)),
    step("room-of-2-runs-of-8", BATCH, 200, || room(2, 8)),
    step("room-of-50", BATCH, 100, || room(50, 1)),
    step("turn-out", BATCH, 200, turn_out),
    step("turn-in", BATCH, 200, turn_in),
    step("allocate", 1, 50, allocate),
];

/// Flows of each step that has any.
const FLOWS: u32 = 600;
const PREFIXES: usize = 50_000;
const LABELS: u16 = 250;

const fn step(
    name: &'static str,
    operations: usize,
    repetitions: usize,
    make: fn() -> anyhow::Result<Work>,
) -> Step {
    Step { name, operations, repetitions, make }
}

fn demux() -> anyhow::Result<Work> {
    let mut packets = [[0, 111, 0, 0]; BATCH];
    for (packet, first) in packets.iter_mut().zip((0..=u8::MAX).step_by(4)) {
        packet[0] = first;
    }
    Ok(Box::new(move || {
        for packet in &packets {
            black_box(Kind::of(black_box(packet)));
        }
    }))
}

fn check() -> anyhow::Result<Vec<u8>> {
    PureRoom::latched(1)?.check(0)
}

fn stun_parse() -> anyhow::Result<Work> {
    let check = check()?;
    Ok(Box::new(move || {
        black_box(Message::parse(black_box(&check)).is_ok());
    }))
}

/// Reading, keying and verifying, as for each check of a participant.
fn stun_integrity() -> anyhow::Result<Work> {
    let check = check()?;
    Ok(Box::new(move || {
        let key = IntegrityKey::short_term(black_box(b"any key takes as long as the right one"));
        let message = Message::parse(black_box(&check));
        black_box(message.map(|message| message.verify_integrity(&key).is_ok()).ok());
    }))
}

/// Packets that are known to be their speaker's, and are then too short to be media.
fn flow_lookup() -> anyhow::Result<Work> {
    let mut rooms = CrowdedRooms::latched(FLOWS / 2, 2);
    let speakers: Vec<u32> = (0..FLOWS).step_by(7).take(BATCH).collect();
    Ok(Box::new(move || {
        let short = speakers.iter().map(|&number| CrowdedRooms::datagram(number, &[0x80, 111]));
        rooms.shard.batch(Duration::from_millis(1), short);
    }))
}

fn fence_lookup(family: fn(&IpAddr) -> bool) -> anyhow::Result<Work> {
    let table = Arc::new(region_table(PREFIXES, LABELS));
    let addresses: Vec<IpAddr> =
        addresses_in(&table, 8 * BATCH).into_iter().filter(family).take(BATCH).collect();
    anyhow::ensure!(addresses.len() == BATCH, "too few addresses of one family");
    let policy = region_policy(table, LABELS);
    Ok(Box::new(move || {
        for &address in &addresses {
            black_box(policy.locate(black_box(address)).is_ok());
        }
    }))
}

fn room(participants: u32, run: usize) -> anyhow::Result<Work> {
    let mut load = RoomsLoad::new(FLOWS, participants, run);
    Ok(Box::new(move || {
        load.batch();
    }))
}

fn turn_out() -> anyhow::Result<Work> {
    let mut load = TurnLoad::new(FLOWS, 1);
    Ok(Box::new(move || {
        load.outward();
    }))
}

fn turn_in() -> anyhow::Result<Work> {
    let mut load = TurnLoad::new(FLOWS, 1);
    Ok(Box::new(move || {
        load.inward();
    }))
}

/// From a stranger's Allocate to a bound channel: four requests with the registry's part, and the
/// client's.
fn allocate() -> anyhow::Result<Work> {
    let mut turn = CrowdedTurn::allocated(FLOWS);
    Ok(Box::new(move || turn.allocate()))
}

const _: () = assert!(PACKET_BYTES == 172, "the baseline is for packets of this length");
