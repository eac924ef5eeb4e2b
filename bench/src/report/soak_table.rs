//! A soak on a terminal.

use std::fmt::Write;

use super::figures::count;
use crate::soak::{Case, LOAD_SLACK, Lives, Soaked, Trend};

/// What was done, what it came to, and what was not given back.
pub fn soak_table(case: &Case, soaked: &Soaked) -> String {
    let mut text = format!(
        "{}: {} minutes at a load of {}, the first {} not judged\n",
        soaked.version, case.minutes, case.load, case.warm_up_minutes,
    );
    for (name, line) in lines(soaked) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<26} {line}");
    }
    let _ = writeln!(text, "{:<26} {:>8} {:>8} {:>8}", "held", "before", "at most", "after");
    for (place, (name, before)) in soaked.before.named().into_iter().enumerate() {
        let most = soaked.samples.iter().map(|sample| sample.holdings.named()[place].1).max();
        let (most, after) = (most.unwrap_or(before), soaked.after.named()[place].1);
        let _ = writeln!(text, "  {name:<24} {before:>8} {most:>8} {after:>8}");
    }
    for kept in &soaked.kept {
        let _ = writeln!(text, "NOT GIVEN BACK             {kept}");
    }
    text
}

fn lines(soaked: &Soaked) -> [(&'static str, String); 7] {
    let carried = &soaked.carried;
    let lost = carried.lost();
    [
        ("memory (RSS)", trend(&soaked.rss)),
        ("memory without files", trend(&soaked.anonymous)),
        (
            "load of the shard",
            format!(
                "{:.3}, {:.1} % of samples within {LOAD_SLACK}",
                soaked.load_mean,
                soaked.load_kept * 100.0
            ),
        ),
        (
            "sent",
            format!(
                "{} packets, {} left out, {} streams made anew",
                count(carried.sent),
                count(carried.left_out),
                count(carried.reopened)
            ),
        ),
        (
            "lost",
            format!(
                "{} of {} copies ({:.5} %), {} of them at the generator's own sockets",
                count(lost),
                count(carried.expected),
                100.0 * lost as f64 / carried.expected.max(1) as f64,
                count(carried.own_drops.min(lost)),
            ),
        ),
        ("beside it", lives(&soaked.lives)),
        ("given back after", format!("{:.0} s", soaked.settled_s)),
    ]
}

/// In words.
pub(super) fn trend(trend: &Trend) -> String {
    let Trend { points, mean, percent_per_h, error_percent_per_h, median_percent_per_h } = trend;
    format!(
        "{mean:.0} kB, {percent_per_h:+.3} % an hour (standard error {error_percent_per_h:.3}, median of \
         slopes {median_percent_per_h:+.3}, {points} samples)"
    )
}

/// In words.
pub(super) fn lives(lives: &Lives) -> String {
    format!(
        "{} allocations ({} released, {} abandoned, {} refreshed), {} rooms ({} left, {} abandoned, {} \
         participants roamed), {} reloads, {} lists, {} steps that failed",
        count(lives.allocations),
        count(lives.released),
        count(lives.clients_abandoned),
        count(lives.refreshed),
        count(lives.rooms),
        count(lives.rooms_left),
        count(lives.rooms_abandoned),
        count(lives.roamed),
        count(lives.reloads),
        count(lives.api_calls),
        count(lives.failed),
    )
}
