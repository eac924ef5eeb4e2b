//! Trials of one server, and what they come to.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use ringfence_bench::load::{self, Flood, Load, Manner, Trial, latency_at_rate, search};
use ringfence_bench::record::{CostAtRate, LossAtRate, Outcome};
use ringfence_bench::servers::{Processors, Server};
use ringfence_bench::work::{Sinks, Task};
use serde::Serialize;

use super::Offer;
use crate::cli::progress::Progress;

/// A server and what it carries; each trial has streams of its own.
pub(super) struct Loading {
    pub(super) task: Task,
    pub(super) server: Server,
}

/// A server under load.
pub(super) struct Bench<'o> {
    pub(super) load: Loading,
    pub(super) outcome: Outcome,
    pub(super) trials: Vec<Offered>,
    offer: &'o Offer,
    span: Duration,
}

/// A trial as it was.
#[derive(Serialize)]
pub(super) struct Offered {
    load: Load,
    lost: u64,
    sound: bool,
    #[serde(flatten)]
    trial: Trial,
}

/// Parts of the rate without loss, in percent, at which latency is measured.
const LOADS_PERCENT: [u64; 3] = [10, 50, 90];

impl<'o> Bench<'o> {
    /// Moves this thread to the generator's processor.
    pub(super) fn new(load: Loading, offer: &'o Offer) -> anyhow::Result<Self> {
        let span = Duration::try_from_secs_f64(offer.seconds).context("--seconds")?;
        Processors::of_this_machine()?.take_the_generators()?;
        Ok(Self { load, outcome: Outcome::default(), trials: Vec::new(), offer, span })
    }

    /// The junk that was asked for.
    pub(super) fn flood(&self) -> anyhow::Result<Option<Flood>> {
        let Some(rate) = self.offer.flood else { return Ok(None) };
        let &to = self.load.server.addresses.first().context("a server has an address")?;
        Flood::start(to, rate).map(Some)
    }

    /// All that was asked for.
    pub(super) fn measure(&mut self) -> anyhow::Result<()> {
        if !self.offer.search {
            let trial = self.trial(self.offer.rate, self.offer.latency)?;
            return self.note(&trial, "the rate that was asked for");
        }
        let found = search(&mut |rate| self.trial(rate, false))?;
        let lossless = found.lossless.per_s;
        self.outcome.loss_by_rate = found.trials;
        self.outcome.lossless_per_s.push(found.lossless);
        self.outcome.half_percent_per_s.push(found.half_percent);
        for percent in LOADS_PERCENT.into_iter().filter(|_| self.offer.latency && lossless > 0) {
            let trial = self.trial(lossless * percent / 100, true)?;
            self.note(&trial, &format!("{percent} % of the rate without loss"))?;
        }
        Ok(())
    }

    /// Puts a trial at a chosen rate on record.
    fn note(&mut self, trial: &Trial, name: &str) -> anyhow::Result<()> {
        let offered = self.trials.last().context("a trial was made")?;
        let offered_per_s = offered.load.packets_per_s;
        self.outcome.latencies.extend(latency_at_rate(name, &offered.load, trial));
        self.outcome.costs.extend(
            trial
                .cpu_ns_per_packet()
                .map(|ns| CostAtRate { offered_per_s, ns_per_packet: vec![ns] }),
        );
        let (lost, sound) = (trial.loss(), trial.is_sound());
        self.outcome.loss_by_rate.push(LossAtRate { offered_per_s, lost, sound });
        Ok(())
    }

    fn trial(&mut self, packets_per_s: u64, timed: bool) -> anyhow::Result<Trial> {
        let load = Load {
            shape: self.offer.shape(),
            packets_per_s,
            span: self.span,
            manner: if timed { Manner::Exact } else { Manner::Grains },
            srtp: self.offer.srtp,
            timed,
        };
        let trains = self.offer.burst > 1 || self.offer.search && !timed;
        let mut work = self.load.server.work(&self.load.task, Sinks { trains, stamps: timed })?;
        let mut progress = Progress::new(&format!("{packets_per_s}/s"), self.span);
        let shown = &mut |glance| progress.show(glance);
        let trial = load::run(&mut *work, &load, self.load.server.process, shown)?;
        progress.end();
        let (lost, sound) = (trial.lost(), trial.is_sound());
        self.trials.push(Offered { load, lost, sound, trial: trial.clone() });
        Ok(trial)
    }
}

/// A line for each trial.
pub(super) fn table(trials: &[Offered]) -> String {
    let mut text = format!(
        "{:>10} {:>10} {:>8} {:>8} {:>10} {:>8} {:>9} {:>8} {:>8} {:>10}\n",
        "offered/s",
        "sent",
        "missed",
        "late",
        "received",
        "lost %",
        "reordered",
        "strange",
        "own drops",
        "ns/packet"
    );
    trials.iter().for_each(|offered| line(&mut text, offered));
    text
}

fn line(text: &mut String, offered: &Offered) {
    let Offered { load, sound, trial, .. } = offered;
    let cost = trial.cpu_ns_per_packet().map_or("-".to_owned(), |ns| format!("{ns:.0}"));
    let doubt = if *sound { "" } else { "  not sound: the generator was late or dropped" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{:>10} {:>10} {:>8} {:>8} {:>10} {:>8.3} {:>9} {:>8} {:>9} {cost:>9}{doubt}",
        load.packets_per_s,
        trial.sent,
        trial.missed,
        trial.sent_late,
        trial.received,
        trial.loss() * 100.0,
        trial.reordered,
        trial.strange,
        trial.own_drops,
    );
    if let Some(ns) = trial.srtp_ns_per_packet {
        let _ = writeln!(
            text,
            "{:>10} encryption took the generator {ns:.0} ns a packet; of those looked at {} were not \
             authentic",
            "", trial.broken
        );
    }
}
