//! One load on one server.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use ringfence_net::backend::{Backend, Pending};
use ringfence_wire::channel_data;
use ringfence_wire::datagram::Outbox;
use serde::Serialize;

use super::case::Case;
use super::cost::cpu_time;
use super::flows::{Flows, Lane, Sinks};
use super::pace::Pace;
use super::sides::Side;
use super::tally::{Tally, stamp};

/// From one look at the arrivals to the next: rare enough to take many at once.
const LISTEN_INTERVAL: Duration = Duration::from_millis(1);

/// Receive calls of one look, so that it does not hold up the sending.
const LISTEN_ROUNDS: NonZeroU32 = NonZeroU32::new(16).expect("not zero");

/// How long nothing may arrive before what is missing counts as lost.
const QUIET: Duration = Duration::from_millis(100);

/// Part of the packets that a generator may leave out and still have kept its pace.
const MISSED_MAX: f64 = 0.01;

/// What is offered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) case: Case,
    /// Packets a second, both directions of all flows.
    pub(super) rate: u64,
    pub(super) span: Duration,
    /// Who takes in what the server sends.
    pub(super) sinks: Sinks,
}

/// How it went.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Trial {
    /// Packets sent.
    pub sent: u64,
    /// Packets that should have been sent and were not, because the generator was late.
    pub missed: u64,
    /// Packets that came out on the other side.
    pub received: u64,
    /// Of those, behind one that was sent later.
    pub reordered: u64,
    /// Datagrams that nobody sent.
    pub strange: u64,
    /// Datagrams that the kernel dropped at the generator's own sockets.
    pub sink_drops: u64,
    /// Processor time of the server.
    pub cpu: Duration,
    /// From the first packet sent to the last one received.
    pub wall: Duration,
}

impl Trial {
    /// Loads one server, on flows of its own.
    pub(super) fn run(side: &Side, load: Load, number: u32) -> anyhow::Result<Self> {
        let mut flows = Flows::open(side.address(), load.sinks)?;
        let drops = sink_drops(&flows);
        let before = cpu_time(side.process())?;
        let mut running = Running::new(load, number);
        running.send(&mut flows)?;
        running.drain(&mut flows)?;
        let cpu = cpu_time(side.process())?.saturating_sub(before);
        let trial = running.finish(cpu, sink_drops(&flows) - drops);
        flows.close()?;
        Ok(trial)
    }

    /// Microseconds of the server's processor time a packet.
    pub fn cpu_us_per_packet(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.received as f64
    }

    /// Part of the packets that did not arrive.
    pub fn loss(&self) -> f64 {
        self.sent.saturating_sub(self.received) as f64 / self.sent.max(1) as f64
    }

    /// Whether what was offered is what should have been, and all that arrived was counted.
    pub fn is_sound(&self) -> bool {
        let missed_max = (self.sent + self.missed) as f64 * MISSED_MAX;
        self.missed as f64 <= missed_max && self.sink_drops == 0
    }
}

struct Running {
    load: Load,
    number: u32,
    pace: Pace,
    tally: Tally,
    /// Turns so far; lanes take them in order.
    turns: u64,
    message: Vec<u8>,
    began: Instant,
    heard: Instant,
}

impl Running {
    fn new(load: Load, number: u32) -> Self {
        let now = Instant::now();
        Self {
            load,
            number,
            pace: Pace::new(load.rate, load.case.pattern.packets(), load.span),
            tally: Tally::new(number),
            turns: 0,
            message: vec![0; channel_data::HEADER_BYTES + load.case.payload_bytes],
            began: now,
            heard: now,
        }
    }

    fn send(&mut self, flows: &mut Flows) -> anyhow::Result<()> {
        self.began = Instant::now();
        let mut listened = self.began;
        while !self.pace.is_over(self.began.elapsed()) {
            let due = self.pace.due(self.began.elapsed());
            // No lane twice: each hands what it has to the kernel at the end of a round.
            self.round(flows, due.min(flows.lanes.len() as u64));
            if listened.elapsed() >= LISTEN_INTERVAL {
                listened = Instant::now();
                let _more = self.listen(flows)?;
            }
        }
        Ok(())
    }

    fn round(&mut self, flows: &mut Flows, turns: u64) {
        if turns == 0 {
            return;
        }
        let Flows { sockets, lanes, .. } = flows;
        sockets.emit(|outbox| {
            for turn in self.turns..self.turns + turns {
                let lane = usize::try_from(turn).unwrap_or(0) % lanes.len();
                let first = turn / lanes.len() as u64 * self.load.case.pattern.packets();
                self.speak(lane, &lanes[lane], first, outbox);
            }
        });
        self.turns += turns;
        self.pace.sent(turns);
    }

    fn speak<'rx>(&mut self, number: usize, lane: &Lane, first: u64, out: &mut impl Outbox<'rx>) {
        let bytes = self.load.case.payload_bytes;
        let header = lane.channel.and_then(|channel| channel_data::header(channel, bytes));
        let start = header.map_or(channel_data::HEADER_BYTES, |header| {
            self.message[..header.len()].copy_from_slice(&header);
            0
        });
        let mark = u8::try_from(number).unwrap_or(u8::MAX);
        for packet in first..first + self.load.case.pattern.packets() {
            let payload = &mut self.message[channel_data::HEADER_BYTES..];
            stamp(payload, self.number, mark, packet);
            out.send_own(&self.message[start..], lane.to, lane.from);
        }
    }

    fn listen(&mut self, flows: &mut Flows) -> anyhow::Result<Pending> {
        let before = self.tally.received;
        flows.sockets.wait(Some(Duration::ZERO))?;
        let pending = flows.sockets.turn(&mut self.tally, LISTEN_ROUNDS)?;
        if self.tally.received > before {
            self.heard = Instant::now();
        }
        Ok(pending)
    }

    fn drain(&mut self, flows: &mut Flows) -> anyhow::Result<()> {
        self.heard = Instant::now();
        while self.tally.received < self.sent() && self.heard.elapsed() < QUIET {
            if self.listen(flows)? == Pending::Nothing {
                std::thread::sleep(LISTEN_INTERVAL);
            }
        }
        Ok(())
    }

    fn sent(&self) -> u64 {
        self.turns * self.load.case.pattern.packets()
    }

    fn finish(&self, cpu: Duration, sink_drops: u64) -> Trial {
        Trial {
            sent: self.sent(),
            missed: self.pace.missed * self.load.case.pattern.packets(),
            received: self.tally.received,
            reordered: self.tally.reordered,
            strange: self.tally.strange,
            sink_drops,
            cpu,
            wall: self.heard.duration_since(self.began),
        }
    }
}

fn sink_drops(flows: &Flows) -> u64 {
    let drops = flows.sockets.kernel_drops();
    drops.iter().map(|socket| u64::from(socket.read().unwrap_or(0))).sum()
}
