//! An RTP clock's rate, from its timestamps: the payload type that would tell it is negotiated
//! between the endpoints, and the relay does not hear that.

use std::time::Duration;

use crate::time::Instant;

/// The rates that RTP profiles use (RFC 3551 section 6, RFC 7587, RFC 6184), in hertz.
const KNOWN_HZ: [u32; 8] = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000, 90_000, 96_000];

/// Long enough that ten milliseconds of jitter at both ends move the estimate by less than the
/// distance between two known rates.
const OBSERVED_MIN: Duration = Duration::from_millis(1500);

/// The first packet seen until the rate is known, and from then on the last.
pub(crate) struct ClockRate {
    seen: Instant,
    timestamp: u32,
    rate: Rate,
}

#[derive(Clone, Copy)]
enum Rate {
    /// There was no packet.
    Unheard,
    Observing,
    /// By its place among [`KNOWN_HZ`].
    Known(u8),
}

/// From one packet to the next, where the rate is known.
pub(crate) struct Step {
    pub(crate) elapsed: Duration,
    /// By their timestamps, which may run backwards: packets are reordered.
    pub(crate) ticks: i32,
    pub(crate) hz: u32,
}

impl ClockRate {
    pub(crate) const fn new() -> Self {
        Self { seen: Instant::START, timestamp: 0, rate: Rate::Unheard }
    }

    pub(crate) fn hz(&self) -> Option<u32> {
        match self.rate {
            Rate::Known(place) => KNOWN_HZ.get(usize::from(place)).copied(),
            Rate::Unheard | Rate::Observing => None,
        }
    }

    /// Takes in a packet.
    pub(crate) fn observe(&mut self, now: Instant, timestamp: u32) -> Option<Step> {
        let elapsed = now.since(self.seen);
        let ticks = timestamp.wrapping_sub(self.timestamp);
        let step = self.hz().map(|hz| Step { elapsed, ticks: ticks.cast_signed(), hz });
        match self.rate {
            Rate::Unheard => self.rate = Rate::Observing,
            Rate::Observing if elapsed < OBSERVED_MIN => return None,
            Rate::Observing => self.rate = nearest_known(ticks, elapsed),
            Rate::Known(_) => {}
        }
        (self.seen, self.timestamp) = (now, timestamp);
        step
    }
}

/// The known rate within a tenth of what was seen, if there is one.
fn nearest_known(ticks: u32, elapsed: Duration) -> Rate {
    let seen_hz = f64::from(ticks) / elapsed.as_secs_f64();
    let error = |hz: u32| (f64::from(hz) / seen_hz - 1.0).abs();
    let nearest = (0..).zip(KNOWN_HZ).min_by(|a, b| error(a.1).total_cmp(&error(b.1)));
    match nearest {
        Some((place, hz)) if error(hz) < 0.1 => Rate::Known(place),
        _ => Rate::Observing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(hz: u32, packet_ms: u32, jitter_ms: [u64; 3]) -> Option<u32> {
        let mut clock = ClockRate::new();
        for n in 0..200_u32 {
            let arrival = u64::from(n * packet_ms) + jitter_ms[n as usize % 3];
            let ticks = n * packet_ms * (hz / 1000);
            clock.observe(
                Instant::START + Duration::from_millis(arrival),
                ticks.wrapping_sub(5_000),
            );
        }
        clock.hz()
    }

    #[test]
    fn common_rates_are_found_through_jitter() {
        for hz in [8_000, 16_000, 48_000, 90_000] {
            assert_eq!(infer(hz, 20, [0, 9, 4]), Some(hz));
        }
    }

    #[test]
    fn a_clock_that_is_none_stays_unknown() {
        assert_eq!(infer(1_000, 20, [0, 0, 0]), None);
    }
}
