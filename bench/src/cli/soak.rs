//! Keeps a relay at a load for an hour, with life in it, and looks whether it gives everything back.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ringfence_bench::machine::{Circumstances, load_average};
use ringfence_bench::report;
use ringfence_bench::soak::{self, Case, Sample};
use serde_json::json;

use super::progress::Countdown;

/// Memory, descriptors, ports and timers of a relay over an hour at 70 % load, with clients and rooms that
/// come and go, reloads and junk. Exit status 1: memory grew, or something was not given back.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How long the load stays, warm-up included.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// What comes before is not judged.
    #[arg(long, default_value_t = 10.0)]
    warm_up_minutes: f64,
    /// The load of the shard that is kept, of 1.
    #[arg(long, default_value_t = 0.7)]
    load: f64,
    /// Packets a second to begin with; the rate follows the load from there.
    #[arg(long, default_value_t = 20_000)]
    packets_per_s: u64,
    /// Length of each packet of the load in bytes, RTP header included.
    #[arg(long, default_value_t = 172)]
    bytes: usize,
    /// Seconds between samples.
    #[arg(long, default_value_t = 10)]
    sample_seconds: u64,
    /// TURN clients that come and go a second; rooms of three are a quarter of that.
    #[arg(long, default_value_t = 2.0, value_parser = clients)]
    clients_per_s: f64,
    /// Clients over UDP always give their allocations up: abandoned ones live for ten minutes, for which
    /// the end waits otherwise.
    #[arg(long)]
    udp_released: bool,
    /// The most that memory may grow, in percent an hour; judged if half an hour and more comes after the
    /// warm-up.
    #[arg(long, default_value_t = 0.5)]
    growth_max: f64,
    /// Write each sample to this file as it is made, a line of JSON each.
    #[arg(long, value_name = "FILE")]
    trail: Option<PathBuf>,
    /// Write one page with pictures to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: super::output::Output,
}

/// Less than this says nothing of an hour.
const JUDGED_MINUTES_MIN: f64 = 30.0;

/// Runs it.
///
/// # Errors
/// The relay does not start or ends, or the folder cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let case = arguments.case();
    let circumstances = Circumstances::now();
    let span = Duration::from_secs_f64(case.minutes * 60.0);
    let countdown = Countdown::new("soak", span);
    let soaked = soak::run(&case, arguments.trail.as_deref(), &mut |sample| {
        countdown.show(Duration::from_secs_f64(sample.minutes * 60.0), &words(sample));
    })?;
    countdown.end();
    let judged = case.minutes - case.warm_up_minutes >= JUDGED_MINUTES_MIN;
    let grew = judged && soaked.rss.percent_per_h >= arguments.growth_max;
    let lines = circumstances.lines();
    super::output::write_text(arguments.html.as_deref(), || {
        report::soak_page(&lines, &case, &soaked)
    })?;
    let record = json!({
        "circumstances": circumstances,
        "load_average_after": load_average(),
        "growth_percent_per_h_max": arguments.growth_max,
        "growth_judged": judged,
        "case": case,
        "soaked": soaked,
    });
    super::output::give(&report::soak_table(&case, &soaked), &record, &arguments.output, "soak")?;
    Ok(if grew || !soaked.kept.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Arguments {
    fn case(&self) -> Case {
        Case {
            minutes: self.minutes,
            warm_up_minutes: self.warm_up_minutes,
            load: self.load,
            first_packets_per_s: self.packets_per_s,
            packet_bytes: self.bytes,
            sample_s: self.sample_seconds,
            clients_per_s: self.clients_per_s,
            udp_released: self.udp_released,
        }
    }
}

/// They all come from one address, which a relay tells to authenticate ten times a second.
fn clients(text: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| format!("{text} is no number"))?;
    (0.01..=8.0).contains(&number).then_some(number).ok_or_else(|| "0.01 to 8 a second".to_owned())
}

fn words(sample: &Sample) -> String {
    let Sample { rss_kb, load, offered_per_s, holdings, carried, .. } = sample;
    let percent = 100.0 * carried.lost() as f64 / carried.expected.max(1) as f64;
    format!(
        "{rss_kb} kB, load {load:.2} at {offered_per_s}/s, {} allocations, {} participants, {} files, \
         {percent:.3} % lost or under way",
        holdings.allocations, holdings.participants, holdings.descriptors,
    )
}
