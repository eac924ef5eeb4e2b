//! Holds one large meeting on one shard and counts every copy.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ringfence_bench::hold::{Held, Meeting, hold};
use ringfence_bench::machine::{Circumstances, load_average};
use ringfence_bench::relay::OneShard;
use serde_json::json;

/// Copies, loss and latency of one meeting on one shard. Exit status 1: a copy was lost.
#[derive(Args)]
pub(crate) struct Arguments {
    /// People in the room.
    #[arg(long, default_value_t = 250)]
    participants: usize,
    /// How many of them speak.
    #[arg(long, default_value_t = 10)]
    speakers: usize,
    /// Packets a second of each speaker.
    #[arg(long, default_value_t = 50)]
    packets_per_s: u32,
    /// Packet length in bytes, RTP header included.
    #[arg(long, default_value_t = 200)]
    bytes: usize,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    #[command(flatten)]
    output: super::output::Output,
}

/// Runs it.
///
/// # Errors
/// The relay does not start, or the folder cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let meeting = Meeting {
        participants: arguments.participants,
        speakers: arguments.speakers,
        packets_per_s: arguments.packets_per_s,
        payload_bytes: arguments.bytes,
        seconds: arguments.seconds,
    };
    let circumstances = Circumstances::now();
    let relay = OneShard::start()?;
    let held = hold(&relay, &meeting, tell)?;
    let text = summary(&meeting, &held);
    let record = json!({
        "circumstances": circumstances,
        "load_average_after": load_average(),
        "meeting": meeting,
        "held": held,
    });
    super::output::give(&text, &record, &arguments.output, "hold")?;
    Ok(if held.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(elapsed: Duration, packets: u64, copies: u64) {
    eprintln!("{:>3} s: {packets} packets sent, {copies} copies heard", elapsed.as_secs());
}

fn summary(meeting: &Meeting, held: &Held) -> String {
    let Meeting { participants, speakers, packets_per_s, payload_bytes, seconds } = meeting;
    let latency = &held.latency_us;
    format!(
        "{participants} participants, {speakers} speakers, {packets_per_s} packets/s each, \
         {payload_bytes} bytes, {seconds} s, one shard\n\
         packets sent      {}\n\
         copies expected   {}\n\
         copies heard      {}\n\
         copies lost       {}\n\
         shard             {:.1} % of one processor\n\
         latency           p50 {:.0} µs, p90 {:.0}, p99 {:.0}, p99.9 {:.0}, p99.99 {:.0}, \
         max {:.0}\n",
        held.packets,
        held.copies_expected,
        held.copies_heard,
        held.copies_expected.saturating_sub(held.copies_heard),
        held.shard_share * 100.0,
        latency.p50,
        latency.p90,
        latency.p99,
        latency.p99_9,
        latency.p99_99,
        latency.max,
    )
}
