//! A bounded mailbox that delays: first in, first out, each letter on its way for a while.

use std::collections::VecDeque;
use std::time::Duration;

use ringfence_core::Instant;

/// Letters under way from one thread to another.
pub struct Mailbox<T> {
    letters: VecDeque<(Instant, T)>,
    letters_max: usize,
}

impl<T> Mailbox<T> {
    /// An empty one.
    pub fn new(letters_max: usize) -> Self {
        Self { letters: VecDeque::new(), letters_max }
    }

    /// Whether so many more fit.
    pub fn has_room_for(&self, letters: usize) -> bool {
        self.letters.len() + letters <= self.letters_max
    }

    /// Sends a letter, which arrives after those before it.
    pub fn post(&mut self, now: Instant, delay: Duration, letter: T) {
        assert!(self.has_room_for(1), "whoever posts looks for room first");
        let after = self.letters.back().map_or(now, |(due, _)| *due);
        self.letters.push_back((after.max(now + delay), letter));
    }

    /// When the next letter arrives.
    pub fn next_due(&self) -> Option<Instant> {
        self.letters.front().map(|(due, _)| *due)
    }

    /// The next letter that has arrived.
    pub fn take(&mut self, now: Instant) -> Option<T> {
        let arrived = self.next_due().is_some_and(|due| due <= now);
        arrived.then(|| self.letters.pop_front().map(|(_, letter)| letter))?
    }
}
