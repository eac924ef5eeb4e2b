//! How much one participant may send: a token bucket.

use crate::time::Instant;

/// A bucket holds a quarter of a second, so that a key frame passes at once.
const BURSTS_PER_S: u64 = 4;

/// Smallest bucket in bytes: sixteen Ethernet frames, so that a low ceiling still lets a packet by.
const BURST_BYTES_MIN: u64 = 16 * 1500;

/// A token bucket in nano-bytes: exact at any rate, no floats.
pub(crate) struct Ceiling {
    saved_nanobytes: u64,
    filled: Instant,
    kbps: u32,
}

const NANO: u64 = 1_000_000_000;

impl Ceiling {
    pub(crate) fn new(kbps_max: u32, now: Instant) -> Self {
        let mut full = Self { saved_nanobytes: 0, filled: now, kbps: kbps_max };
        full.saved_nanobytes = full.burst_nanobytes();
        full
    }

    /// Takes `bytes` if they are there; otherwise takes nothing and says no.
    pub(crate) fn take(&mut self, now: Instant, bytes: usize) -> bool {
        self.fill(now);
        let wanted = (bytes as u64).saturating_mul(NANO);
        let enough = wanted <= self.saved_nanobytes;
        if enough {
            self.saved_nanobytes -= wanted;
        }
        enough
    }

    fn fill(&mut self, now: Instant) {
        let elapsed_ns = u64::try_from(now.since(self.filled).as_nanos()).unwrap_or(u64::MAX);
        let earned = elapsed_ns.saturating_mul(self.bytes_per_s());
        self.saved_nanobytes =
            self.saved_nanobytes.saturating_add(earned).min(self.burst_nanobytes());
        self.filled = now;
    }

    fn bytes_per_s(&self) -> u64 {
        u64::from(self.kbps) * (1000 / 8)
    }

    fn burst_nanobytes(&self) -> u64 {
        (self.bytes_per_s() / BURSTS_PER_S).max(BURST_BYTES_MIN) * NANO
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn over_ten_seconds_a_sender_gets_its_rate_and_one_burst() {
        let mut now = Instant::START;
        let mut ceiling = Ceiling::new(800, now);
        let mut passed = 0_u64;
        for _ in 0..10_000 {
            now = now + Duration::from_millis(1);
            passed += if ceiling.take(now, 1000) { 1000 } else { 0 };
        }
        assert!((1_000_000..=1_025_000).contains(&passed), "{passed}");
    }
}
