//! What was offered and what was lost of it, trial by trial.

use std::collections::BTreeMap;

use super::lines::{Dot, Lines, PLOT_X, PLOT_Y, Px, Series, Tick, ticks};
use super::scale::{Scale, extent};
use super::servers::Palette;
use crate::record::{Case, LossAtRate};
use crate::report::figures::{count, short_count, trimmed};
use crate::spread::Spread;

/// A loss below this part is drawn as none.
const LOST_MIN: f64 = 0.000_05;

/// Where nothing was lost: below the axis of logarithms.
const NONE: f64 = LOST_MIN / 3.0;

/// What the searches look for.
const LIMITS: [f64; 2] = [0.001, 0.005];

/// Trials whose rates differ by less are one point of the line; the dots show each.
const RATE_STEP: f64 = 1.06;

/// `None` without trials.
pub(super) fn picture(case: &Case, palette: &Palette) -> Option<Lines> {
    let trials = case.results.values().flat_map(|outcome| &outcome.loss_by_rate);
    let (low, high) = extent(trials.map(|trial| trial.offered_per_s as f64))?;
    let x = Scale::logarithmic((low * 0.93, high * 1.07), PLOT_X);
    let y = Scale::logarithmic((NONE, 1.0), PLOT_Y);
    let series = palette.in_order(case).filter(|(_, _, one)| !one.loss_by_rate.is_empty());
    Some(Lines {
        title: format!("Rate against loss, {}", case.name),
        below: "packets a second offered",
        across: ticks(&x, short_count),
        up: up(&y),
        limits: LIMITS.map(|part| Tick { at: Px(y.px(part)), label: percent(part) }).into(),
        series: series
            .map(|(colour, name, one)| series_of(colour, name, &one.loss_by_rate, &x, &y))
            .collect(),
    })
}

fn up(y: &Scale) -> Vec<Tick> {
    let tick = |part: f64, label: String| Tick { at: Px(y.px(part)), label };
    let parts = [0.000_1, 0.001, 0.01, 0.1, 1.0].map(|part| tick(part, percent(part)));
    [tick(NONE, "none".to_owned())].into_iter().chain(parts).collect()
}

fn percent(part: f64) -> String {
    format!("{} %", trimmed(part * 100.0))
}

fn shown(lost: f64) -> f64 {
    if lost >= LOST_MIN { lost } else { NONE }
}

fn series_of(colour: usize, name: &str, trials: &[LossAtRate], x: &Scale, y: &Scale) -> Series {
    let place = |rate: f64, lost: f64| (Px(x.px(rate)), Px(y.px(shown(lost))));
    let dot = |trial: &LossAtRate| {
        let (x, y) = place(trial.offered_per_s as f64, trial.lost);
        Dot { x, y, hollow: !trial.sound, title: title(name, trial) }
    };
    Series {
        colour,
        line: middles(trials).map(|(rate, lost)| place(rate, lost)).collect(),
        dots: trials.iter().filter(|trial| trial.lost.is_finite()).map(dot).collect(),
    }
}

fn title(name: &str, trial: &LossAtRate) -> String {
    let doubt = if trial.sound { "" } else { " (the generator was late)" };
    format!("{name}, {}/s: {:.3} % lost{doubt}", count(trial.offered_per_s), trial.lost * 100.0)
}

/// The medians of sound trials that lie close together, in the order of their rates.
fn middles(trials: &[LossAtRate]) -> impl Iterator<Item = (f64, f64)> {
    let mut steps: BTreeMap<i64, Vec<&LossAtRate>> = BTreeMap::new();
    for trial in trials.iter().filter(|trial| trial.sound && trial.lost.is_finite()) {
        steps.entry(step(trial.offered_per_s)).or_default().push(trial);
    }
    let median = |figures: Vec<f64>| Spread::of(figures).median;
    steps.into_values().map(move |near| {
        let rates = near.iter().map(|trial| trial.offered_per_s as f64).collect();
        (median(rates), median(near.iter().map(|trial| trial.lost).collect()))
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the logarithm of a u64 is small")]
fn step(rate_per_s: u64) -> i64 {
    ((rate_per_s.max(1) as f64).ln() / RATE_STEP.ln()).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_through_the_middle_of_sound_trials() {
        let trial = |offered_per_s, lost, sound| LossAtRate { offered_per_s, lost, sound };
        let trials = [
            trial(2_000, 0.5, true),
            trial(1_000, 0.0, true),
            trial(1_001, 0.2, true),
            trial(1_002, 0.1, true),
            trial(1_001, 0.9, false),
        ];
        let line: Vec<_> = middles(&trials).collect();
        assert_eq!(line, [(1_001.0, 0.1), (2_000.0, 0.5)]);
    }
}
