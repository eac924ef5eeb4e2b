//! Latency by percentile: the further right, the rarer.

use super::lines::{Dot, Lines, PLOT_X, PLOT_Y, Px, Series, Tick, ticks};
use super::scale::{Scale, extent};
use super::servers::Palette;
use crate::record::{Case, LatencyAtRate};
use crate::report::figures::{count, time_of_ns, trimmed};

/// The slowest packet of all has no percentile of its own: so many nines to the right of the last.
const NINES_TO_MAX: f64 = 0.5;

/// One picture for each load, with all servers that bore it.
pub(super) fn pictures(case: &Case, palette: &Palette) -> Vec<(String, Lines)> {
    loads(case).into_iter().filter_map(|load| picture(case, palette, load)).collect()
}

fn loads(case: &Case) -> Vec<&str> {
    let mut loads = Vec::new();
    for latency in case.results.values().flat_map(|outcome| &outcome.latencies) {
        if !loads.contains(&latency.load.as_str()) {
            loads.push(&latency.load);
        }
    }
    loads
}

fn picture(case: &Case, palette: &Palette, load: &str) -> Option<(String, Lines)> {
    let results = palette.in_order(case);
    let measured: Vec<_> = results
        .filter_map(|(colour, name, outcome)| {
            let latency = outcome.latencies.iter().find(|latency| latency.load == load);
            latency.map(|latency| (colour, name, latency))
        })
        .collect();
    let all = || measured.iter().flat_map(|(_, _, latency)| points(latency));
    let nines_last = all().map(|(percentile, _)| nines(percentile)).filter(|n| n.is_finite());
    let axes = Axes::new(nines_last.fold(1.0, f64::max), extent(all().map(|(_, us)| us))?);
    let series = measured.iter().map(|&(colour, name, latency)| axes.series(colour, name, latency));
    let lines = Lines {
        title: format!("Latency by percentile, {}, {load}", case.name),
        below: "percentile of packets",
        across: axes.percentile_ticks(),
        up: ticks(&axes.y, time_of_round_us),
        limits: Vec::new(),
        series: series.collect(),
    };
    Some((load.to_owned(), lines))
}

fn points(latency: &LatencyAtRate) -> impl Iterator<Item = (f64, f64)> {
    latency.percentiles_us.iter().copied().filter(|(at, us)| at.is_finite() && us.is_finite())
}

/// 90 % is one, 99.9 % is three.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile.clamp(0.0, 100.0) / 100.0).log10()
}

fn time_of_round_us(us: f64) -> String {
    match us {
        us if us >= 1e6 => format!("{} s", trimmed(us / 1e6)),
        us if us >= 1e3 => format!("{} ms", trimmed(us / 1e3)),
        us => format!("{} µs", trimmed(us)),
    }
}

struct Axes {
    x: Scale,
    y: Scale,
    nines_last: f64,
}

impl Axes {
    fn new(nines_last: f64, (low, high): (f64, f64)) -> Self {
        let x = Scale::linear(nines_last + NINES_TO_MAX, PLOT_X);
        Self { x, y: Scale::logarithmic((low * 0.8, high * 1.25), PLOT_Y), nines_last }
    }

    fn px(&self, percentile: f64) -> Px {
        Px(self.x.px(nines(percentile)))
    }

    fn percentile_ticks(&self) -> Vec<Tick> {
        let named = [(0.0, "0"), (50.0, "50"), (90.0, "90"), (99.0, "99"), (99.9, "99.9")];
        let rare = [(99.99, "99.99"), (99.999, "99.999"), (99.9999, "99.9999")];
        let within = |(at, _): &(f64, _)| nines(*at) <= self.nines_last + 1e-9;
        let tick = |(at, label): (f64, &str)| Tick { at: self.px(at), label: label.to_owned() };
        let slowest = Tick { at: self.px(100.0), label: "max".to_owned() };
        let shown = named.into_iter().chain(rare).filter(within).map(tick);
        shown.chain([slowest]).collect()
    }

    fn series(&self, colour: usize, name: &str, latency: &LatencyAtRate) -> Series {
        let place = |(at, us)| (self.px(at), Px(self.y.px(us)));
        let dot = |(at, us): (f64, f64)| {
            let (x, y) = place((at, us));
            let (time, rate) = (time_of_ns(us * 1e3), count(latency.offered_per_s));
            Dot { x, y, hollow: false, title: format!("{name}, p{at}: {time} at {rate}/s") }
        };
        Series {
            colour,
            line: points(latency).map(place).collect(),
            dots: points(latency).map(dot).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nine_is_as_wide_as_the_one_before() {
        let axes = Axes::new(4.0, (10.0, 1_000.0));
        let [p90, p99, p999, slowest] = [90.0, 99.0, 99.9, 100.0].map(|at| axes.px(at).0);
        assert!((p99 - p90 - (p999 - p99)).abs() < 1e-6);
        assert_eq!(slowest, PLOT_X.1);
    }
}
