//! The one clock of a running relay, as the core counts time and as people do.

use std::time::{Duration, SystemTime};

use ringfence_core::Instant;

use crate::continuity::monotonic_now;

/// Started with the relay; cheap to copy to every thread.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    monotonic: std::time::Instant,
    wall: SystemTime,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self { monotonic: std::time::Instant::now(), wall: SystemTime::now() }
    }

    /// The clock of the relay before this one, which goes on: `origin` is [`Clock::origin`] of that one.
    pub(crate) fn resume(origin: Duration) -> Self {
        let elapsed = monotonic_now().saturating_sub(origin);
        let start = std::time::Instant::now().checked_sub(elapsed);
        let monotonic = start.unwrap_or_else(std::time::Instant::now);
        let elapsed = monotonic.elapsed();
        Self {
            monotonic,
            wall: SystemTime::now().checked_sub(elapsed).unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }

    /// When it started, by the machine's clock.
    pub(crate) fn origin(&self) -> Duration {
        monotonic_now().saturating_sub(self.monotonic.elapsed())
    }

    /// Time since the start, as the core wants it.
    pub fn now(&self) -> Instant {
        Instant::from_start(self.monotonic.elapsed())
    }

    /// How long until `when`; zero if it has passed.
    pub fn until(&self, when: Instant) -> Duration {
        when.since(self.now())
    }

    /// The time of day that `when` was or will be, if the clock is not set meanwhile.
    pub fn wall(&self, when: Instant) -> SystemTime {
        self.wall + when.since_start()
    }
}
