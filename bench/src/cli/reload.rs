//! Changes the policy under load, over and over, and counts every packet at its receiver.

use std::process::ExitCode;

use clap::Args;
use ringfence_bench::machine::{Circumstances, load_average};
use ringfence_bench::reload::{self, Case, Reloaded};
use serde_json::json;

/// Loss, packets astray and the time of the answer over many reloads, every other one tightening.
/// Exit status 1: a packet was lost or astray, or the answer took too long.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Reloads.
    #[arg(long, default_value_t = 1000)]
    reloads: u32,
    /// Latched flows, in rooms of two.
    #[arg(long, default_value_t = 10_000)]
    flows: usize,
    /// Packets a second of all flows together.
    #[arg(long, default_value_t = 50_000)]
    packets_per_s: u32,
    /// Packet length in bytes, RTP header included.
    #[arg(long, default_value_t = 172)]
    bytes: usize,
    /// Shards.
    #[arg(long, default_value_t = 2)]
    workers: u16,
    /// Least time from one reload's start to the next one's, in milliseconds.
    #[arg(long, default_value_t = 25)]
    interval_ms: u64,
    /// Greatest 99th percentile of the answer, in milliseconds.
    #[arg(long, default_value_t = 50.0)]
    p99_ms_max: f64,
    #[command(flatten)]
    output: super::output::Output,
}

/// Runs it.
///
/// # Errors
/// The relay does not start, or the folder cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let case = Case {
        reloads: arguments.reloads,
        flows: arguments.flows,
        packets_per_s: arguments.packets_per_s,
        payload_bytes: arguments.bytes,
        workers: arguments.workers,
        interval_ms: arguments.interval_ms,
    };
    let circumstances = Circumstances::now();
    let reloaded = reload::run(&case)?;
    let text = summary(&case, &reloaded);
    let record = json!({
        "circumstances": circumstances,
        "load_average_after": load_average(),
        "p99_ms_max": arguments.p99_ms_max,
        "case": case,
        "reloaded": reloaded,
    });
    super::output::give(&text, &record, &arguments.output, "reload")?;
    let met = reloaded.is_right() && reloaded.answer_ms.p99 <= arguments.p99_ms_max;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(case: &Case, reloaded: &Reloaded) -> String {
    let Case { reloads, flows, packets_per_s, payload_bytes, workers, .. } = case;
    let heard = &reloaded.heard;
    format!(
        "{reloads} reloads, every other one tightening; {flows} flows in rooms of two, \
         {packets_per_s} packets/s of {payload_bytes} bytes, {workers} shards\n\
         packets/s           {:.0}\n\
         in force            {}\n\
         cut                 {} of {}\n\
         sent on what stays  {}\n\
         lost of those       {}\n\
         astray              {} (to a forbidden address, after the answer)\n\
         answer              {}\n\
         of tightenings      {}\n\
         as the relay says   {}\n",
        reloaded.packets_per_s,
        reloaded.applied,
        reloaded.cut,
        reloaded.cut_expected,
        heard.sent,
        heard.lost,
        heard.astray,
        reloaded.answer_ms,
        reloaded.tightening_ms,
        reloaded.relay_ms,
    )
}
