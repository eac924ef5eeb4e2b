//! The load: streams that stay throughout, by TURN over UDP, TCP and TLS and in rooms, at a rate that can
//! be changed while they flow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

use super::Case;
use super::relay::Subject;
use crate::rtp;
use crate::work::rooms::{Layout, Rooms, TTL_S};
use crate::work::turn::{Direction, Plan, Transport, Turn};
use crate::work::{Sinks, Work};

/// Rooms of the load: what one says three hear.
const ROOMS: Layout = Layout { rooms: 8, participants: 4, speakers: 2 };

/// TURN flows of the load, with media both ways.
const FLOWS: [(Transport, usize); 3] =
    [(Transport::Udp, 12), (Transport::Tcp, 1), (Transport::Tls, 1)];

/// The generator takes trains in, or it would be at its limit before the relay is at its load.
const SINKS: Sinks = Sinks { trains: true, stamps: false };

/// Packets that leave before arrivals are looked at.
const CLUMP: u64 = 64;

/// What is later than this is left out: made up for, it would be a flood.
const LATE: Duration = Duration::from_millis(5);

/// Looks for arrivals between two sendings.
const LISTEN_CALLS: usize = 24;

const REST: Duration = Duration::from_micros(50);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(1);

/// How long nothing may arrive at the end before what is missing counts as lost.
const QUIET: Duration = Duration::from_millis(500);

/// How long a stream may take to come back.
const REOPEN_ATTEMPTS: usize = 60;
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

/// What the load came to so far.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Carried {
    /// Packets sent.
    pub sent: u64,
    /// Packets that fell due and were left out, since the generator was late.
    pub left_out: u64,
    /// Copies that should arrive.
    pub expected: u64,
    /// Copies that have.
    pub received: u64,
    /// Of the rest, those that the kernel dropped at the generator's own sockets.
    pub own_drops: u64,
    /// Streams that were made anew, since the relay had lost or refused them.
    pub reopened: u64,
}

impl Carried {
    /// Copies that have not arrived: lost, or under way.
    pub fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }
}

/// The load as other threads see it.
pub(super) struct Carrier {
    packet_bytes: usize,
    /// Packets a second, from now on.
    pub(super) rate_per_s: AtomicU64,
    /// Set when it is over.
    pub(super) over: AtomicBool,
    /// Set when all streams are there.
    pub(super) flowing: AtomicBool,
    sent: AtomicU64,
    left_out: AtomicU64,
    expected: AtomicU64,
    received: AtomicU64,
    own_drops: AtomicU64,
    reopened: AtomicU64,
}

impl Carrier {
    pub(super) fn new(case: &Case) -> Self {
        Self {
            packet_bytes: case.packet_bytes.max(rtp::HEADER_BYTES),
            rate_per_s: case.first_packets_per_s.into(),
            over: false.into(),
            flowing: false.into(),
            sent: 0.into(),
            left_out: 0.into(),
            expected: 0.into(),
            received: 0.into(),
            own_drops: 0.into(),
            reopened: 0.into(),
        }
    }

    pub(super) fn carried(&self) -> Carried {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Carried {
            sent: read(&self.sent),
            left_out: read(&self.left_out),
            expected: read(&self.expected),
            received: read(&self.received),
            own_drops: read(&self.own_drops),
            reopened: read(&self.reopened),
        }
    }

    /// Opens the streams and sends until it is over; then takes in what is under way and gives all up.
    pub(super) fn run(&self, subject: &Subject) -> anyhow::Result<()> {
        let mut streams = Streams::open(subject, self)?;
        self.flowing.store(true, Ordering::Relaxed);
        while !self.over.load(Ordering::Relaxed) {
            let sent = streams.send_what_is_due();
            let heard = streams.listen();
            streams.keep_alive();
            streams.mend()?;
            if sent == 0 && heard == 0 {
                std::thread::sleep(REST);
            }
        }
        streams.listen_until_quiet();
        Ok(())
    }
}

struct Streams<'c> {
    carrier: &'c Carrier,
    subject: &'c Subject,
    works: Vec<Box<dyn Work>>,
    /// One that has failed, and how.
    broken: Option<(usize, anyhow::Error)>,
    /// Of all works in turn: which, and which lane of it.
    lanes: Vec<(usize, usize)>,
    numbers: Vec<u32>,
    next: usize,
    packet: Vec<u8>,
    dice: ChaCha8Rng,
    /// What is due and has not been sent: packets, and parts of one.
    due: f64,
    looked: Instant,
    kept_alive: Instant,
}

impl<'c> Streams<'c> {
    fn open(subject: &'c Subject, carrier: &'c Carrier) -> anyhow::Result<Self> {
        let works = (0..=FLOWS.len()).map(|number| open(subject, number));
        let works = works.collect::<anyhow::Result<Vec<_>>>()?;
        let lanes: Vec<_> = works
            .iter()
            .enumerate()
            .flat_map(|(work, of)| (0..of.lanes()).map(move |lane| (work, lane)))
            .collect();
        let now = Instant::now();
        Ok(Self {
            carrier,
            subject,
            works,
            broken: None,
            numbers: vec![0; lanes.len()],
            lanes,
            next: 0,
            packet: vec![0; carrier.packet_bytes],
            dice: ChaCha8Rng::seed_from_u64(0),
            due: 0.0,
            looked: now,
            kept_alive: now,
        })
    }

    /// How many packets left.
    fn send_what_is_due(&mut self) -> u64 {
        let (now, rate) = (Instant::now(), self.carrier.rate_per_s.load(Ordering::Relaxed) as f64);
        self.due += (now - self.looked).as_secs_f64() * rate;
        self.looked = now;
        let late = self.due - (rate * LATE.as_secs_f64()).max(1.0);
        if late >= 1.0 {
            self.carrier.left_out.fetch_add(rtp::whole(late), Ordering::Relaxed);
            self.due -= late.floor();
        }
        let packets = rtp::whole(self.due).min(CLUMP);
        self.due -= packets as f64;
        (0..packets).for_each(|_| self.send_one());
        if packets > 0 {
            self.each(|work| work.flush().map_err(Into::into));
            self.carrier.sent.fetch_add(packets, Ordering::Relaxed);
        }
        packets
    }

    /// Of the next lane.
    fn send_one(&mut self) {
        let place = self.next;
        self.next = (place + 1) % self.lanes.len();
        let (work, lane) = self.lanes[place];
        self.numbers[place] = self.numbers[place].wrapping_add(1);
        rtp::write(&mut self.packet, lane, self.numbers[place], &mut self.dice);
        let sent = self.works[work].send(lane, &self.packet, self.packet.len());
        let copies = self.works[work].copies(lane);
        self.carrier.expected.fetch_add(copies, Ordering::Relaxed);
        if let Err(error) = sent {
            self.broken = Some((work, error.into()));
        }
    }

    /// How many copies arrived.
    fn listen(&mut self) -> u64 {
        let mut heard = 0;
        self.each(|work| {
            let mut calls = 0..LISTEN_CALLS;
            while calls.next().is_some()
                && work.receive(&mut |packet, _| heard += u64::from(rtp::lane(packet).is_some()))?
            {
            }
            Ok(())
        });
        self.carrier.received.fetch_add(heard, Ordering::Relaxed);
        heard
    }

    fn keep_alive(&mut self) {
        if self.kept_alive.elapsed() >= KEEP_ALIVE_INTERVAL {
            self.kept_alive = Instant::now();
            let drops = self.works.iter().map(|work| work.own_drops()).sum();
            self.carrier.own_drops.store(drops, Ordering::Relaxed);
            self.each(|work| work.keep_alive());
        }
    }

    /// Does it for all; one that fails is to be made anew.
    fn each(&mut self, mut act: impl FnMut(&mut dyn Work) -> anyhow::Result<()>) {
        for (number, work) in self.works.iter_mut().enumerate() {
            if let Err(error) = act(work.as_mut()) {
                self.broken = Some((number, error));
            }
        }
    }

    /// A relay that is kept from its processor loses streams. What they carried meanwhile counts as lost.
    fn mend(&mut self) -> anyhow::Result<()> {
        let Some((number, error)) = self.broken.take() else { return Ok(()) };
        eprintln!("a stream of the load is made anew: {error:#}");
        self.carrier.reopened.fetch_add(1, Ordering::Relaxed);
        for _ in 0..REOPEN_ATTEMPTS {
            if let Ok(work) = open(self.subject, number) {
                self.works[number] = work;
                self.looked = Instant::now();
                return Ok(());
            }
            std::thread::sleep(REOPEN_PAUSE);
        }
        Err(error.context("the relay does not take a stream of the load back"))
    }

    fn listen_until_quiet(&mut self) {
        let mut heard = Instant::now();
        while heard.elapsed() < QUIET {
            if self.listen() > 0 {
                heard = Instant::now();
            }
            std::thread::sleep(REST);
        }
    }
}

/// The TURN flows of that number, or behind them the rooms.
fn open(subject: &Subject, number: usize) -> anyhow::Result<Box<dyn Work>> {
    let Some(&(transport, flows)) = FLOWS.get(number) else {
        let rooms = Rooms::open(&subject.door(TTL_S), ROOMS, SINKS);
        return Ok(Box::new(rooms.context("the rooms of the load")?));
    };
    let plan = Plan { flows, direction: Direction::Both, transport };
    let server = if transport == Transport::Tls { subject.tls } else { subject.media };
    Ok(Box::new(Turn::open(server, &plan, SINKS, None)?))
}
