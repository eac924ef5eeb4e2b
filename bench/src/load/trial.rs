//! One load on one server.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::pace::{LATE, Manner, Pace};
use super::processor::cpu_time;
use super::schedule::Schedule;
use super::shape::Shape;
use super::speaker::Speaker;
use super::srtp::{Encryption, Verification};
use super::tally::{Tally, latencies};
use crate::work::Work;

/// What is offered.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Load {
    /// Sizes and bursts.
    pub shape: Shape,
    /// Of all lanes together.
    pub packets_per_s: u64,
    /// For how long.
    pub span: Duration,
    /// How exactly.
    pub manner: Manner,
    /// Whether payloads are encrypted (RFC 3711).
    pub srtp: bool,
    /// Whether arrivals are timed.
    pub timed: bool,
}

/// How it went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Trial {
    /// Packets sent.
    pub sent: u64,
    /// Packets that should have been sent and were not, because the generator was late.
    pub missed: u64,
    /// Packets that were sent more than a millisecond after their time.
    pub sent_late: u64,
    /// Copies that should have arrived of what was sent.
    pub expected: u64,
    /// Copies that arrived.
    pub received: u64,
    /// Of those, behind one of the same lane that was sent later.
    pub reordered: u64,
    /// Packets that nobody sent, or that arrived twice.
    pub strange: u64,
    /// Of the encrypted packets that were looked at, those that were not authentic.
    pub broken: u64,
    /// Datagrams that the kernel dropped at the generator's own sockets.
    pub own_drops: u64,
    /// Processor time of all threads of the server, the kernel's part included.
    pub cpu: Option<Duration>,
    /// From the first packet sent to the last one received.
    pub wall: Duration,
    /// What the generator's own encryption took.
    pub srtp_ns_per_packet: Option<f64>,
    /// From the time a packet was meant to leave to its arrival, in nanoseconds.
    #[serde(skip)]
    pub latency: Option<Histogram<u64>>,
}

/// How it goes.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// Since the first packet.
    pub elapsed: Duration,
    /// Copies that should have arrived by now, those under way included.
    pub expected: u64,
    /// Copies that arrived.
    pub received: u64,
}

/// From one look at the arrivals to the next, so that a receive queue's lock is free in between.
const LISTEN_INTERVAL: Duration = Duration::from_millis(1);

/// The same where nothing else is to be done and sending must not wait for long.
const EXACT_LISTEN_INTERVAL: Duration = Duration::from_micros(50);

/// Receive calls of one look, so that it does not hold up the sending.
const LISTEN_CALLS: usize = 64;

/// Turns that are sent before the clock is read again.
const TURNS_MAX: u64 = 64;

/// How long nothing may arrive before what is missing counts as lost.
const QUIET: Duration = Duration::from_millis(100);

const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(1);
const GLANCE_INTERVAL: Duration = Duration::from_millis(250);

/// Part of the packets that a generator may leave out, or send late, and still have kept its pace.
const SPOILT_MAX: f64 = 0.01;

/// Loads a server and counts. The process is the server's, for its processor time.
///
/// # Errors
/// The work's connections fail, or the server is gone.
pub fn run(
    work: &mut dyn Work,
    load: &Load,
    process: Option<u32>,
    glance: &mut dyn FnMut(Glance),
) -> anyhow::Result<Trial> {
    let drops = work.own_drops();
    let mut running = Running::new(work, load)?;
    let before = process.map(cpu_time).transpose()?;
    running.send(work, glance)?;
    running.drain(work)?;
    let after = process.map(cpu_time).transpose()?;
    let cpu = after.zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok(Trial { cpu, own_drops: work.own_drops() - drops, ..running.finish() })
}

impl Trial {
    /// Nanoseconds of the server's processor time by copy that arrived.
    pub fn cpu_ns_per_packet(&self) -> Option<f64> {
        let cpu = self.cpu.filter(|_| self.received > 0)?;
        Some(cpu.as_secs_f64() * 1e9 / self.received as f64)
    }

    /// Copies that did not arrive.
    pub fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }

    /// Part of the copies that did not arrive.
    pub fn loss(&self) -> f64 {
        self.lost() as f64 / self.expected.max(1) as f64
    }

    /// Whether what was offered is what should have been, and all that arrived was counted.
    pub fn is_sound(&self) -> bool {
        let spoilt_max = (self.sent + self.missed) as f64 * SPOILT_MAX;
        (self.missed + self.sent_late) as f64 <= spoilt_max && self.own_drops == 0
    }
}

struct Running {
    load: Load,
    schedule: Schedule,
    pace: Pace,
    speaker: Speaker,
    tally: Tally,
    trial: Trial,
    began: Instant,
    heard: Instant,
    listened: Instant,
    kept_alive: Instant,
    glanced: Instant,
}

impl Running {
    fn new(work: &dyn Work, load: &Load) -> anyhow::Result<Self> {
        let lanes = work.lanes();
        let schedule = Schedule::new(&load.shape, lanes, load.packets_per_s);
        let encryption = load.srtp.then(|| Encryption::new(lanes)).transpose()?;
        let now = Instant::now();
        let copies = (0..lanes).map(|lane| work.copies(lane));
        let mut tally = Tally::new(schedule.clone(), now, copies);
        tally.latency = load.timed.then(latencies).transpose()?;
        tally.verification = load.srtp.then(|| Verification::new(lanes)).transpose()?;
        Ok(Self {
            pace: Pace::new(&schedule, load.span, load.manner),
            speaker: Speaker::new(&schedule, encryption),
            tally,
            load: *load,
            schedule,
            trial: Trial::default(),
            began: now,
            heard: now,
            listened: now,
            kept_alive: now,
            glanced: now,
        })
    }

    fn send(&mut self, work: &mut dyn Work, glance: &mut dyn FnMut(Glance)) -> anyhow::Result<()> {
        loop {
            let elapsed = self.began.elapsed();
            if self.pace.is_over(elapsed) {
                return Ok(());
            }
            let due = self.pace.take(&self.schedule, elapsed, TURNS_MAX);
            self.leave_out(due.first - due.missed..due.first);
            for turn in due.first..due.first + due.turns {
                self.speak(work, turn, elapsed)?;
            }
            if due.turns > 0 {
                work.flush()?;
            }
            self.between(work, due.turns == 0)?;
            self.look(glance);
        }
    }

    fn leave_out(&mut self, turns: std::ops::Range<u64>) {
        let packets = turns.map(|turn| self.schedule.place(turn).turn.packets);
        self.trial.missed += packets.sum::<u64>();
    }

    fn speak(&mut self, work: &mut dyn Work, turn: u64, elapsed: Duration) -> anyhow::Result<()> {
        let place = self.schedule.place(turn);
        let packets = self.speaker.speak(&place)?;
        work.send(place.lane, packets, place.turn.packet_bytes)?;
        let count = place.turn.packets;
        self.tally.sent(place.lane, place.first + count);
        self.trial.sent += count;
        self.trial.expected += count * self.tally.copies(place.lane);
        if elapsed > self.schedule.turn_at(turn) + LATE {
            self.trial.sent_late += count;
        }
        Ok(())
    }

    /// What is done beside sending.
    fn between(&mut self, work: &mut dyn Work, idle: bool) -> anyhow::Result<()> {
        let now = Instant::now();
        let since = now - self.listened;
        let pauses = self.load.manner == Manner::Exact && idle;
        if pauses && since >= EXACT_LISTEN_INTERVAL {
            // If there is more it is taken right away, but the clock is looked at first.
            let more = self.listen(work, 1)?;
            self.listened = if more { self.listened } else { now };
        } else if since >= LISTEN_INTERVAL {
            self.listened = now;
            self.listen(work, LISTEN_CALLS)?;
        }
        if now - self.kept_alive >= KEEP_ALIVE_INTERVAL {
            self.kept_alive = now;
            work.keep_alive()?;
        }
        Ok(())
    }

    /// Whether the last call left something behind.
    fn listen(&mut self, work: &mut dyn Work, calls: usize) -> anyhow::Result<bool> {
        let before = self.tally.received;
        let mut more = true;
        for _ in 0..calls {
            more = more && work.receive(&mut |packet, at| self.tally.hear(packet, at))?;
        }
        if self.tally.received > before {
            self.heard = Instant::now();
        }
        Ok(more)
    }

    fn drain(&mut self, work: &mut dyn Work) -> anyhow::Result<()> {
        self.heard = Instant::now();
        while self.tally.received < self.trial.expected && self.heard.elapsed() < QUIET {
            work.flush()?;
            if !self.listen(work, LISTEN_CALLS)? {
                std::thread::sleep(LISTEN_INTERVAL);
            }
        }
        Ok(())
    }

    fn look(&mut self, glance: &mut dyn FnMut(Glance)) {
        if self.glanced.elapsed() >= GLANCE_INTERVAL {
            self.glanced = Instant::now();
            let elapsed = self.began.elapsed();
            let (expected, received) = (self.trial.expected, self.tally.received);
            glance(Glance { elapsed, expected, received });
        }
    }

    fn finish(self) -> Trial {
        Trial {
            received: self.tally.received,
            reordered: self.tally.reordered,
            strange: self.tally.strange,
            broken: self.tally.verification.map_or(0, |verification| verification.broken),
            wall: self.heard.duration_since(self.began),
            srtp_ns_per_packet: self.speaker.encryption().map(Encryption::ns_per_packet),
            latency: self.tally.latency,
            ..self.trial
        }
    }
}
