//! When a shard looks for packets, and when it lets them gather.
//!
//! Waking up is the dearest part of a lone packet. So a shard that may coalesce starts a turn at most
//! once in that time as long as packets are closer together; one that comes after a pause is not
//! delayed.

use std::time::Duration;

use ringfence_core::Instant;

/// What a shard does between two turns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pacing {
    coalesce: Duration,
    busy_poll: Duration,
    /// Start of the last turn.
    turn_began: Option<Instant>,
    /// Packets are so close together that a sleep of fixed length will find some.
    steady: bool,
}

impl Pacing {
    /// Least time between the starts of two turns under load, and how long to look for packets before
    /// sleeping; zero for either is not at all.
    pub(super) fn new(coalesce: Duration, busy_poll: Duration) -> Self {
        Self { coalesce, busy_poll, turn_began: None, steady: false }
    }

    /// How long to sleep before looking at all: a timer instead of a wake-up by a packet and then a
    /// timer. `None`: wait for a packet.
    pub(super) fn before_looking(&self, now: Instant) -> Option<Duration> {
        self.left(now).filter(|_| self.steady)
    }

    /// Whether [`Pacing::before_looking`] can say anything: asking it costs a look at the clock.
    pub(super) fn is_steady(&self) -> bool {
        self.steady
    }

    /// How long to let packets gather when one has just woken the shard.
    pub(super) fn after_waking(&mut self, now: Instant) -> Option<Duration> {
        let left = self.left(now);
        self.steady = left.is_some();
        left
    }

    /// Nothing had come in the time: from now on a packet is waited for.
    pub(super) fn found_nothing(&mut self) {
        self.steady = false;
    }

    /// How long to look for packets without sleeping.
    pub(super) fn busy_poll(&self) -> Duration {
        self.busy_poll
    }

    /// Whether the length of a sleep matters to the microsecond.
    pub(super) fn is_exact(&self) -> bool {
        !self.coalesce.is_zero()
    }

    /// A turn starts.
    pub(super) fn turn(&mut self, now: Instant) {
        self.turn_began = Some(now);
    }

    fn left(&self, now: Instant) -> Option<Duration> {
        let left = (self.turn_began? + self.coalesce).since(now);
        Some(left).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_start(Duration::from_micros(micros))
    }

    fn pacing() -> Pacing {
        Pacing::new(Duration::from_micros(100), Duration::ZERO)
    }

    const fn micros(micros: u64) -> Option<Duration> {
        Some(Duration::from_micros(micros))
    }

    #[test]
    fn a_packet_after_a_pause_is_not_delayed() {
        let mut pacing = pacing();
        assert_eq!(pacing.after_waking(at(5)), None, "the first of all");
        pacing.turn(at(5));
        assert_eq!(pacing.before_looking(at(6)), None);
        assert_eq!(pacing.after_waking(at(105)), None);
    }

    #[test]
    fn close_packets_gather_and_then_a_timer_does_without_being_woken() {
        let mut pacing = pacing();
        pacing.turn(at(0));
        assert_eq!(pacing.after_waking(at(30)), micros(70));
        pacing.turn(at(100));
        assert_eq!(pacing.before_looking(at(110)), micros(90));
        pacing.turn(at(200));
        assert_eq!(pacing.before_looking(at(350)), None, "the turn took longer");
    }

    #[test]
    fn a_sleep_that_found_nothing_is_the_last() {
        let mut pacing = pacing();
        pacing.turn(at(0));
        pacing.after_waking(at(30));
        pacing.turn(at(100));
        pacing.found_nothing();
        assert_eq!(pacing.before_looking(at(110)), None);
    }

    #[test]
    fn without_coalescing_nothing_sleeps() {
        let mut pacing = Pacing::new(Duration::ZERO, Duration::ZERO);
        pacing.turn(at(0));
        assert_eq!(pacing.after_waking(at(0)), None);
        assert_eq!(pacing.before_looking(at(0)), None);
    }
}
