//! A relay at a steady load for an hour and more, with life in it: whether it keeps its memory, and
//! whether it gives everything back.
//!
//! The load is streams that stay, at a rate that keeps the shard at the load that was asked for. Beside
//! it clients and rooms come and go at constant rates, in every way they can, and the policy changes.

mod carrier;
mod holdings;
mod life;
mod metrics;
mod process;
mod relay;
mod sample;
mod settle;
mod slope;
mod steering;
mod watch;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, anyhow};
use serde::Serialize;

pub use self::carrier::Carried;
pub use self::holdings::Holdings;
pub use self::life::Lives;
pub use self::sample::Sample;
pub use self::slope::Trend;

use self::carrier::Carrier;
use self::life::Register;
use self::relay::Subject;
use self::watch::Watch;

/// What is asked.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Case {
    /// How long the load stays, warm-up included.
    pub minutes: f64,
    /// What comes before is not judged: tables grow, and abandoned allocations have not begun to expire.
    pub warm_up_minutes: f64,
    /// The load of the shard that is kept, of 1.
    pub load: f64,
    /// Packets a second to begin with.
    pub first_packets_per_s: u64,
    /// Bytes of each packet of the load, RTP header included.
    pub packet_bytes: usize,
    /// Seconds between samples.
    pub sample_s: u64,
    /// TURN clients that begin a second; rooms are a quarter of that.
    pub clients_per_s: f64,
    /// Whether clients over UDP always give their allocations up. Abandoned ones live for ten minutes,
    /// which the end then waits for.
    pub udp_released: bool,
}

/// How it went.
#[derive(Debug, Serialize)]
pub struct Soaked {
    /// What the relay calls itself.
    pub version: String,
    /// What it held before anybody came.
    pub before: Holdings,
    /// And some time after all had gone.
    pub after: Holdings,
    /// What it did not give back.
    pub kept: Vec<String>,
    /// How long it took after the load had ended.
    pub settled_s: f64,
    /// Its memory after the warm-up.
    pub rss: Trend,
    /// The same of what is its own alone: no file, nothing shared.
    pub anonymous: Trend,
    /// Load of the shard after the warm-up: mean of samples, and the part of them within 0.05 of what was
    /// asked for.
    pub load_mean: f64,
    /// See there.
    pub load_kept: f64,
    /// What the load came to.
    pub carried: Carried,
    /// What else went on.
    pub lives: Lives,
    /// All of them, from the start.
    pub samples: Vec<Sample>,
}

/// A load that is farther off than this was not kept.
pub const LOAD_SLACK: f64 = 0.05;

/// Soaks a relay. `told` gets each sample as it is made; they are written to `trail`, too, a line of JSON
/// each, so that a run which is cut off has left what it had.
///
/// # Errors
/// The relay does not start or ends, or the load cannot be offered.
pub fn run(
    case: &Case,
    trail: Option<&Path>,
    told: &mut dyn FnMut(&Sample),
) -> anyhow::Result<Soaked> {
    let (_server, subject) = Subject::start()?;
    let before = subject.holdings()?;
    let mut watch = Watch::new(&subject, case, trail)?;
    let (carrier, register) = (Carrier::new(case), Register::default());
    thread::scope(|scope| {
        let over = Ends(&carrier.over);
        let threads = [
            scope.spawn(|| carrier.run(&subject)),
            scope.spawn(|| life::clients(&subject, case, &register, &carrier.over)),
            scope.spawn(|| life::rooms(&subject, case, &register, &carrier.over)),
        ];
        let watched =
            watch.run(&carrier, &register, || threads.iter().any(|one| one.is_finished()), told);
        drop(over);
        threads.into_iter().try_for_each(join)?;
        watched
    })?;
    let (after, settled_s) = settle::settle(&subject, &before, settle::SETTLE_MAX)?;
    let samples = watch.into_samples();
    Ok(Soaked::of(case, &subject, (before, after, settled_s), &carrier, register.lives(), samples))
}

/// However the watching ends, the threads are told.
struct Ends<'s>(&'s AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn join(thread: ScopedJoinHandle<'_, anyhow::Result<()>>) -> anyhow::Result<()> {
    thread.join().map_err(|_| anyhow!("a thread of the load panicked"))?.context("the load")
}

impl Soaked {
    fn of(
        case: &Case,
        subject: &Subject,
        (before, after, settled_s): (Holdings, Holdings, f64),
        carrier: &Carrier,
        lives: Lives,
        samples: Vec<Sample>,
    ) -> Self {
        let judged = || samples.iter().filter(|one| one.minutes > case.warm_up_minutes);
        let trend = |figure: fn(&Sample) -> u64| {
            Trend::of(
                &judged().map(|one| (one.minutes / 60.0, figure(one) as f64)).collect::<Vec<_>>(),
            )
        };
        let number = judged().count().max(1) as f64;
        let near = |one: &&Sample| (one.load - case.load).abs() <= LOAD_SLACK;
        Self {
            version: subject.version.clone(),
            kept: before.kept_by(&after),
            rss: trend(|one| one.rss_kb),
            anonymous: trend(|one| one.anonymous_kb),
            load_mean: judged().map(|one| one.load).sum::<f64>() / number,
            load_kept: judged().filter(near).count() as f64 / number,
            before,
            after,
            settled_s,
            carried: carrier.carried(),
            lives,
            samples,
        }
    }
}
