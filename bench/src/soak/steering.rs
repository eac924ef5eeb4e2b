//! Finds the rate that keeps a shard at a load, and keeps it there.

/// Packets a second; more than a generator can offer.
const RATE: (f64, f64) = (200.0, 2_000_000.0);

/// How far one step may go: what the last look says may be a moment's whim. Up more slowly than down, as
/// too much shows late.
const STEP: (f64, f64) = (0.8, 1.1);

/// From here on the shard has nothing to spare, and the rate goes down at once.
const FULL: f64 = 0.9;

/// So close nothing is changed: a rate that follows every whim is not steady.
const CLOSE: f64 = 0.015;

/// How much of a look counts: the rest is what was seen before.
const NEW: f64 = 0.5;

/// How much of what is missing is made up for in one step, by its logarithm: more would overshoot, since
/// a look shows what the rate was a while ago.
const PART: f64 = 0.25;

pub(super) struct Steering {
    rate_per_s: f64,
    wanted: f64,
    seen: Option<f64>,
}

impl Steering {
    pub(super) fn new(first_per_s: u64, wanted: f64) -> Self {
        Self { rate_per_s: first_per_s as f64, wanted, seen: None }
    }

    /// The rate from now on, after a look at the load.
    pub(super) fn look(&mut self, load: f64) -> u64 {
        let before = self.seen.filter(|seen| load < FULL || *seen > load).unwrap_or(load);
        let seen = before + NEW * (load - before);
        self.seen = Some(seen);
        if (seen - self.wanted).abs() > CLOSE {
            let step = (self.wanted / seen.max(0.01)).powf(PART).clamp(STEP.0, STEP.1);
            self.rate_per_s = (self.rate_per_s * step).clamp(RATE.0, RATE.1);
        }
        whole(self.rate_per_s)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within its bounds")]
fn whole(rate_per_s: f64) -> u64 {
    rate_per_s as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shard that is less and less busy by packet the more there are, seen with some noise.
    fn load(rate_per_s: u64, look: u32) -> f64 {
        let noise = if look.is_multiple_of(2) { 1.02 } else { 0.98 };
        ((rate_per_s as f64 / 400_000.0).powf(0.8) * noise).min(1.0)
    }

    /// A look shows the load of the rate before the last, as the relay's own looks lie back.
    #[test]
    fn it_comes_to_the_load_from_either_side_and_stays() {
        for first in [1_000, 2_000_000] {
            let mut steering = Steering::new(first, 0.7);
            let (mut rate, mut last) = (first, first);
            for look in 0..300 {
                let seen = load(last, look);
                (last, rate) = (rate, steering.look(seen));
                let kept = (0.65..=0.75).contains(&load(rate, look));
                assert!(look < 100 || kept, "{rate} after {look} looks");
            }
        }
    }

    #[test]
    fn it_stays_within_bounds() {
        let mut steering = Steering::new(1_000, 0.7);
        (0..1000).for_each(|_| assert!(steering.look(1.0) >= 200));
        (0..1000).for_each(|_| assert!(steering.look(0.0) <= 2_000_000));
    }
}
