//! Measures two TURN servers at the same work, in turn.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ringfence_bench::machine::{Circumstances, load_average};
use ringfence_bench::turn::{Case, Effort, Make, Pattern, Row, Sides, costs, rates, table};
use serde_json::json;

/// Processor time a packet and rate without loss, A against B. Exit status 1: a target was missed.
#[derive(Parser)]
struct Arguments {
    /// Measurements of each server for each case; an even number of alternations.
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// Two short rounds: whether it works, not what it gives.
    #[arg(long)]
    quick: bool,
    /// The server that the targets are for.
    #[arg(long, value_enum, default_value = "ringfence")]
    a: Make,
    /// The server it is measured against.
    #[arg(long, value_enum, default_value = "coturn")]
    b: Make,
    /// How packets come.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["single", "burst"])]
    patterns: Vec<Pattern>,
    /// Application data of each packet.
    #[arg(long, value_delimiter = ',', default_values_t = [172, 1200])]
    bytes: Vec<usize>,
    /// Packets a second at which processor time is measured, instead of each pattern's own.
    #[arg(long, value_delimiter = ',')]
    offered: Vec<u64>,
    /// Leave the search for rates without loss out.
    #[arg(long)]
    no_rates: bool,
    /// Print the record instead of the table.
    #[arg(long)]
    json: bool,
    /// Write `turn.json` and `turn.txt` into this folder.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let circumstances = Circumstances::now();
    let versions = [arguments.a.version()?, arguments.b.version()?];
    let heading = format!("A: {}   B: {}\n{circumstances}\n", versions[0], versions[1]);
    eprint!("{heading}");
    let rows = measure_all(&arguments)?;
    let text = heading + &table(&rows, ["A", "B"]);
    let record = json!({
        "circumstances": circumstances,
        "load_average_after": load_average(),
        "a": versions[0],
        "b": versions[1],
        "effort": arguments.effort(),
        "rows": rows,
    });
    let record = serde_json::to_string_pretty(&record)?;
    if let Some(out) = &arguments.out {
        std::fs::create_dir_all(out)?;
        std::fs::write(out.join("turn.json"), &record)?;
        std::fs::write(out.join("turn.txt"), &text)?;
    }
    println!("{}", if arguments.json { record } else { text });
    Ok(if rows.iter().all(|row| row.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure_all(arguments: &Arguments) -> anyhow::Result<Vec<Row>> {
    let sides = Sides::start(arguments.a, arguments.b)?;
    let effort = arguments.effort();
    let mut rows = Vec::new();
    for case in arguments.cases() {
        for &rate in arguments.offered(case.pattern) {
            let rounds = costs(&sides, case, rate, effort, |number, round| {
                let (a, b) = (round.a.cpu_us_per_packet(), round.b.cpu_us_per_packet());
                eprintln!("{case}, {rate}/s, round {number}: A {a:.2} us, B {b:.2} us a packet");
            })?;
            rows.push(Row::of_costs(case, rate, rounds));
        }
        if !arguments.no_rates {
            let rounds = rates(&sides, case, effort, |number, round| {
                let (a, b) = (round.a.rate, round.b.rate);
                eprintln!("{case}, round {number}: without loss A {a}/s, B {b}/s");
            })?;
            rows.push(Row::of_rates(case, rounds));
        }
    }
    Ok(rows)
}

impl Arguments {
    fn effort(&self) -> Effort {
        if self.quick {
            let span = Duration::from_millis(300);
            return Effort { rounds: 2, cost_span: span, search_span: span };
        }
        let (cost_span, search_span) = (Duration::from_secs(2), Duration::from_secs(1));
        Effort { rounds: self.rounds, cost_span, search_span }
    }

    fn offered(&self, pattern: Pattern) -> &[u64] {
        if self.offered.is_empty() { pattern.rates() } else { &self.offered }
    }

    fn cases(&self) -> Vec<Case> {
        let of = |&pattern: &Pattern| {
            self.bytes.iter().map(move |&payload_bytes| Case { pattern, payload_bytes })
        };
        self.patterns.iter().flat_map(of).collect()
    }
}
