//! From figures to places in a picture, and where its axes have ticks.

/// A stretch of figures laid on a stretch of a picture, by their logarithm or as they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from_px: f64,
    to_px: f64,
    logarithmic: bool,
}

impl Scale {
    /// Each decade is as wide as the others. `low` and `high` are above zero.
    pub(super) fn logarithmic((low, high): (f64, f64), (from_px, to_px): (f64, f64)) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        Self { low, high: high.max(low * 1.01), from_px, to_px, logarithmic: true }
    }

    /// Begins at zero.
    pub(super) fn linear(high: f64, (from_px, to_px): (f64, f64)) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        Self { low: 0.0, high, from_px, to_px, logarithmic: false }
    }

    /// Where a figure lies; what is outside lies on the edge.
    pub(super) fn px(&self, figure: f64) -> f64 {
        let figure = figure.clamp(self.low, self.high);
        let part = match self.logarithmic {
            true => (figure / self.low).ln() / (self.high / self.low).ln(),
            false => (figure - self.low) / (self.high - self.low),
        };
        self.from_px + part * (self.to_px - self.from_px)
    }

    /// Round figures within the stretch, closer together where it is short.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let steps: &[f64] = match decades {
            decades if decades <= 2.0 => &[1.0, 2.0, 5.0],
            decades if decades <= 3.5 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let powers = (-12..=15).map(|power| 10_f64.powi(power));
        let figures = powers.flat_map(|power| steps.iter().map(move |step| step * power));
        figures.filter(|figure| (self.low * 0.999..=self.high * 1.001).contains(figure)).collect()
    }
}

/// The least and the greatest of figures that are above zero; `None` if there are none.
pub(super) fn extent(figures: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let positive = figures.filter(|figure| figure.is_finite() && *figure > 0.0);
    positive.fold(None, |extent, figure| match extent {
        None => Some((figure, figure)),
        Some((low, high)) => Some((figure.min(low), figure.max(high))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_are_equally_wide_and_nothing_lies_outside() {
        let scale = Scale::logarithmic((1.0, 1000.0), (30.0, 330.0));
        let places = [0.0, 1.0, 10.0, 100.0, 1000.0, 1e9].map(|figure| scale.px(figure).round());
        assert_eq!(places, [30.0, 30.0, 130.0, 230.0, 330.0, 330.0]);
        assert_eq!(Scale::linear(4.0, (0.0, 8.0)).px(1.0), 2.0);
    }

    #[test]
    fn a_short_stretch_has_ticks_between_its_decades() {
        let ticks = |low, high| Scale::logarithmic((low, high), (0.0, 1.0)).ticks();
        assert_eq!(ticks(3.0, 60.0), [5.0, 10.0, 20.0, 50.0]);
        assert_eq!(ticks(1.0, 500.0), [1.0, 3.0, 10.0, 30.0, 100.0, 300.0]);
        assert_eq!(ticks(1.0, 10_000.0), [1.0, 10.0, 100.0, 1_000.0, 10_000.0]);
    }

    #[test]
    fn what_is_no_figure_has_no_extent() {
        assert_eq!(extent([f64::NAN, -1.0, 0.0, f64::INFINITY].into_iter()), None);
        assert_eq!(extent([2.0, 0.0, 7.0].into_iter()), Some((2.0, 7.0)));
    }
}
