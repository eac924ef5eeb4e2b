//! A record as a table: what was measured in lines, the servers in columns.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::figures::{count, digits};
use crate::record::{Case, FoundRate, LatencyAtRate, Outcome, Record, TargetResult};
use crate::spread::Spread;

/// Percentiles that a table has; a page has them all.
const PERCENTILES: [f64; 4] = [50.0, 99.0, 99.9, 100.0];

const NAME_WIDTH: usize = 44;
/// Of a server whose name is no longer.
const COLUMN_WIDTH: usize = 20;

/// The record for people, aligned, with the verdict on each target.
pub fn table(record: &Record) -> String {
    let mut text = Text::default();
    text.line(&record.title);
    for server in &record.servers {
        text.line(&format!("  {}: {}", server.name, server.version));
        server.remarks.iter().for_each(|remark| text.line(&format!("    {remark}")));
    }
    record.cases.iter().for_each(|case| write_case(&mut text, record, case));
    text.0
}

fn write_case(text: &mut Text, record: &Record, case: &Case) {
    let names = columns(record, case);
    let widest = names.iter().map(|name| name.chars().count()).max();
    let width = widest.unwrap_or(0).max(COLUMN_WIDTH);
    text.line("");
    text.row(&case.name, &names, width);
    for (name, cells) in rows(case, &names) {
        text.row(&format!("  {name}"), &cells, width);
    }
    case.targets.iter().for_each(|target| text.target(target));
}

/// Servers in their order, then whoever has results without having been introduced.
fn columns(record: &Record, case: &Case) -> Vec<String> {
    let introduced = record.servers.iter().map(|server| &server.name);
    let known: Vec<&String> = introduced.filter(|name| case.results.contains_key(*name)).collect();
    let others = case.results.keys().filter(|name| !known.contains(name));
    known.iter().copied().chain(others).cloned().collect()
}

type Row = (String, Vec<String>);

fn rows(case: &Case, names: &[String]) -> Vec<Row> {
    let outcomes: Vec<&Outcome> = names.iter().filter_map(|name| case.results.get(name)).collect();
    let mut rows = cost_rows(&outcomes);
    rows.extend(rate_row("packets/s, at most 0.1 % lost", &outcomes, |one| &one.lossless_per_s));
    rows.extend(rate_row("packets/s, at most 0.5 % lost", &outcomes, |one| {
        &one.half_percent_per_s
    }));
    rows.extend(latency_rows(&outcomes));
    rows
}

fn cost_rows(outcomes: &[&Outcome]) -> Vec<Row> {
    let rates = outcomes.iter().flat_map(|one| &one.costs).map(|cost| cost.offered_per_s);
    let rates: BTreeSet<u64> = rates.collect();
    let row = |rate: u64| {
        let cells = outcomes.iter().map(|one| {
            let cost = one.costs.iter().find(|cost| cost.offered_per_s == rate);
            cost.map_or_else(dash, |cost| spread(&cost.ns_per_packet, 1e3))
        });
        (format!("us a packet at {}/s", count(rate)), cells.collect())
    };
    rates.into_iter().map(row).collect()
}

fn spread(figures: &[f64], unit: f64) -> String {
    let Spread { median, min, max } = Spread::of(figures.iter().map(|figure| figure / unit));
    format!("{} ({}-{})", digits(median), digits(min), digits(max))
}

fn rate_row(
    name: &str,
    outcomes: &[&Outcome],
    found: impl Fn(&Outcome) -> &Vec<FoundRate>,
) -> Option<Row> {
    let cells = outcomes.iter().map(|one| rate_cell(found(one)));
    let anything = outcomes.iter().any(|one| !found(one).is_empty());
    anything.then(|| (name.to_owned(), cells.collect()))
}

fn rate_cell(found: &[FoundRate]) -> String {
    if found.is_empty() {
        return dash();
    }
    let limited = found.iter().any(|rate| rate.generator_limited);
    let median = Spread::of(found.iter().map(|rate| rate.per_s as f64)).median;
    format!("{}{median:.0}", if limited { ">= " } else { "" })
}

fn latency_rows(outcomes: &[&Outcome]) -> Vec<Row> {
    let mut loads: Vec<&str> = Vec::new();
    for latency in outcomes.iter().flat_map(|one| &one.latencies) {
        if !loads.contains(&latency.load.as_str()) {
            loads.push(&latency.load);
        }
    }
    let at = |load: &str, percentile: f64| {
        let cells = outcomes.iter().map(|one| {
            let latency = one.latencies.iter().find(|latency| latency.load == load);
            latency.map_or_else(dash, |latency| percentile_cell(latency, percentile))
        });
        (format!("{} us, {load}", percentile_name(percentile)), cells.collect())
    };
    loads.iter().flat_map(|load| PERCENTILES.map(|percentile| at(load, percentile))).collect()
}

fn percentile_name(percentile: f64) -> String {
    if percentile >= 100.0 { "max".to_owned() } else { format!("p{percentile}") }
}

fn percentile_cell(latency: &LatencyAtRate, percentile: f64) -> String {
    let found = latency.percentiles_us.iter().find(|(at, _)| (at - percentile).abs() < 1e-9);
    found.map_or_else(dash, |(_, us)| digits(*us))
}

fn dash() -> String {
    "-".to_owned()
}

/// What is written so far.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Control characters of whoever named something would move the cursor.
    fn line(&mut self, line: &str) {
        let shown = line.trim_end().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
        self.0.extend(shown);
        self.0.push('\n');
    }

    fn row(&mut self, name: &str, cells: &[String], width: usize) {
        let mut line = format!("{name:<NAME_WIDTH$}");
        for cell in cells {
            // Writing to a String cannot fail.
            let _ = write!(line, "  {cell:>width$}");
        }
        self.line(&line);
    }

    fn target(&mut self, target: &TargetResult) {
        let verdict = if target.met { "met   " } else { "MISSED" };
        let median = target.median.map_or_else(dash, digits);
        let range = target.range.map(|(low, high)| format!(" ({}-{})", digits(low), digits(high)));
        let remark = target.remark.as_ref().map(|remark| format!("; {remark}"));
        self.line(&format!(
            "  {verdict}  {}: {median}{}, {}{}",
            target.what,
            range.unwrap_or_default(),
            target.target,
            remark.unwrap_or_default()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_server_case_and_verdict_is_in_the_table() {
        let record = sample::record();
        let text = table(&record);
        for name in record.servers.iter().map(|server| &server.name) {
            assert!(text.contains(&format!("{name}: ")), "{name} is missing in\n{text}");
        }
        for case in &record.cases {
            assert!(text.contains(&case.name), "{} is missing in\n{text}", case.name);
        }
        let verdicts = text.lines().filter(|line| line.starts_with("  met   "));
        let met = record.cases.iter().flat_map(|case| &case.targets).filter(|target| target.met);
        assert_eq!(verdicts.count(), met.count());
        assert!(text.contains("MISSED"));
    }

    #[test]
    fn columns_stand_below_their_heads() {
        let record = sample::record();
        let text = table(&record);
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap();
        let (head, cost) = (line("turn, single"), line("  us a packet at 200,000/s"));
        let end = |line: &str, word: &str| line.find(word).unwrap() + word.len();
        assert_eq!(end(head, "ringfence"), end(cost, "(2.22-2.47)"));
    }

    #[test]
    fn a_long_name_moves_its_column_and_not_only_its_head() {
        let mut record = sample::record();
        let long = "ringfence:limits.participant_kbps_max=10000000";
        let results = &mut record.cases[0].results;
        let outcome = results.remove("ringfence").unwrap();
        results.insert(long.to_owned(), outcome);
        record.servers[0].name = long.to_owned();
        let text = table(&record);
        let ends = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().len();
        assert_eq!(ends("turn, single"), ends("  us a packet at 200,000/s"));
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        let mut record = sample::record();
        record.title = "\u{1b}[2Jgone".to_owned();
        assert!(!table(&record).contains('\u{1b}'));
    }
}
