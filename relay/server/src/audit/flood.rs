//! Keeps strangers from filling the disk: beyond a number a second, refusals are only counted.

use std::time::{Duration, Instant};

/// A person trying addresses by hand never comes near; a flood of them is 50 lines a second and a
/// count, about a gigabyte a day.
const REFUSALS_MAX: u32 = 50;

const WINDOW: Duration = Duration::from_secs(1);

/// Refusals in the present second.
#[derive(Debug)]
pub(super) struct Flood {
    begun: Instant,
    passed: u32,
    suppressed: u64,
}

impl Flood {
    pub(super) fn new(now: Instant) -> Self {
        Self { begun: now, passed: 0, suppressed: 0 }
    }

    /// Whether one more is written; else it is counted.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.begun) >= WINDOW {
            (self.begun, self.passed) = (now, 0);
        }
        let admitted = self.passed < REFUSALS_MAX;
        match admitted {
            true => self.passed += 1,
            false => self.suppressed += 1,
        }
        admitted
    }

    /// How many were only counted, once their second is over or `always`.
    pub(super) fn take(&mut self, now: Instant, always: bool) -> Option<u64> {
        let over = always || now.saturating_duration_since(self.begun) >= WINDOW;
        let count = if over { std::mem::take(&mut self.suppressed) } else { 0 };
        (count > 0).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_too_fast_is_counted_and_told_once() {
        let start = Instant::now();
        let mut flood = Flood::new(start);
        let admitted = (0..1_000).filter(|_| flood.admit(start)).count();
        assert_eq!(admitted, REFUSALS_MAX as usize);
        assert_eq!(flood.take(start, false), None, "its second is not over");
        assert_eq!(flood.take(start + WINDOW, false), Some(950));
        assert_eq!(flood.take(start + WINDOW, true), None);
        assert!(flood.admit(start + WINDOW), "a new second");
    }
}
