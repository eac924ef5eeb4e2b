//! Measures what a copy costs the relay and what it costs a bare `sendmmsg` loop, in turn.

use std::process::ExitCode;

use clap::Args;
use ringfence_bench::cost::{Case, Pattern, Round, Row, compare, table};
use ringfence_bench::machine::{Circumstances, load_average};
use ringfence_bench::relay::OneShard;
use serde_json::json;

/// Processor time per copy, relay against floor. Exit status 1: a case missed the limit or lost.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Measurements of each side for each case; an even number of alternations.
    #[arg(long, default_value_t = 8)]
    rounds: usize,
    /// Room sizes.
    #[arg(long, value_delimiter = ',', default_values_t = [2, 10, 50, 250])]
    rooms: Vec<usize>,
    /// Packet lengths in bytes, RTP header included.
    #[arg(long, value_delimiter = ',', default_values_t = [172, 1200])]
    bytes: Vec<usize>,
    /// How speakers' packets come.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["single", "train", "burst", "crowd"])]
    patterns: Vec<Pattern>,
    /// Parts of the shard's processor that the packets are to take.
    #[arg(long, value_delimiter = ',', default_values_t = [0.4])]
    shares: Vec<f64>,
    /// How long the relay lets packets gather, in microseconds: `tuning.coalesce_us`.
    #[arg(long, default_value_t = 100)]
    coalesce_us: u16,
    #[command(flatten)]
    output: super::output::Output,
}

/// Runs it.
///
/// # Errors
/// The relay does not start, or the folder cannot be written.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let circumstances = Circumstances::now();
    let rows = measure_all(arguments)?;
    let text = table(&rows);
    let record = json!({
        "circumstances": circumstances,
        "load_average_after": load_average(),
        "coalesce_us": arguments.coalesce_us,
        "cases": rows,
    });
    super::output::give(&text, &record, &arguments.output, "fan-out")?;
    Ok(if rows.iter().all(|row| row.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure_all(arguments: &Arguments) -> anyhow::Result<Vec<Row>> {
    let relay = OneShard::start_tuned(&format!("coalesce_us = {}", arguments.coalesce_us))?;
    let mut rows = Vec::new();
    for case in arguments.cases() {
        let name = format!("case-{}", rows.len());
        let told = |number, round: &Round| tell(&case, number, round);
        let comparison = compare(&relay, &name, case, arguments.rounds, told)?;
        rows.push(Row::new(comparison));
    }
    Ok(rows)
}

impl Arguments {
    fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for &participants in &self.rooms {
            for &payload_bytes in &self.bytes {
                for &pattern in &self.patterns {
                    let of = |&shard_share: &f64| Case {
                        participants,
                        payload_bytes,
                        pattern,
                        shard_share,
                    };
                    cases.extend(self.shares.iter().map(of));
                }
            }
        }
        cases
    }
}

fn tell(case: &Case, number: usize, round: &Round) {
    let Case { participants, payload_bytes, pattern, .. } = case;
    let ratio = round.relay_ns / round.floor_ns;
    eprintln!(
        "room of {participants}, {payload_bytes} bytes, {pattern:?}, round {number}: \
         floor {:.0} ns, relay {:.0} ns, ratio {ratio:.2}",
        round.floor_ns, round.relay_ns
    );
}
