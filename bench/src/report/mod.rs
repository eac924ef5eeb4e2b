//! Records for people.

use std::fmt::Write as _;

use crate::record::{Outcome, Record};

/// A line for each figure and each target.
pub fn table(record: &Record) -> String {
    let mut text = format!("{}\n", record.title);
    for case in &record.cases {
        let _ = writeln!(text, "{}", case.name);
        for (server, outcome) in &case.results {
            figures(&mut text, server, outcome);
        }
        for target in &case.targets {
            let verdict = if target.met { "met" } else { "MISSED" };
            let _ = writeln!(
                text,
                "  {}: {:?}, {} {verdict}",
                target.what, target.median, target.target
            );
        }
    }
    text
}

/// A page.
///
/// # Errors
/// None so far.
pub fn html(record: &Record) -> anyhow::Result<String> {
    Ok(format!("<pre>{}</pre>", table(record)))
}

fn figures(text: &mut String, server: &str, outcome: &Outcome) {
    for cost in &outcome.costs {
        let _ = writeln!(
            text,
            "  {server}: at {}/s {:?} ns a packet",
            cost.offered_per_s, cost.ns_per_packet
        );
    }
    for found in &outcome.lossless_per_s {
        let _ = writeln!(text, "  {server}: {found:?} without loss");
    }
    for latency in &outcome.latencies {
        let _ = writeln!(text, "  {server}: {} {:?}", latency.load, latency.percentiles_us);
    }
}
