//! The comparison as a table for people.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Case, Comparison};
use crate::spread::Spread;

/// One line of the table: all rounds of one case.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The case and its rounds.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Nanoseconds per copy.
    pub floor_ns: Spread,
    /// Nanoseconds per copy.
    pub relay_ns: Spread,
    /// Relay by floor, round by round.
    pub ratio: Spread,
    /// Copies that never arrived.
    pub lost: u64,
    /// The median ratio is within the limit and nothing was lost.
    pub met: bool,
}

impl Row {
    /// Sums a case up.
    pub fn new(comparison: Comparison) -> Self {
        let rounds = &comparison.rounds;
        let ratio = Spread::of(rounds.iter().map(|round| round.relay_ns / round.floor_ns));
        let lost = rounds.iter().map(|round| round.lost).sum();
        Self {
            floor_ns: Spread::of(rounds.iter().map(|round| round.floor_ns)),
            relay_ns: Spread::of(rounds.iter().map(|round| round.relay_ns)),
            ratio,
            lost,
            met: ratio.median <= comparison.case.ratio_max() && lost == 0,
            comparison,
        }
    }
}

/// A line for each case.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(HEADING);
    for row in rows {
        line(&mut text, row);
    }
    text
}

const HEADING: &str = "\
room  bytes  pattern  floor ns/copy  relay ns/copy  ratio  (min–max)    shard  rx batch  lost
";

fn line(text: &mut String, row: &Row) {
    let Comparison { case, rounds, .. } = &row.comparison;
    let Case { participants, payload_bytes, pattern, .. } = case;
    let shard = Spread::of(rounds.iter().map(|round| round.shard_share)).median * 100.0;
    let batch = Spread::of(rounds.iter().map(|round| round.batching.datagrams_a_receive)).median;
    let Spread { median, min, max } = row.ratio;
    let (floor, relay) = (row.floor_ns.median, row.relay_ns.median);
    let pattern = format!("{pattern:?}").to_lowercase();
    let verdict = if row.met { "" } else { "  MISSED" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{participants:>4}  {payload_bytes:>5}  {pattern:<7}  {floor:>13.0}  {relay:>13.0}  \
         {median:>5.2}  ({min:.2}–{max:.2})  {shard:>4.0} %  {batch:>8.1}  {:>4}{verdict}",
        row.lost
    );
}
