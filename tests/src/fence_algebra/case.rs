//! One random case: two policies, one change between them.

use std::sync::atomic::{AtomicU64, Ordering};

use ringfence_fence::{Epoch, Policy, PolicyDraft, plan};

use crate::sim::dice::Dice;

use super::world::World;
use super::{drafts, expected_decision, expected_plan, expected_proof, expected_selection};

/// States of which most cases try this many; one in [`EXHAUSTIVE_EVERY`] tries all.
const STATES_TRIED: usize = 4;
const EXHAUSTIVE_EVERY: u64 = 16;

/// What was met, so that a run can show that it looked where it matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Met {
    /// Cases that were compared.
    pub cases: u64,
    /// Changes that widen.
    pub widening: u64,
    /// Changes that narrow.
    pub narrowing: u64,
    /// Changes in which somebody gains or loses addresses behind a NAT64.
    pub behind_nat64: u64,
    /// Policies of which all promises hold.
    pub proved: u64,
    /// Promises that were found broken, each with a counter-example that was tried.
    pub broken: u64,
    /// Cases in which every combination of sites up, full and down was tried.
    pub all_states: u64,
}

impl Met {
    /// What was met in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            widening: self.widening + other.widening,
            narrowing: self.narrowing + other.narrowing,
            behind_nat64: self.behind_nat64 + other.behind_nat64,
            proved: self.proved + other.proved,
            broken: self.broken + other.broken,
            all_states: self.all_states + other.all_states,
        }
    }
}

/// Runs the cases of many seeds on all cores.
///
/// # Errors
/// What differs in the first case, by seed, of those in which something does.
pub fn run_all(seeds: std::ops::Range<u64>) -> Result<Met, String> {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut met = Met::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return Ok(met);
            }
            met = met.and(run(seed).map_err(|why| (seed, why))?);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found: Vec<Result<Met, (u64, String)>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let broke_down = |_| Err((u64::MAX, "a case panicked".to_owned()));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(broke_down)).collect()
    });
    match found.iter().filter_map(|one| one.as_ref().err()).min() {
        Some((seed, why)) => Err(format!("seed {seed}: {why}")),
        None => Ok(found.into_iter().flatten().fold(Met::default(), Met::and)),
    }
}

/// Makes the case of this seed and compares.
///
/// # Errors
/// What the crate says and what it must say, if these differ.
pub fn run(seed: u64) -> Result<Met, String> {
    compare(&mut Dice::new(seed), seed.is_multiple_of(EXHAUSTIVE_EVERY))
}

/// Makes the case that the dice tell and compares, in all states or in a few.
///
/// # Errors
/// As [`run`].
pub fn compare(dice: &mut Dice, all_states: bool) -> Result<Met, String> {
    let drafts = pair(dice);
    let [old, new] = [compiled(&drafts.0)?, compiled(&drafts.1)?];
    let worlds = [World::of(&drafts.0), World::of(&drafts.1)];
    let plan = plan(&old, &new);
    expected_plan::check(&plan, &worlds[0], &worlds[1])?;
    let broken = expected_proof::check(&new, &worlds[1])?;
    let sparse = (!all_states).then_some(STATES_TRIED);
    expected_selection::check(&new, &worlds[1], sparse, dice)?;
    expected_decision::check(&new, &worlds[1], dice)?;
    let behind_nat64 = plan.uses().iter().any(|change| {
        [&change.clients, &change.peers]
            .into_iter()
            .any(|both| [&both.gained, &both.lost].iter().any(|set| !set.behind_nat64().is_empty()))
    });
    Ok(Met {
        cases: 1,
        widening: plan.widens().into(),
        narrowing: plan.narrows().into(),
        behind_nat64: behind_nat64.into(),
        proved: u64::from(broken == 0),
        broken: broken as u64,
        all_states: all_states.into(),
    })
}

/// Most changes are small; some are between two policies that know nothing of each other.
fn pair(dice: &mut Dice) -> (PolicyDraft, PolicyDraft) {
    let old = drafts::draft(dice);
    let new = if dice.percent(10) { drafts::draft(dice) } else { drafts::changed(&old, dice) };
    (old, new)
}

fn compiled(draft: &PolicyDraft) -> Result<Policy, String> {
    Policy::compile(draft, Epoch(1)).map_err(|errors| format!("not a policy: {errors:#?}"))
}
