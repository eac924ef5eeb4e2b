//! Both servers in turn, so that whatever else the machine does meets both.

use std::time::Duration;

use serde::Serialize;

use super::case::{Case, Pattern};
use super::flows::Sinks;
use super::lossless::{Lossless, search};
use super::sides::{Side, Sides};
use super::trial::{Load, Trial};

/// How thorough a comparison is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effort {
    /// Measurements of each server for each case.
    pub rounds: usize,
    /// How long each measurement of processor time loads the server.
    pub cost_span: Duration,
    /// How long each trial of a search does.
    pub search_span: Duration,
}

/// One measurement of each at the same rate.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the sides name themselves")]
pub struct CostRound {
    pub a: Trial,
    pub b: Trial,
}

/// One search for each.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the sides name themselves")]
pub struct RateRound {
    pub a: Lossless,
    pub b: Lossless,
}

/// A measurement that the generator spoilt is made so often.
const TRIES: usize = 3;

/// Measures processor time at one rate; `told` hears of each round.
///
/// # Errors
/// A server refuses, or has ended.
pub fn costs(
    sides: &Sides,
    case: Case,
    rate: u64,
    effort: Effort,
    mut told: impl FnMut(usize, &CostRound),
) -> anyhow::Result<Vec<CostRound>> {
    let mut trials = 0;
    let mut run = |side: &Side, span| {
        trials += 1;
        let sinks = match case.pattern {
            Pattern::Single => Sinks::Plain,
            Pattern::Burst => Sinks::Trains,
        };
        Trial::run(side, Load { case, rate, span, sinks }, trials)
    };
    let mut sound = |side: &Side| {
        for _ in 1..TRIES {
            let trial = run(side, effort.cost_span)?;
            if trial.is_sound() {
                return Ok(trial);
            }
        }
        run(side, effort.cost_span)
    };
    in_rounds(sides, effort.rounds, |number, round| {
        let mut measured = CostRound::default();
        for side in round {
            let trial = sound(side)?;
            *(if sides.is_a(side) { &mut measured.a } else { &mut measured.b }) = trial;
        }
        told(number, &measured);
        Ok(measured)
    })
}

/// Searches for the rates without loss; `told` hears of each round.
///
/// # Errors
/// As [`costs`].
pub fn rates(
    sides: &Sides,
    case: Case,
    effort: Effort,
    mut told: impl FnMut(usize, &RateRound),
) -> anyhow::Result<Vec<RateRound>> {
    let (mut trials, span) = (0, effort.search_span);
    let mut find = |side: &Side| {
        search(|rate| {
            trials += 1;
            // With plain sinks the generator would be at its limit before the relay is.
            let sinks = Sinks::Trains;
            Trial::run(side, Load { case, rate, span, sinks }, trials)
        })
    };
    in_rounds(sides, effort.rounds, |number, [first, second]| {
        let (one, other) = (find(first)?, find(second)?);
        let (a, b) = if sides.is_a(first) { (one, other) } else { (other, one) };
        told(number, &RateRound { a, b });
        Ok(RateRound { a, b })
    })
}

fn in_rounds<R>(
    sides: &Sides,
    rounds: usize,
    mut round: impl FnMut(usize, [&Side; 2]) -> anyhow::Result<R>,
) -> anyhow::Result<Vec<R>> {
    (1..=rounds).map(|number| round(number, sides.in_turn(number))).collect()
}
