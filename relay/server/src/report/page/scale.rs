//! From times to places on the picture.

use std::time::Duration;

use crate::timestamp::Moment;

/// Steps between the times that are written below the picture, in seconds.
const STEPS_S: [u64; 18] = [
    1, 5, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
    604_800, 2_592_000,
];

/// More of them would run into each other.
const TICKS_MAX: u64 = 8;

/// A stretch of time on a stretch of the picture.
pub(super) struct Scale {
    from: Moment,
    length: Duration,
    left: f64,
    width: f64,
}

impl Scale {
    /// A meeting of no length is given a second.
    pub(super) fn new(from: Moment, to: Moment, left: f64, width: f64) -> Self {
        Self { from, length: to.since(from).max(Duration::from_secs(1)), left, width }
    }

    /// Where a moment is; one that lies outside is drawn at the edge.
    pub(super) fn place(&self, moment: Moment) -> f64 {
        let share = moment.since(self.from).as_secs_f64() / self.length.as_secs_f64();
        self.left + self.width * share.min(1.0)
    }

    /// Round times, a few.
    pub(super) fn ticks(&self) -> Vec<Moment> {
        let length_s = self.length.as_secs();
        let fits = STEPS_S.iter().find(|&&step| length_s / step < TICKS_MAX);
        // Longer than anything: as many as there may be.
        let step = fits.copied().unwrap_or(length_s / TICKS_MAX + 1).saturating_mul(1_000_000);
        let first = self.from.unix_us.div_ceil(step);
        let last = self.from.unix_us.saturating_add(length_s.saturating_mul(1_000_000)) / step;
        (first..=last).map(|number| Moment { unix_us: number.saturating_mul(step) }).collect()
    }

    /// Whether dates have to be written, and not only times of day.
    pub(super) fn spans_days(&self) -> bool {
        self.length >= Duration::from_secs(86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_few_and_within() {
        let from = Moment { unix_us: 1_795_291_380_000_001 };
        for seconds in [0, 1, 7, 59, 3_600, 86_400, 40_000_000, u64::MAX / 2_000_000] {
            let to = Moment { unix_us: from.unix_us.saturating_add(seconds * 1_000_000) };
            let scale = Scale::new(from, to, 100.0, 800.0);
            let ticks = scale.ticks();
            assert!(ticks.len() <= 9, "{seconds}: {}", ticks.len());
            assert!(ticks.iter().all(|tick| (100.0..=900.0).contains(&scale.place(*tick))));
        }
        assert!((Scale::new(from, from, 0.0, 9.0).place(from) - 0.0).abs() < 0.01);
    }
}
