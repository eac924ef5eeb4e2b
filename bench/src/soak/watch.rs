//! Looks at the relay while it is under load, and keeps it there.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use hyper::Method;

use super::carrier::Carrier;
use super::life::Register;
use super::relay::{Caller, Subject};
use super::sample::Sample;
use super::steering::Steering;
use super::{Case, process};
use crate::load::Flood;

/// Between two looks at the load.
const LOOK: Duration = Duration::from_secs(1);

/// Between two reloads.
const RELOAD: Duration = Duration::from_secs(60);

/// Packets of junk a second.
const JUNK_PER_S: u64 = 200;

/// How long the streams may take until they flow.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was seen since the last sample. Memory goes up and down by what a request takes for a moment: the
/// mean of some looks shows a trend sooner than one of them.
#[derive(Default)]
struct Looks {
    number: u64,
    load: f64,
    rss_kb: u64,
    pss_kb: u64,
    anonymous_kb: u64,
}

pub(super) struct Watch<'s> {
    subject: &'s Subject,
    case: Case,
    caller: Caller,
    trail: Option<File>,
    steering: Steering,
    began: Instant,
    samples: Vec<Sample>,
    looks: Looks,
    /// Datagrams that came in and left until the last sample, and when that was.
    counted: (f64, f64, Instant),
    junk: Option<Flood>,
    reloads: u64,
}

impl<'s> Watch<'s> {
    pub(super) fn new(
        subject: &'s Subject,
        case: &Case,
        trail: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            subject,
            case: *case,
            caller: subject.caller()?,
            trail: trail.map(create).transpose()?,
            steering: Steering::new(case.first_packets_per_s, case.load),
            began: now,
            samples: Vec::new(),
            looks: Looks::default(),
            counted: (0.0, 0.0, now),
            junk: None,
            reloads: 0,
        })
    }

    /// Until the time is over, or a thread of the load has ended.
    pub(super) fn run(
        &mut self,
        carrier: &Carrier,
        register: &Register,
        ended: impl Fn() -> bool,
        told: &mut dyn FnMut(&Sample),
    ) -> anyhow::Result<()> {
        self.wait_for(carrier, &ended)?;
        let span = Duration::from_secs_f64(self.case.minutes * 60.0);
        let every = Duration::from_secs(self.case.sample_s.max(1));
        let (mut sampled, mut changed) = (Instant::now(), None::<Instant>);
        while self.began.elapsed() < span && !ended() {
            thread::sleep(LOOK.min(every));
            self.look(carrier, register)?;
            if sampled.elapsed() >= every {
                sampled += every;
                told(self.sample(carrier)?);
            }
            if changed.is_none_or(|at| at.elapsed() >= RELOAD) {
                changed = Some(Instant::now());
                self.change(register)?;
            }
        }
        self.junk = None;
        Ok(())
    }

    pub(super) fn into_samples(self) -> Vec<Sample> {
        self.samples
    }

    fn wait_for(&mut self, carrier: &Carrier, ended: impl Fn() -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !carrier.flowing.load(Ordering::Relaxed) && !ended() {
            anyhow::ensure!(began.elapsed() < PATIENCE, "the load's streams are not there in time");
            thread::sleep(Duration::from_millis(20));
        }
        self.began = Instant::now();
        self.counted.2 = self.began;
        Ok(())
    }

    /// Looks at the load and steers; looks at lists, as people do.
    fn look(&mut self, carrier: &Carrier, register: &Register) -> anyhow::Result<()> {
        let load = self.subject.metrics()?.sum("ringfence_shard_load_ratio");
        self.looks.add(load, process::memory(self.subject.process)?);
        carrier.rate_per_s.store(self.steering.look(load), Ordering::Relaxed);
        for path in ["/v1/rooms", "/v1/turn/allocations"] {
            self.caller.call(Method::GET, path, None)?;
            register.api_calls.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn sample(&mut self, carrier: &Carrier) -> anyhow::Result<&Sample> {
        let metrics = self.subject.metrics()?;
        let received = metrics.sum("ringfence_datagrams_received_total");
        let sent = metrics.sum("ringfence_datagrams_copies_total");
        let (before, sent_before, since) = self.counted;
        let (now, seconds) = (Instant::now(), since.elapsed().as_secs_f64());
        self.counted = (received, sent, now);
        let looks = std::mem::take(&mut self.looks);
        self.keep(Sample {
            minutes: self.began.elapsed().as_secs_f64() / 60.0,
            rss_kb: looks.rss_kb / looks.number.max(1),
            pss_kb: looks.pss_kb / looks.number.max(1),
            anonymous_kb: looks.anonymous_kb / looks.number.max(1),
            holdings: self.subject.holdings()?,
            load: looks.load / looks.number.max(1) as f64,
            offered_per_s: carrier.rate_per_s.load(Ordering::Relaxed),
            received_per_s: (received - before) / seconds,
            sent_per_s: (sent - sent_before) / seconds,
            carried: carrier.carried(),
        })
    }

    fn keep(&mut self, sample: Sample) -> anyhow::Result<&Sample> {
        if let Some(trail) = &mut self.trail {
            writeln!(trail, "{}", serde_json::to_string(&sample)?).context("the trail")?;
        }
        self.samples.push(sample);
        self.samples.last().context("just pushed")
    }

    /// Another policy, and junk from new sockets: a flood ends by itself after an hour.
    fn change(&mut self, register: &Register) -> anyhow::Result<()> {
        self.subject.reload(&self.caller, self.reloads)?;
        self.reloads += 1;
        register.reloads.fetch_add(1, Ordering::Relaxed);
        self.junk = Some(Flood::start(self.subject.media, JUNK_PER_S)?);
        Ok(())
    }
}

impl Looks {
    fn add(&mut self, load: f64, memory: process::Memory) {
        self.number += 1;
        self.load += load;
        self.rss_kb += memory.rss_kb;
        self.pss_kb += memory.pss_kb;
        self.anonymous_kb += memory.anonymous_kb;
    }
}

fn create(path: &Path) -> anyhow::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    File::create(path).with_context(|| path.display().to_string())
}
