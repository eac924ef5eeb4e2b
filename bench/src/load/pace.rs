//! When to send, and how much of it was not sent in time.

use std::time::Duration;

use serde::Serialize;

use super::schedule::Schedule;

/// How exactly the generator keeps to the times that are meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    /// Turns that fall due within 100 µs leave together, and what is more than a millisecond late is
    /// left out: made up for, it would be a flood that nobody asked for. For cost and loss.
    Grains,
    /// Each turn at its time, by a busy loop, and nothing is ever left out. For latency.
    Exact,
}

const GRAIN: Duration = Duration::from_micros(100);

/// What leaves later than this after its time is late.
pub(super) const LATE: Duration = Duration::from_millis(1);

/// The turns of a schedule, one after the other.
#[derive(Debug)]
pub(super) struct Pace {
    manner: Manner,
    span: Duration,
    next: u64,
    last: u64,
}

/// What is to be done now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Due {
    /// The first turn.
    pub(super) first: u64,
    /// How many.
    pub(super) turns: u64,
    /// Turns before the first that are left out.
    pub(super) missed: u64,
}

impl Pace {
    pub(super) fn new(schedule: &Schedule, span: Duration, manner: Manner) -> Self {
        Self { manner, span, next: 0, last: schedule.turns_by(span) }
    }

    /// What is due now, at most so many turns; it counts as done.
    pub(super) fn take(&mut self, schedule: &Schedule, elapsed: Duration, turns_max: u64) -> Due {
        let (mut due, mut missed) = (elapsed, 0);
        if self.manner == Manner::Grains {
            due = elapsed - in_grain(elapsed);
            let oldest = schedule.turns_by(elapsed.saturating_sub(LATE)).min(self.last);
            missed = oldest.saturating_sub(self.next);
        }
        let first = self.next + missed;
        let turns = schedule.turns_by(due).min(self.last).saturating_sub(first).min(turns_max);
        self.next = first + turns;
        Due { first, turns, missed }
    }

    /// Whether all was sent or left out.
    pub(super) fn is_over(&self, elapsed: Duration) -> bool {
        elapsed >= self.span && self.next >= self.last
    }
}

fn in_grain(elapsed: Duration) -> Duration {
    let nanoseconds = elapsed.as_nanos() % GRAIN.as_nanos();
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::shape::Shape;
    use super::*;

    fn pace(manner: Manner) -> (Schedule, Pace) {
        let schedule = Schedule::new(&Shape::single(172), 4, 50_000);
        let pace = Pace::new(&schedule, Duration::from_millis(10), manner);
        (schedule, pace)
    }

    #[test]
    fn turns_fall_due_in_grains() {
        let (schedule, mut pace) = pace(Manner::Grains);
        let mut at = |us| pace.take(&schedule, Duration::from_micros(us), 100);
        assert_eq!(at(99), Due::default());
        assert_eq!(at(101), Due { first: 0, turns: 5, missed: 0 });
        assert_eq!(at(399), Due { first: 5, turns: 10, missed: 0 });
    }

    #[test]
    fn or_each_at_its_time() {
        let (schedule, mut pace) = pace(Manner::Exact);
        let mut at = |us| pace.take(&schedule, Duration::from_micros(us), 100);
        assert_eq!(at(19).turns, 0);
        assert_eq!(at(21), Due { first: 0, turns: 1, missed: 0 });
        assert_eq!(at(39).turns, 0);
    }

    #[test]
    fn what_is_too_old_is_left_out_and_counted_but_not_where_latency_is_measured() {
        let late = Duration::from_millis(3);
        let (schedule, mut grains) = pace(Manner::Grains);
        assert_eq!(grains.take(&schedule, late, 1000), Due { first: 100, turns: 50, missed: 100 });
        let (schedule, mut exact) = pace(Manner::Exact);
        assert_eq!(exact.take(&schedule, late, 1000), Due { first: 0, turns: 150, missed: 0 });
    }

    #[test]
    fn a_pace_ends_with_its_span() {
        for manner in [Manner::Grains, Manner::Exact] {
            let (schedule, mut pace) = pace(manner);
            let late = Duration::from_millis(500);
            let (mut turns, mut missed) = (0, 0);
            while !pace.is_over(late) {
                let due = pace.take(&schedule, late, 64);
                (turns, missed) = (turns + due.turns, missed + due.missed);
            }
            assert_eq!(turns + missed, 500);
            assert_eq!(turns == 0, manner == Manner::Grains);
        }
    }
}
