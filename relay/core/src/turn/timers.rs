//! When allocations end.

use std::collections::BTreeSet;

use super::allocation::AllocationKey;
use crate::time::Instant;

/// One deadline for each allocation. A refresh moves it.
#[derive(Default)]
pub(crate) struct Expiries(BTreeSet<(Instant, AllocationKey)>);

impl Expiries {
    pub(crate) fn set(&mut self, at: Instant, key: AllocationKey) {
        self.0.insert((at, key));
    }

    pub(crate) fn clear(&mut self, at: Instant, key: AllocationKey) {
        self.0.remove(&(at, key));
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }

    /// One that is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<AllocationKey> {
        self.0.first().filter(|(at, _)| *at <= now)?;
        self.0.pop_first().map(|(_, key)| key)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
