//! Reload after reload under load: what stays hears everything, what is cut nothing more, and the
//! answer comes soon.

mod crowd;
mod flow;
mod reloader;
mod world;

use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use hdrhistogram::Histogram;
use serde::Serialize;

use self::crowd::Crowd;
pub use self::crowd::Heard;
use self::reloader::{Answers, Reloader};
use self::world::World;

/// Longest answer that is told apart.
const MICROSECONDS_MAX: u64 = 60_000_000;

/// What is asked.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Case {
    /// Reloads; every other one tightens.
    pub reloads: u32,
    /// Latched flows, in rooms of two.
    pub flows: usize,
    /// Packets a second of all flows together.
    pub packets_per_s: u32,
    /// Bytes of each packet, RTP header included.
    pub payload_bytes: usize,
    /// Shards.
    pub workers: u16,
    /// Least time from one reload's start to the next one's.
    pub interval_ms: u64,
}

/// How it went.
#[derive(Debug, Serialize)]
pub struct Reloaded {
    /// What arrived.
    pub heard: Heard,
    /// Packets a second that were sent while policies changed.
    pub packets_per_s: f64,
    /// Answers that say that the policy is in force.
    pub applied: u64,
    /// Participants that the answers say were cut.
    pub cut: u64,
    /// How many should have been.
    pub cut_expected: u64,
    /// From the call to its answer, as a client of the API sees it.
    pub answer_ms: Answer,
    /// The same of those that tighten.
    pub tightening_ms: Answer,
    /// What the relay says that it took of it.
    pub relay_ms: Answer,
}

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "percentiles name themselves")]
pub struct Answer {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

/// Runs a case.
///
/// # Errors
/// The relay does not start, a flow does not latch, a reload is refused.
pub fn run(case: &Case) -> anyhow::Result<Reloaded> {
    let world = World::start(case)?;
    let mut crowd = Crowd::gather(case, &world)?;
    let (orders, ordered) = mpsc::channel();
    let socket = world.socket();
    thread::scope(|scope| {
        let reloader = scope.spawn(|| Reloader::new(&world, socket, orders)?.run(case));
        crowd.speak_until_told(&ordered)?;
        let answers =
            reloader.join().map_err(|_| anyhow!("the thread that reloads panicked"))??;
        crowd.listen_until_quiet()?;
        Reloaded::of(&crowd, &answers)
    })
    .context("reloading under load")
}

impl Reloaded {
    fn of(crowd: &Crowd, answers: &Answers) -> anyhow::Result<Self> {
        let heard = crowd.heard();
        Ok(Self {
            packets_per_s: heard.sent_while_reloading as f64 / answers.took.as_secs_f64(),
            heard,
            applied: answers.applied,
            cut: answers.cut,
            cut_expected: answers.cut_expected,
            answer_ms: Answer::of(&answers.all)?,
            tightening_ms: Answer::of(&answers.tightening)?,
            relay_ms: Answer::of(&answers.by_relay)?,
        })
    }

    /// Whether nothing was lost that should have come, and nothing came that should not.
    pub fn is_right(&self) -> bool {
        let Heard { lost, astray, .. } = self.heard;
        lost == 0 && astray == 0 && self.cut == self.cut_expected
    }
}

impl Answer {
    fn of(times: &[Duration]) -> anyhow::Result<Self> {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, MICROSECONDS_MAX, 3)?;
        times.iter().for_each(|time| {
            histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        });
        let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Ok(Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: histogram.max() as f64 / 1e3 })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p90, p99, max } = self;
        write!(f, "p50 {p50:.1} ms, p90 {p90:.1}, p99 {p99:.1}, max {max:.1}")
    }
}
