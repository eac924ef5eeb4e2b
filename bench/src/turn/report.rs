//! The comparison as a table for people.

use std::fmt::Write as _;

use serde::Serialize;

use super::case::{Case, Target};
use super::compare::{CostRound, RateRound};
use super::trial::Trial;
use crate::spread::Spread;

/// One line of the table: all rounds of one case.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The work.
    pub case: Case,
    /// Of A.
    pub a: Spread,
    /// Of B.
    pub b: Spread,
    /// A by B, round by round.
    pub ratio: Spread,
    /// For the median ratio.
    pub target: Target,
    /// Whether it is met, by measurements that are sound.
    pub met: bool,
    /// What makes the figures doubtful, for people.
    pub remarks: String,
    /// What was measured.
    #[serde(flatten)]
    pub figures: Figures,
}

/// The raw data of a row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figures {
    /// Processor time, microseconds a packet.
    Cost {
        /// Packets a second that were offered.
        rate: u64,
        /// In order.
        rounds: Vec<CostRound>,
    },
    /// Packets a second without loss.
    Rate {
        /// In order.
        rounds: Vec<RateRound>,
    },
}

impl Row {
    /// Sums up processor time.
    pub fn of_costs(case: Case, rate: u64, rounds: Vec<CostRound>) -> Self {
        let each = |figure: fn(&CostRound) -> f64| Spread::of(rounds.iter().map(figure));
        let sound = rounds.iter().all(|round| round.a.is_sound() && round.b.is_sound());
        let remarks = remarks(&rounds, sound);
        Self {
            case,
            a: each(|round| round.a.cpu_us_per_packet()),
            b: each(|round| round.b.cpu_us_per_packet()),
            ratio: each(|round| round.a.cpu_us_per_packet() / round.b.cpu_us_per_packet()),
            target: case.pattern.cost_target(),
            met: sound,
            remarks,
            figures: Figures::Cost { rate, rounds },
        }
        .judged()
    }

    /// Sums up rates.
    pub fn of_rates(case: Case, rounds: Vec<RateRound>) -> Self {
        let each = |figure: fn(&RateRound) -> f64| Spread::of(rounds.iter().map(figure));
        let limited = |of_a: bool| {
            let side = |round: &RateRound| if of_a { round.a } else { round.b };
            rounds.iter().any(|round| side(round).generator_limited)
        };
        let remark = |of_a, text| if limited(of_a) { text } else { "" };
        Self {
            case,
            a: each(|round| round.a.rate as f64),
            b: each(|round| round.b.rate as f64),
            ratio: each(|round| round.a.rate as f64 / round.b.rate as f64),
            target: case.pattern.rate_target(),
            // Where the generator limits A, the ratio is a lower bound; where it limits B, nothing.
            met: !limited(false),
            remarks: [
                remark(true, "A is at least this fast: generator's limit"),
                remark(false, "B is at least this fast: generator's limit"),
            ]
            .join(" "),
            figures: Figures::Rate { rounds },
        }
        .judged()
    }

    fn judged(self) -> Self {
        Self { met: self.met && self.target.is_met(self.ratio.median), ..self }
    }
}

fn remarks(rounds: &[CostRound], sound: bool) -> String {
    let lost = |trial: fn(&CostRound) -> &Trial| {
        Spread::of(rounds.iter().map(|round| trial(round).loss() * 100.0)).median
    };
    let (a, b) = (lost(|round| &round.a), lost(|round| &round.b));
    let late = if sound { "" } else { ", generator was late" };
    format!("lost {a:.2} % and {b:.2} %{late}")
}

/// A line for each row.
pub fn table(rows: &[Row], names: [&str; 2]) -> String {
    let [a, b] = names;
    let mut text =
        format!("{:<26}  {:<20}  {a:>9}  {b:>9}  ratio  (min-max)    target\n", "case", "measured");
    for row in rows {
        line(&mut text, row);
    }
    text
}

fn line(text: &mut String, row: &Row) {
    let (measured, digits) = match row.figures {
        Figures::Cost { rate, .. } => (format!("us/packet at {rate}/s"), 2),
        Figures::Rate { .. } => ("loss-free packets/s".to_owned(), 0),
    };
    let Spread { median, min, max } = row.ratio;
    let (a, b) = (row.a.median, row.b.median);
    let verdict = if row.met { "met" } else { "MISSED" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{:<26}  {measured:<20}  {a:>9.digits$}  {b:>9.digits$}  {median:>5.2}  \
         ({min:.2}-{max:.2})  {} {verdict}  {}",
        row.case.to_string(),
        row.target,
        row.remarks
    );
}
