//! Random scenarios: storms and orderly ones, each from one seed.

mod attacks;
mod cast;
mod orderly;
mod storm;
mod summary;

pub use summary::Summary;

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

/// Runs the scenario of this seed.
pub fn run(seed: u64, traced: bool) -> Outcome {
    let is_storm = !seed.is_multiple_of(4);
    let mail_ms = if is_storm { storm::MAIL_MS } else { orderly::MAIL_MS };
    let mut cast = Cast::new(seed, traced, mail_ms);
    if is_storm {
        storm::run(&mut cast);
    } else {
        orderly::run(&mut cast);
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
