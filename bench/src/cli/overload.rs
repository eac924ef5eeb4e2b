//! `ringfence-bench overload`.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use ringfence_bench::load::Glance;
use ringfence_bench::machine::{Circumstances, load_average};
use ringfence_bench::overload::{self, Calls, Case, Overloaded};
use ringfence_bench::servers::NAMES;
use serde_json::json;

/// Part of what the calls send that has to arrive.
const GOODPUT_MIN: f64 = 0.95;

/// Part of it that may be lost.
const LOSS_MAX: f64 = 0.001;

/// What strangers may add to the calls' 99th percentile.
const ADDED_P99_MS_MAX: f64 = 5.0;

/// Calls beside strangers who offer many times what a capped relay can carry.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Who is loaded.
    #[arg(long, default_value = "ringfence", help = NAMES)]
    server: String,
    /// The relay may use so many percent of one processor.
    #[arg(long, default_value_t = 10)]
    cap: u32,
    /// TURN clients with a peer each; both send.
    #[arg(long, default_value_t = 8)]
    flows: usize,
    /// Packet length in bytes, RTP header included.
    #[arg(long, default_value_t = 172)]
    bytes: usize,
    /// Strangers offer so many times what the relay can carry without loss.
    #[arg(long, default_value_t = 10)]
    times: u64,
    /// For how long, in seconds: each of the two runs.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Packets a second that the relay can carry under its cap; measured if not given.
    #[arg(long, value_name = "PACKETS_PER_S")]
    capacity: Option<u64>,
    #[command(flatten)]
    output: super::output::Output,
}

/// Runs it.
///
/// # Errors
/// The relay does not start or cannot be capped, or the folder cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let case = Case {
        server: arguments.server.clone(),
        cap_percent: arguments.cap,
        flows: arguments.flows,
        packet_bytes: arguments.bytes,
        times: arguments.times,
        span: Duration::try_from_secs_f64(arguments.seconds).context("--seconds")?,
        capacity_per_s: arguments.capacity,
    };
    let circumstances = Circumstances::now();
    let overloaded = overload::run(&case, &mut Told::default().teller())?;
    let met = met(&overloaded);
    let record = json!({
        "circumstances": circumstances,
        "load_average_after": load_average(),
        "targets": {
            "goodput_min": GOODPUT_MIN,
            "loss_max": LOSS_MAX,
            "added_p99_ms_max": ADDED_P99_MS_MAX,
            "met": met,
        },
        "case": case,
        "overloaded": overloaded,
    });
    super::output::give(&summary(&case, &overloaded), &record, &arguments.output, "overload")?;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn met(overloaded: &Overloaded) -> bool {
    let calls = &overloaded.overload;
    calls.goodput >= GOODPUT_MIN
        && calls.loss <= LOSS_MAX
        && overloaded.added_p99_ms() <= ADDED_P99_MS_MAX
}

/// What was told last, so that each thing is told once.
#[derive(Default)]
struct Told(String);

impl Told {
    fn teller(&mut self) -> impl FnMut(&str, Glance) {
        |what, glance| {
            if self.0 != what {
                what.clone_into(&mut self.0);
                eprintln!(
                    "{what}: {} of {} packets heard so far",
                    glance.received, glance.expected
                );
            }
        }
    }
}

fn summary(case: &Case, overloaded: &Overloaded) -> String {
    let Overloaded { capacity_per_s, control, overload, strangers } = overloaded;
    let mut text = format!(
        "{} at {} % of one processor, {} TURN flows both ways, {} bytes, {} s each run\n\
         carries without loss  {capacity_per_s} packets/s\n\
         strangers sent        {} packets/s, meant {}: {:.1} times that\n\
         refused (508)         {} Allocates with good credentials, as far as queues show; granted {}\n\n\
         {:<10} {:>9} {:>10} {:>9} {:>8} {:>9}  latency in ms: p50, p90, p99, p99.9, max\n",
        case.server,
        case.cap_percent,
        case.flows,
        case.packet_bytes,
        case.span.as_secs_f64(),
        strangers.sent_per_s,
        strangers.meant_per_s,
        strangers.sent_per_s as f64 / *capacity_per_s as f64,
        strangers.refused_508,
        strangers.granted,
        "calls",
        "offered/s",
        "sent",
        "lost",
        "loss %",
        "goodput %",
    );
    line(&mut text, "alone", control);
    line(&mut text, "overload", overload);
    let added = overloaded.added_p99_ms();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "\nadded to p99: {added:.2} ms (at most {ADDED_P99_MS_MAX}); goodput at least {} %, loss at most {} %: {}",
        GOODPUT_MIN * 100.0,
        LOSS_MAX * 100.0,
        if met(overloaded) { "met" } else { "MISSED" },
    );
    let _ = writeln!(text, "\ndropped by the relay and at its queues, under overload:");
    for (why, count) in &overload.drops {
        let _ = writeln!(text, "{count:>12}  {why}");
    }
    text
}

fn line(text: &mut String, name: &str, calls: &Calls) {
    let Calls { offered_per_s, trial, loss, goodput, sound, latency_ms, .. } = calls;
    let latency: Vec<_> = latency_ms.iter().map(|(_, ms)| format!("{ms:.2}")).collect();
    let doubt = if *sound { "" } else { "  not sound: the generator was late or dropped" };
    let _ = writeln!(
        text,
        "{name:<10} {offered_per_s:>9} {:>10} {:>9} {:>8.3} {:>9.2}  {}{doubt}",
        trial.sent,
        trial.lost(),
        loss * 100.0,
        goodput * 100.0,
        latency.join(", "),
    );
}
