//! Streams by TURN and in rooms that flow all the time, and when each was heard again.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Case;
use super::world::World;
use crate::rtp;
use crate::work::rooms::{Layout, Rooms};
use crate::work::turn::{Direction, Plan, Transport, Turn};
use crate::work::{Sinks, Work};

const ROOMS: Layout = Layout { rooms: 5, participants: 2, speakers: 2 };
const FLOWS: Plan = Plan { flows: 5, direction: Direction::Both, transport: Transport::Udp };
const SINKS: Sinks = Sinks { trains: true, stamps: false };

/// What is later than this is left out: made up for, it would be a burst.
const LATE: Duration = Duration::from_millis(20);

const CLUMP: u64 = 64;
const LISTEN_CALLS: usize = 24;
const REST: Duration = Duration::from_micros(50);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(1);

/// How long nothing may arrive before what is missing counts as lost.
const QUIET: Duration = Duration::from_millis(500);

/// Streams of one kind.
struct Kind {
    work: Box<dyn Work>,
    numbers: Vec<u32>,
    /// When each lane was first heard since the mark.
    heard: Vec<Option<Instant>>,
}

pub(super) struct Load {
    rooms: Kind,
    turn: Kind,
    packet: Vec<u8>,
    dice: ChaCha8Rng,
    per_s: f64,
    due: f64,
    looked: Instant,
    kept_alive: Instant,
    next: usize,
    carried: Carried,
    /// Arrivals count from this on for [`Load::returned`]; `None` before the first mark.
    marked: Option<Instant>,
}

/// Packets and copies so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Carried {
    pub(super) sent: u64,
    expected: u64,
    received: u64,
    pub(super) own_drops: u64,
}

impl Carried {
    pub(super) fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }
}

impl Load {
    pub(super) fn open(world: &World, case: &Case) -> anyhow::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            rooms: Kind::new(Box::new(Rooms::open(&world.door(), ROOMS, SINKS)?)),
            turn: Kind::new(Box::new(Turn::open(world.media, &FLOWS, SINKS, None)?)),
            packet: vec![0; case.packet_bytes.max(rtp::HEADER_BYTES)],
            dice: ChaCha8Rng::seed_from_u64(0),
            per_s: case.packets_per_s.into(),
            due: 0.0,
            looked: now,
            kept_alive: now,
            next: 0,
            carried: Carried::default(),
            marked: None,
        })
    }

    /// Sends what is due and takes in what has come; rests if there was neither.
    pub(super) fn step(&mut self) -> anyhow::Result<()> {
        let sent = self.send_what_is_due()?;
        let heard = self.listen()?;
        if self.kept_alive.elapsed() >= KEEP_ALIVE_INTERVAL {
            self.kept_alive = Instant::now();
            // An answer that does not come, since there is no relay, is asked for again.
            let _ = self.rooms.work.keep_alive();
        }
        if sent + heard == 0 {
            std::thread::sleep(REST);
        }
        Ok(())
    }

    /// Goes on until then, and does something else between two steps.
    pub(super) fn run_until(
        &mut self,
        when: Instant,
        mut between: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        while Instant::now() < when {
            self.step()?;
            between()?;
        }
        Ok(())
    }

    /// Takes in what is under way; nothing is sent. What would have been due meanwhile is not made up for.
    pub(super) fn settle(&mut self) -> anyhow::Result<()> {
        let mut heard = Instant::now();
        while heard.elapsed() < QUIET {
            if self.listen()? > 0 {
                heard = Instant::now();
            }
            std::thread::sleep(REST);
        }
        self.looked = Instant::now();
        self.carried.own_drops = self.rooms.work.own_drops() + self.turn.work.own_drops();
        Ok(())
    }

    /// Refreshes what is due; the relay is there, and nothing is sent meanwhile.
    pub(super) fn tend(&mut self) -> anyhow::Result<()> {
        self.turn.work.keep_alive()
    }

    pub(super) fn carried(&self) -> Carried {
        self.carried
    }

    /// There is no relay now: what has come was sent by the one before.
    pub(super) fn mark(&mut self) {
        let _ = self.listen();
        self.marked = Some(Instant::now());
        self.rooms.heard.fill(None);
        self.turn.heard.fill(None);
    }

    /// When the last lane of rooms, and the last of TURN, was heard again since the mark.
    pub(super) fn returned(&self) -> Option<(Instant, Instant)> {
        self.marked?;
        Some((self.rooms.returned()?, self.turn.returned()?))
    }

    fn send_what_is_due(&mut self) -> anyhow::Result<u64> {
        let now = Instant::now();
        let most = self.per_s * LATE.as_secs_f64();
        self.due = ((now - self.looked).as_secs_f64().mul_add(self.per_s, self.due)).min(most);
        self.looked = now;
        let packets = rtp::whole(self.due).min(CLUMP);
        self.due -= packets as f64;
        for _ in 0..packets {
            self.send_one()?;
        }
        if packets > 0 {
            self.rooms.work.flush()?;
            self.turn.work.flush()?;
            self.carried.sent += packets;
        }
        Ok(packets)
    }

    fn send_one(&mut self) -> anyhow::Result<()> {
        let Self { rooms, turn, next, packet, dice, carried, .. } = self;
        let lanes = rooms.numbers.len() + turn.numbers.len();
        let place = *next;
        *next = (place + 1) % lanes;
        let (kind, lane) = match place.checked_sub(rooms.numbers.len()) {
            None => (rooms, place),
            Some(lane) => (turn, lane),
        };
        kind.numbers[lane] = kind.numbers[lane].wrapping_add(1);
        rtp::write(packet, lane, kind.numbers[lane], dice);
        kind.work.send(lane, packet, packet.len())?;
        carried.expected += kind.work.copies(lane);
        Ok(())
    }

    /// How many copies came.
    fn listen(&mut self) -> anyhow::Result<u64> {
        let heard = self.rooms.listen()? + self.turn.listen()?;
        self.carried.received += heard;
        Ok(heard)
    }
}

impl Kind {
    fn new(work: Box<dyn Work>) -> Self {
        let lanes = work.lanes();
        Self { work, numbers: vec![0; lanes], heard: vec![None; lanes] }
    }

    fn listen(&mut self) -> anyhow::Result<u64> {
        let Self { work, heard, .. } = self;
        let (mut copies, mut calls) = (0, 0..LISTEN_CALLS);
        while calls.next().is_some()
            && work.receive(&mut |packet, arrived| {
                if let Some(lane) = rtp::lane(packet) {
                    copies += 1;
                    if let Some(first) = heard.get_mut(lane) {
                        first.get_or_insert(arrived);
                    }
                }
            })?
        {}
        Ok(copies)
    }

    fn returned(&self) -> Option<Instant> {
        self.heard.iter().copied().reduce(|last, next| last.max(next.filter(|_| last.is_some())))?
    }
}
