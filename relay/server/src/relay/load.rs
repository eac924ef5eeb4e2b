//! How busy shards are, and when that is too much.
//!
//! What counts is the time that a shard does not wait for packets. Processor time would not do: a host
//! that is short of it, or a service that may use only a part, shows little of it when it is worst.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ringfence_core::Instant;

/// How often it is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// From here on nobody new is let in: a shard that works so much of the time still forwards what it has,
/// with room for a burst.
const FULL: f64 = 0.9;
/// If so many looks in a row say so: a burst is over by then.
const LOOKS: u8 = 3;
/// Below this somebody is let in again: so far from [`FULL`] that one call does not open and shut the door.
const RELIEVED: f64 = 0.7;

/// How long a shard has waited for packets, written by it and read by the control thread.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// All waits that are over.
    over_us: AtomicU64,
    /// When the one that is not began; [`NOT_WAITING`] if there is none.
    since_us: AtomicU64,
}

const NOT_WAITING: u64 = 0;

impl Waits {
    /// The shard has nothing to do.
    pub(super) fn begin(&self, now: Instant) {
        self.since_us.store(micros(now).max(1), Ordering::Relaxed);
    }

    /// The shard has something to do; it began to wait at `since`.
    pub(super) fn end(&self, since: Instant, now: Instant) {
        self.since_us.store(NOT_WAITING, Ordering::Relaxed);
        let waited = u64::try_from(now.since(since).as_micros()).unwrap_or(0);
        self.over_us.fetch_add(waited, Ordering::Relaxed);
    }

    /// How long it has waited until now. A wait that ends at this very moment may be missed; the next look
    /// has it.
    pub(super) fn until(&self, now: Instant) -> Duration {
        let over = self.over_us.load(Ordering::Relaxed);
        let since = self.since_us.load(Ordering::Relaxed);
        let current = if since == NOT_WAITING { 0 } else { micros(now).saturating_sub(since) };
        Duration::from_micros(over + current)
    }
}

/// How busy one shard was between two looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    looked: Instant,
    waited: Duration,
    busy: f64,
    /// Looks in a row that found it full; [`LOOKS`] until it is relieved.
    full: u8,
}

impl Load {
    /// That of a shard that starts now.
    pub(super) fn since(now: Instant) -> Self {
        Self { looked: now, ..Self::default() }
    }

    pub(super) fn look(&mut self, now: Instant, waits: &Waits) {
        let (elapsed, waited) = (now.since(self.looked), waits.until(now));
        if elapsed.is_zero() {
            return;
        }
        let idle = waited.saturating_sub(self.waited).as_secs_f64() / elapsed.as_secs_f64();
        (self.looked, self.waited) = (now, waited.max(self.waited));
        self.busy = (1.0 - idle).clamp(0.0, 1.0);
        let full = self.busy >= if self.is_too_much() { RELIEVED } else { FULL };
        self.full = if full { LOOKS.min(self.full + 1) } else { 0 };
    }

    /// The part of the time in which it did not wait, 0 to 1.
    pub(super) fn busy(&self) -> f64 {
        self.busy
    }

    /// Whether nobody new should be let in for its sake.
    pub(super) fn is_too_much(&self) -> bool {
        self.full == LOOKS
    }
}

fn micros(when: Instant) -> u64 {
    u64::try_from(when.since_start().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    #[test]
    fn a_shard_that_sleeps_is_idle_though_it_says_nothing() {
        let (waits, mut load) = (Waits::default(), Load::default());
        waits.begin(at(0));
        for ms in [500, 1_000, 10_000] {
            load.look(at(ms), &waits);
            assert!(load.busy() < 0.01, "{}", load.busy());
        }
    }

    #[test]
    fn one_that_never_waits_is_busy_and_so_is_one_that_hangs() {
        let (waits, mut load) = (Waits::default(), Load::default());
        waits.begin(at(0));
        waits.end(at(0), at(100));
        load.look(at(100), &waits);
        let too_much = [500, 1_000, 1_500].map(|ms| {
            load.look(at(ms), &waits);
            assert!(load.busy() > 0.99);
            load.is_too_much()
        });
        assert_eq!(too_much, [false, false, true]);
    }

    #[test]
    fn the_door_shuts_after_a_while_and_opens_when_there_is_room() {
        let (waits, mut load) = (Waits::default(), Load::default());
        // Of each second, waiting for so many milliseconds.
        let mut second = 0;
        let mut shut = |waiting: u64| {
            waits.end(at(second), at(second + waiting));
            second += 1_000;
            load.look(at(second), &waits);
            load.is_too_much()
        };
        assert_eq!([90, 90, 200, 90, 90].map(&mut shut), [false; 5]);
        assert_eq!([90, 200, 290, 310, 90].map(&mut shut), [true, true, true, false, false]);
    }
}
