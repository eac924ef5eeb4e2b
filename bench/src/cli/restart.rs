//! Kills the relay over and over while it is loaded, and looks how soon calls go on.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ringfence_bench::machine::{Circumstances, load_average};
use ringfence_bench::restart::{self, Case, Ends, Restarted, Times};
use serde_json::json;

use super::progress::Countdown;

/// Time without a relay, time without media, loss and packets astray over many kills and restarts, with calls by
/// TURN and in rooms whose clients ask for nothing. A small manager keeps the relay's descriptors as systemd does.
/// Exit status 1: a packet went to an address that is forbidden, a relayed address changed, something was lost
/// though the relay was told to stop, or it took too long.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Times that it is killed.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Times that it is told to stop, after that.
    #[arg(long, default_value_t = 20)]
    restarts: u32,
    /// Packets a second of all streams together.
    #[arg(long, default_value_t = 20_000)]
    packets_per_s: u32,
    /// Length of each in bytes, RTP header included.
    #[arg(long, default_value_t = 172)]
    bytes: usize,
    /// Time from one end to the next, in milliseconds.
    #[arg(long, default_value_t = 1500)]
    interval_ms: u64,
    /// Shards.
    #[arg(long, default_value_t = 2)]
    workers: u16,
    /// Greatest 99th percentile of the time until the next relay is ready, in milliseconds.
    #[arg(long, default_value_t = 300.0)]
    ready_ms_max: f64,
    /// Greatest time until all media flows again, in milliseconds.
    #[arg(long, default_value_t = 1000.0)]
    media_ms_max: f64,
    #[command(flatten)]
    output: super::output::Output,
}

/// Runs it.
///
/// # Errors
/// The relay does not start, media does not flow again, or the folder cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let case = Case {
        kills: arguments.kills,
        restarts: arguments.restarts,
        packets_per_s: arguments.packets_per_s,
        packet_bytes: arguments.bytes,
        interval_ms: arguments.interval_ms,
        workers: arguments.workers,
    };
    let circumstances = Circumstances::now();
    let ends = case.kills + case.restarts;
    let interval = Duration::from_millis(case.interval_ms);
    let countdown = Countdown::new("restart", interval * ends);
    let restarted = restart::run(&case, &mut |ended| {
        countdown.show(interval * ended, &format!("{ended} of {ends} ends"));
    })?;
    countdown.end();
    let record = json!({
        "circumstances": circumstances,
        "load_average_after": load_average(),
        "ready_ms_max": arguments.ready_ms_max,
        "media_ms_max": arguments.media_ms_max,
        "case": case,
        "restarted": restarted,
    });
    super::output::give(&summary(&case, &restarted), &record, &arguments.output, "restart")?;
    let in_time = [&restarted.killed, &restarted.told].into_iter().all(|ends| {
        let media = ends.rooms_ms.max.max(ends.turn_ms.max);
        ends.ready_ms.p99 <= arguments.ready_ms_max && media <= arguments.media_ms_max
    });
    Ok(if restarted.is_right() && in_time { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(case: &Case, restarted: &Restarted) -> String {
    let Case { packets_per_s, packet_bytes, workers, .. } = case;
    let Restarted { version, killed, told, astray, forbidden, relayed, relayed_kept } = restarted;
    format!(
        "{version}: {packets_per_s} packets/s of {packet_bytes} bytes by TURN and in rooms, {workers} shards\n\
         forbidden by the next relay  {forbidden} parties\n\
         packets to or from those     {astray}\n\
         relayed addresses            {relayed_kept} of {relayed} as before\n\
         {}{}",
        words("killed", killed),
        words("told to stop", told),
    )
}

fn words(how: &str, ends: &Ends) -> String {
    let Ends { number, ready_ms, rooms_ms, turn_ms, sent, lost, own_drops } = ends;
    let line = |what: &str, times: &Times| {
        let Times { p50, p99, max } = times;
        format!("  {what:<27}p50 {p50:.0} ms, p99 {p99:.0} ms, longest {max:.0} ms\n")
    };
    format!(
        "{how} {number} times\n{}{}{}  lost                       {lost} copies of {sent} packets \
         (the generator's own sockets dropped {own_drops})\n",
        line("ready again", ready_ms),
        line("all rooms heard again", rooms_ms),
        line("all TURN heard again", turn_ms),
    )
}
