//! Random scenarios: storms and orderly ones, each from one seed.

mod attacks;
mod cast;
mod orderly;
mod storm;
mod summary;

pub use summary::Summary;

use std::ops::RangeInclusive;

use super::dice::Dice;
use cast::Cast;

/// What came of one scenario.
pub struct Outcome {
    /// What was counted.
    pub summary: Summary,
    /// What went wrong, in words.
    pub violations: Vec<String>,
    /// All that happened, if it was written down.
    pub trace: String,
}

/// Acts of a scenario of a seed: with fewer there is little to look at.
const ACTS: RangeInclusive<u64> = 20..=49;

/// Acts of a scenario that a fuzzer tells, of which it plays many.
const ACTS_TOLD: RangeInclusive<u64> = 0..=7;

/// Runs the scenario of this seed.
pub fn run(seed: u64, traced: bool) -> Outcome {
    play(Dice::new(seed), !seed.is_multiple_of(4), ACTS, traced)
}

/// Runs the scenario that these bytes tell; one of few words is short.
pub fn told(bytes: &[u8]) -> Outcome {
    let mut dice = Dice::told(bytes);
    let is_storm = dice.percent(50);
    play(dice, is_storm, ACTS_TOLD, false)
}

fn play(dice: Dice, is_storm: bool, acts: RangeInclusive<u64>, traced: bool) -> Outcome {
    let mail_ms = if is_storm { storm::MAIL_MS } else { orderly::MAIL_MS };
    let mut cast = Cast::new(dice, traced, mail_ms);
    if is_storm {
        storm::run(&mut cast, &acts);
    } else {
        orderly::run(&mut cast, &acts);
    }
    cast.balance();
    Outcome {
        summary: Summary::of(&cast.sim),
        violations: std::mem::take(&mut cast.sim.judge.violations),
        trace: cast.sim.trace.text(),
    }
}

/// What to print about a scenario that went wrong: it is run again, this time written down.
pub fn explain(seed: u64) -> String {
    let outcome = run(seed, true);
    let violations = outcome.violations.join("\n  ");
    format!("seed {seed}:\n  {violations}\n{}", outcome.trace)
}
