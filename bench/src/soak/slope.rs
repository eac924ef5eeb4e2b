//! Whether a figure grows, and how surely.

use serde::Serialize;

/// A straight line through a figure over time, in percent of its mean an hour.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Trend {
    /// How many points.
    pub points: usize,
    /// Of the figure.
    pub mean: f64,
    /// Slope by least squares.
    pub percent_per_h: f64,
    /// Standard error of that, as if points did not depend on one another; memory's do, so the true one
    /// is larger.
    pub error_percent_per_h: f64,
    /// The median of the slopes between any two points (Theil and Sen), which a few outliers do not move.
    pub median_percent_per_h: f64,
}

impl Trend {
    /// Of points: hours, and the figure then. Fewer than three, or all at one moment, have no slope: NaN.
    pub fn of(points: &[(f64, f64)]) -> Self {
        let mean = mean(points.iter().map(|(_, figure)| *figure));
        let (slope, error) = least_squares(points);
        let percent = |slope: f64| slope / mean * 100.0;
        Self {
            points: points.len(),
            mean,
            percent_per_h: percent(slope),
            error_percent_per_h: percent(error),
            median_percent_per_h: percent(median_slope(points)),
        }
    }
}

fn mean(figures: impl Iterator<Item = f64>) -> f64 {
    let (sum, number) = figures.fold((0.0, 0.0), |(sum, number), one| (sum + one, number + 1.0));
    sum / number
}

/// The slope and its standard error.
fn least_squares(points: &[(f64, f64)]) -> (f64, f64) {
    if points.len() < 3 {
        return (f64::NAN, f64::NAN);
    }
    let middle_x = mean(points.iter().map(|point| point.0));
    let middle_y = mean(points.iter().map(|point| point.1));
    let spread: f64 = points.iter().map(|(x, _)| (x - middle_x).powi(2)).sum();
    let common: f64 = points.iter().map(|(x, y)| (x - middle_x) * (y - middle_y)).sum();
    let slope = common / spread;
    let off = |&(x, y): &(f64, f64)| (y - middle_y - slope * (x - middle_x)).powi(2);
    let left: f64 = points.iter().map(off).sum();
    (slope, (left / (points.len() - 2) as f64 / spread).sqrt())
}

fn median_slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes: Vec<f64> = points
        .iter()
        .enumerate()
        .flat_map(|(number, one)| points[number + 1..].iter().map(move |other| (one, other)))
        .map(|(one, other)| (other.1 - one.1) / (other.0 - one.0))
        .filter(|slope| slope.is_finite())
        .collect();
    slopes.sort_by(f64::total_cmp);
    match (slopes.len(), slopes.len() / 2) {
        (0, _) => f64::NAN,
        (number, half) if number % 2 == 0 => f64::midpoint(slopes[half - 1], slopes[half]),
        (_, half) => slopes[half],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn a_straight_line_has_its_slope_and_no_error() {
        let line: Vec<_> =
            (0..60).map(|at| (f64::from(at) / 60.0, 200.0 + f64::from(at) / 60.0)).collect();
        let trend = Trend::of(&line);
        let mean = 200.0 + 59.0 / 120.0;
        assert!(near(trend.mean, mean), "{trend:?}");
        assert!(near(trend.percent_per_h, 100.0 / mean), "{trend:?}");
        assert!(near(trend.median_percent_per_h, 100.0 / mean), "{trend:?}");
        assert!(trend.error_percent_per_h < 1e-9, "{trend:?}");
    }

    /// Worked by hand: the slope of (0,1), (1,3), (2,2), (3,6) is 7/5, what is left 3.2 + 1 of it.
    #[test]
    fn four_points_come_out_as_by_hand() {
        let (slope, error) = least_squares(&[(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 6.0)]);
        assert!(near(slope, 1.4), "{slope}");
        assert!(near(error, (4.2_f64 / 2.0 / 5.0).sqrt()), "{error}");
        // Slopes between two: 2, 0.5, 5/3, -1, 1.5, 4; the middle ones are 1.5 and 5/3.
        let median = median_slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 6.0)]);
        assert!(near(median, f64::midpoint(1.5, 5.0 / 3.0)), "{median}");
    }

    #[test]
    fn one_outlier_moves_the_line_but_not_the_median() {
        let flat = |at: i32| (f64::from(at), if at == 58 { 400.0 } else { 100.0 });
        let trend = Trend::of(&(0..60).map(flat).collect::<Vec<_>>());
        assert!(trend.percent_per_h > 0.1 && trend.error_percent_per_h > 0.01, "{trend:?}");
        assert!(near(trend.median_percent_per_h, 0.0), "{trend:?}");
    }

    #[test]
    fn too_little_has_no_slope() {
        for points in [&[][..], &[(0.0, 1.0), (1.0, 2.0)]] {
            assert!(Trend::of(points).percent_per_h.is_nan());
        }
    }
}
