//! `ringfence-bench load`.

mod measure;
mod works;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use ringfence_bench::load::{Mix, Shape};
use ringfence_bench::machine::Circumstances;
use ringfence_bench::record::{Case, Record};
use serde::Serialize;

use self::measure::{Bench, Offered};
use super::output::{Output, give, write_page};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    work: works::Work,
}

/// What is offered, and what becomes of the results.
#[derive(Args)]
struct Offer {
    /// Packets a second.
    #[arg(long, default_value_t = 20_000, conflicts_with = "search")]
    rate: u64,
    /// For how long, in seconds; in a search, each trial.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Search for the highest rates at which at most 0.1 % and 0.5 % are lost.
    #[arg(long)]
    search: bool,
    /// Packet length in bytes with the RTP header, or `opus`, or `video` (frames).
    #[arg(long, default_value = "172")]
    bytes: Mix,
    /// Packets that leave together, as one train.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    burst: u16,
    /// Encrypt payloads (RFC 3711), and decrypt some of what arrives.
    #[arg(long)]
    srtp: bool,
    /// Measure latency: after a search at 10, 50 and 90 % of what was found.
    #[arg(long)]
    latency: bool,
    /// Junk from other loopback addresses beside it, in packets a second: what strangers may send.
    #[arg(long, value_name = "PACKETS_PER_S")]
    flood: Option<u64>,
    /// Write a page of the results.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// The record, and the trials as they were.
#[derive(Serialize)]
struct Loaded {
    #[serde(flatten)]
    record: Record,
    trials: Vec<Offered>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (asked, offer) = arguments.work.asked()?;
    let load = asked.start()?;
    let name = format!("{}, {}{}", load.task, offer.shape(), offer.beside());
    let began = Circumstances::now();
    let mut bench = Bench::new(load, offer)?;
    let flood = bench.flood()?;
    bench.measure()?;
    let mut circumstances = began.lines();
    if let Some(flood) = flood {
        let sent = format!("{} packets of junk were sent", flood.stop()?.sent);
        circumstances.insert("flood".to_owned(), sent);
    }
    let Bench { load, outcome, trials, .. } = bench;
    let results = [(load.server.name.clone(), outcome)].into();
    let record = Record {
        title: format!("Load: {name}"),
        circumstances,
        servers: vec![load.server.record()],
        cases: vec![Case { name, results, targets: Vec::new() }],
    };
    let text = ringfence_bench::report::table(&record) + &measure::table(&trials);
    let loaded = Loaded { record, trials };
    give(&text, &loaded, &offer.output, "load")?;
    write_page(&loaded.record, offer.html.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

impl Offer {
    fn beside(&self) -> String {
        self.flood.map_or(String::new(), |rate| format!(" beside a flood of {rate}/s"))
    }

    fn shape(&self) -> Shape {
        Shape { mix: self.bytes, burst: self.burst }
    }
}
