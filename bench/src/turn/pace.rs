//! When to send, and how much of it was not sent in time.

use std::time::Duration;

/// Turns that fall due within this time leave together.
const GRAIN: Duration = Duration::from_micros(100);

/// A generator that was held up longer leaves out what is older: made up for, it would be a flood
/// that nobody asked for.
const LATE_MAX: Duration = Duration::from_millis(1);

/// Turns at equal distances.
#[derive(Debug)]
pub(super) struct Pace {
    packets_per_s: u64,
    packets_a_turn: u64,
    span: Duration,
    next: u64,
    /// Turns that were due and left out.
    pub(super) missed: u64,
}

impl Pace {
    pub(super) fn new(packets_per_s: u64, packets_a_turn: u64, span: Duration) -> Self {
        Self { packets_per_s, packets_a_turn, span, next: 0, missed: 0 }
    }

    /// How many turns are due now.
    pub(super) fn due(&mut self, elapsed: Duration) -> u64 {
        let elapsed = elapsed.min(self.span);
        let in_grain = elapsed.as_nanos() % GRAIN.as_nanos();
        let due = self.turns_by(elapsed.as_nanos() - in_grain);
        let oldest = self.turns_by(elapsed.saturating_sub(LATE_MAX).as_nanos());
        if self.next < oldest {
            self.missed += oldest - self.next;
            self.next = oldest;
        }
        due.saturating_sub(self.next)
    }

    /// Takes note of turns that were sent.
    pub(super) fn sent(&mut self, turns: u64) {
        self.next += turns;
    }

    /// Whether the last turn is due, sent or missed.
    pub(super) fn is_over(&self, elapsed: Duration) -> bool {
        elapsed >= self.span && self.next >= self.turns_by(self.span.as_nanos())
    }

    fn turns_by(&self, nanoseconds: u128) -> u64 {
        let a_turn = 1_000_000_000 * u128::from(self.packets_a_turn);
        let turns = nanoseconds * u128::from(self.packets_per_s) / a_turn;
        u64::try_from(turns).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_fall_due_in_grains() {
        let mut pace = Pace::new(50_000, 1, Duration::from_secs(1));
        assert_eq!(pace.due(Duration::from_micros(99)), 0);
        assert_eq!(pace.due(Duration::from_micros(101)), 5);
        pace.sent(5);
        assert_eq!(pace.due(Duration::from_micros(399)), 10);
        assert_eq!(pace.missed, 0);
    }

    #[test]
    fn what_is_too_old_is_left_out_and_counted() {
        let mut pace = Pace::new(50_000, 1, Duration::from_secs(1));
        assert_eq!(pace.due(Duration::from_millis(3)), 50);
        assert_eq!(pace.missed, 100);
    }

    #[test]
    fn a_pace_ends_with_its_span() {
        let mut pace = Pace::new(16_000, 16, Duration::from_millis(10));
        let late = Duration::from_millis(500);
        assert!(!pace.is_over(late));
        let due = pace.due(late);
        pace.sent(due);
        assert!(pace.is_over(late));
        assert_eq!(due + pace.missed, 10);
    }
}
