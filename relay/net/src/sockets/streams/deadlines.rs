//! What is to happen at which time.

use std::collections::BTreeSet;
use std::time::Instant;

/// Who has a deadline; at most one each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Due {
    /// The stream ends.
    Stream(u32),
    /// The listener is tried again.
    Listener(usize),
}

#[derive(Default)]
pub(super) struct Deadlines(BTreeSet<(Instant, Due)>);

impl Deadlines {
    pub(super) fn first(&self) -> Option<Instant> {
        self.0.first().map(|&(when, _)| when)
    }

    /// Moves the deadline of `due` from one time to another.
    pub(super) fn change(&mut self, due: Due, from: Option<Instant>, to: Option<Instant>) {
        if let Some(from) = from {
            self.0.remove(&(from, due));
        }
        if let Some(to) = to {
            self.0.insert((to, due));
        }
    }

    /// Takes out one whose time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Due> {
        let first = self.0.first().filter(|(when, _)| *when <= now).copied()?;
        self.0.remove(&first);
        Some(first.1)
    }
}
