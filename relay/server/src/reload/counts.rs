//! How reloads went, for metrics; and that there is one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Refused;

/// Every way in which a reload ends, as metrics name them.
const RESULTS: [&str; 6] =
    ["applied", "bad_config", "invariant_violated", "widening_refused", "busy", "not_reloadable"];

/// All reloads of one relay so far.
#[derive(Debug, Default)]
pub struct Reloads {
    turn: Arc<Mutex<()>>,
    by_result: [AtomicU64; RESULTS.len()],
    stale: AtomicBool,
}

impl Reloads {
    /// Whether the policy in force is not the one that was last asked for.
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// How many ended in which way.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.by_result.iter().map(|count| count.load(Ordering::Relaxed));
        RESULTS.into_iter().zip(counts)
    }

    /// The right to change the policy, until it is dropped; `None` while someone else has it.
    pub(crate) fn enter(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.turn).try_lock_owned().ok()
    }

    pub(super) fn note<T>(&self, outcome: &Result<T, Refused>) {
        let result = outcome.as_ref().map_or_else(Refused::code, |_| "applied");
        let place = RESULTS.iter().position(|&known| known == result);
        if let Some(count) = place.and_then(|place| self.by_result.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        // Another reload that is under way, or none that is possible, says nothing of the policy.
        if !matches!(outcome, Err(Refused::InProgress | Refused::NotReloadable)) {
            self.stale.store(outcome.is_err(), Ordering::Relaxed);
        }
    }
}
