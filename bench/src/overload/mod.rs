//! A relay that may use only a part of a processor is offered many times what it can carry, by strangers,
//! while calls go on: what becomes of the calls, beside the same calls alone.

mod cap;
mod counts;
mod strangers;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

pub use self::cap::Cap;
use self::counts::Counts;
use crate::load::{Flood, Glance, Load, Manner, Poured, Shape, Trial, run as offer, search};
use crate::servers::{Processors, Server, Wish, start};
use crate::work::turn::{Direction, Plan, Transport};
use crate::work::{Sinks, Task};

/// What is asked.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// The relay, and how it is configured.
    pub server: String,
    /// The relay may use so much of one processor.
    pub cap_percent: u32,
    /// TURN clients with a peer each; both send.
    pub flows: usize,
    /// Bytes of each packet, RTP header included.
    pub packet_bytes: usize,
    /// Strangers offer so many times what the relay can carry without loss.
    pub times: u64,
    /// How long each of the two runs takes.
    pub span: Duration,
    /// Packets a second that the relay can carry; measured if it is not given.
    pub capacity_per_s: Option<u64>,
}

/// How it went.
#[derive(Debug, Serialize)]
pub struct Overloaded {
    /// Packets a second that the relay carries under its cap without loss, and without falling behind.
    pub capacity_per_s: u64,
    /// The calls alone.
    pub control: Calls,
    /// The calls beside the strangers.
    pub overload: Calls,
    /// The strangers.
    pub strangers: Strangers,
}

/// The packets of those who are in.
#[derive(Debug, Serialize)]
pub struct Calls {
    /// Packets a second that were offered.
    pub offered_per_s: u64,
    /// How they fared.
    #[serde(flatten)]
    pub trial: Trial,
    /// Part of what was sent that did not arrive.
    pub loss: f64,
    /// Part of what should have been sent that arrived.
    pub goodput: f64,
    /// The generator kept its pace and lost nothing itself.
    pub sound: bool,
    /// From when a packet was meant to leave to its arrival: percentile and milliseconds.
    pub latency_ms: Vec<(f64, f64)>,
    /// What the relay and the kernel dropped meanwhile, strangers' packets included.
    pub drops: BTreeMap<String, u64>,
}

/// What those who are not in sent, and got.
#[derive(Debug, Serialize)]
pub struct Strangers {
    /// Packets a second that were meant.
    pub meant_per_s: u64,
    /// Packets a second that left.
    pub sent_per_s: u64,
    /// Allocates with good credentials that were refused for lack of room (508). No more of them are
    /// seen than a socket's queue holds.
    pub refused_508: u64,
    /// Allocates that were granted.
    pub granted: u64,
}

/// Those with good credentials come when the relay has had time to see that it is too busy.
const APPLICANTS_REST: Duration = Duration::from_secs(3);

/// They make up such a part of the strangers.
const APPLICANTS_PART: u64 = 10;

/// One trial of the search.
const SEARCH_SPAN: Duration = Duration::from_secs(2);

/// Periods of the cap that a packet may take at the 99th percentile. A capped relay works once in each; what
/// takes longer has waited in a queue, and queues that hold a second's packets hide that a relay is too slow.
const PERIODS_MAX: u32 = 2;

/// RFC 8656 section 18.13.
const INSUFFICIENT_CAPACITY: u16 = 508;

const PERCENTILES: [f64; 5] = [50.0, 90.0, 99.0, 99.9, 100.0];

/// Runs a case. `tell` hears how it goes.
///
/// # Errors
/// There is no second processor, the relay does not start, or it cannot be capped.
pub fn run(case: &Case, tell: &mut dyn FnMut(&str, Glance)) -> anyhow::Result<Overloaded> {
    let processors = Processors::of_this_machine()?;
    processors.take_the_generators()?;
    let server = start(&case.server, 0, &Wish { tls: false, flows: case.flows, processors })?;
    let process = server.process.context("only a relay of our own can be capped")?;
    let _cap = Cap::put(process, case.cap_percent)?;
    let mut bench = Bench { case, server, tell };
    let capacity_per_s = match case.capacity_per_s {
        Some(known) => known,
        None => bench.capacity()?,
    };
    bench.compare(capacity_per_s)
}

impl Calls {
    /// The percentile in milliseconds; `None` if it was not measured.
    pub fn latency_at(&self, percentile: f64) -> Option<f64> {
        let found = self.latency_ms.iter().find(|(known, _)| (known - percentile).abs() < 0.01);
        found.map(|&(_, ms)| ms)
    }
}

impl Overloaded {
    /// What the strangers added to the calls' 99th percentile, in milliseconds.
    pub fn added_p99_ms(&self) -> f64 {
        let p99 = |calls: &Calls| calls.latency_at(99.0).unwrap_or(f64::INFINITY);
        p99(&self.overload) - p99(&self.control)
    }
}

struct Bench<'b> {
    case: &'b Case,
    server: Server,
    tell: &'b mut dyn FnMut(&str, Glance),
}

impl Bench<'_> {
    fn capacity(&mut self) -> anyhow::Result<u64> {
        let found = search(&mut |per_s| self.trial(per_s))?;
        anyhow::ensure!(
            found.lossless.per_s > 0,
            "the relay carries nothing under this cap without loss; next: a larger --cap"
        );
        Ok(found.lossless.per_s)
    }

    fn compare(&mut self, capacity_per_s: u64) -> anyhow::Result<Overloaded> {
        let calls_per_s = capacity_per_s / 2;
        let meant_per_s = capacity_per_s * self.case.times;
        let relay = *self.server.addresses.first().context("a relay has an address")?;
        let applicants = strangers::with_credentials(relay)?;
        let others = strangers::without_credentials(relay)?;
        let (control, _) = self.calls(calls_per_s, "alone", || Ok(()))?;
        let (overload, floods) = self.calls(calls_per_s, "beside strangers", || {
            let of_applicants = meant_per_s / APPLICANTS_PART;
            let others = Flood::of(others, meant_per_s - of_applicants, Duration::ZERO)?;
            Ok([others, Flood::of(applicants, of_applicants, APPLICANTS_REST)?])
        })?;
        let [others, applicants] = floods;
        let strangers = Strangers::of(meant_per_s, &others.stop()?, &applicants.stop()?);
        Ok(Overloaded { capacity_per_s, control, overload, strangers })
    }

    /// The calls, with what `begin` has begun once they are set up.
    fn calls<T>(
        &mut self,
        per_s: u64,
        name: &str,
        begin: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<(Calls, T)> {
        let control = self.server.control.clone().context("a relay has a control socket")?;
        let load = self.load(per_s, self.case.span, Manner::Exact);
        let mut work = self.server.work(&self.task(), Sinks { trains: false, stamps: true })?;
        let before = Counts::of(&control)?;
        let begun = begin()?;
        let shown = &mut |glance| (self.tell)(name, glance);
        let trial = offer(&mut *work, &load, self.server.process, shown)?;
        let drops = Counts::of(&control)?.drops_since(&before);
        Ok((Calls::of(per_s, trial, drops), begun))
    }

    fn trial(&mut self, per_s: u64) -> anyhow::Result<Trial> {
        let load = self.load(per_s, SEARCH_SPAN, Manner::Exact);
        let mut work = self.server.work(&self.task(), Sinks { trains: false, stamps: true })?;
        let name = format!("search: {per_s}/s");
        let shown = &mut |glance| (self.tell)(&name, glance);
        let trial = offer(&mut *work, &load, self.server.process, shown)?;
        let late = cap::period(self.case.cap_percent) * PERIODS_MAX;
        let p99 = trial.latency.as_ref().map_or(0, |all| all.value_at_percentile(99.0));
        match Duration::from_nanos(p99) <= late {
            true => Ok(trial),
            false => Ok(Trial { received: 0, ..trial }),
        }
    }

    fn load(&self, packets_per_s: u64, span: Duration, manner: Manner) -> Load {
        let shape = Shape::single(self.case.packet_bytes);
        let timed = manner == Manner::Exact;
        Load { shape, packets_per_s, span, manner, srtp: false, timed }
    }

    fn task(&self) -> Task {
        let (direction, transport) = (Direction::Both, Transport::Udp);
        Task::Turn(Plan { flows: self.case.flows, direction, transport })
    }
}

impl Calls {
    fn of(offered_per_s: u64, trial: Trial, drops: BTreeMap<String, u64>) -> Self {
        let latency = trial.latency.as_ref();
        let ms = |percentile| latency.map(|all| all.value_at_percentile(percentile) as f64 / 1e6);
        Self {
            offered_per_s,
            loss: trial.loss(),
            goodput: trial.received as f64 / (trial.expected + trial.missed).max(1) as f64,
            sound: trial.is_sound(),
            latency_ms: PERCENTILES.iter().filter_map(|&at| Some((at, ms(at)?))).collect(),
            drops,
            trial,
        }
    }
}

impl Strangers {
    fn of(meant_per_s: u64, others: &Poured, applicants: &Poured) -> Self {
        let (granted, refused_508) = strangers::answers(applicants, INSUFFICIENT_CAPACITY);
        let sent = (others.sent + applicants.sent) as f64 / others.span.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "one thread sends no more than millions"
        )]
        let sent_per_s = sent.round() as u64;
        Self { meant_per_s, sent_per_s, refused_508, granted }
    }
}
