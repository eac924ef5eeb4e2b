//! A record as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

mod bars;
mod latency;
mod lines;
mod loss;
mod scale;
mod servers;
mod soak;

use anyhow::Context;
use askama::Template;

use self::bars::Bars;
use self::lines::Lines;
use self::servers::{Entry, Palette};
pub use self::soak::soak_page;
use super::figures::{count, digits, time_of_ns, trimmed};
use crate::record::{Case, LatencyAtRate, Record, TargetResult};
use crate::spread::Spread;

/// The page; everything that the record says is escaped.
///
/// # Errors
/// Never for a record that a run has left.
pub fn html(record: &Record) -> anyhow::Result<String> {
    let palette = Palette::of(record);
    let page = Page {
        record,
        palette: &palette,
        cases: record.cases.iter().map(|case| CaseSection::of(case, &palette)).collect(),
    };
    let text = page.render().context("the record does not fit the page")?;
    Ok(text.chars().map(printable).collect())
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    record: &'r Record,
    palette: &'r Palette,
    cases: Vec<CaseSection<'r>>,
}

struct CaseSection<'r> {
    case: &'r Case,
    legend: Vec<Entry<'r>>,
    costs: Option<Bars>,
    rates: Option<Bars>,
    loss: Option<Lines>,
    /// By load.
    latencies: Vec<(String, Lines)>,
    percentiles: Vec<PercentileRow<'r>>,
}

/// A line of the table of latencies.
struct PercentileRow<'r> {
    server: &'r str,
    latency: &'r LatencyAtRate,
    /// In the order of [`PERCENTILES`].
    times: Vec<String>,
}

/// Percentiles in the table of latencies; the pictures have all that were recorded.
const PERCENTILES: [f64; 6] = [50.0, 90.0, 99.0, 99.9, 99.99, 100.0];

impl Page<'_> {
    fn targets_met(&self) -> usize {
        self.targets().filter(|target| target.met).count()
    }

    fn targets_total(&self) -> usize {
        self.targets().count()
    }

    fn targets(&self) -> impl Iterator<Item = &TargetResult> {
        self.record.cases.iter().flat_map(|case| &case.targets)
    }
}

impl<'r> CaseSection<'r> {
    fn of(case: &'r Case, palette: &'r Palette) -> Self {
        Self {
            case,
            legend: palette.legend(case),
            costs: bars::of_costs(case, palette),
            rates: bars::of_rates(case, palette),
            loss: loss::picture(case, palette),
            latencies: latency::pictures(case, palette),
            percentiles: percentile_rows(case, palette),
        }
    }
}

fn percentile_rows<'r>(case: &'r Case, palette: &'r Palette) -> Vec<PercentileRow<'r>> {
    let rows = palette.in_order(case).flat_map(|(_, server, outcome)| {
        outcome.latencies.iter().map(move |latency| PercentileRow {
            server,
            latency,
            times: PERCENTILES.map(|percentile| time_at(latency, percentile)).into(),
        })
    });
    rows.collect()
}

fn time_at(latency: &LatencyAtRate, percentile: f64) -> String {
    let found = latency.percentiles_us.iter().find(|(at, _)| (at - percentile).abs() < 1e-9);
    found.map_or_else(|| "–".to_owned(), |(_, us)| time_of_ns(us * 1e3))
}

fn percentile_name(percentile: &f64) -> String {
    if *percentile >= 100.0 { "max".to_owned() } else { format!("p{}", trimmed(*percentile)) }
}

fn middle(times_ns: &[f64]) -> String {
    time_of_ns(Spread::of(times_ns.iter().copied()).median)
}

fn extremes(times_ns: &[f64]) -> String {
    let Spread { min, max, .. } = Spread::of(times_ns.iter().copied());
    format!("{} – {}", time_of_ns(min), time_of_ns(max))
}

fn median(target: &TargetResult) -> String {
    target.median.map_or_else(|| "–".to_owned(), digits)
}

fn range(target: &TargetResult) -> String {
    let range = target.range.map(|(low, high)| format!("{} – {}", digits(low), digits(high)));
    range.unwrap_or_default()
}

/// XML has no place for control characters, so a picture saved from the page would break.
fn printable(character: char) -> char {
    match character {
        '\n' => '\n',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests;
