//! Whether a target is met: round by round, by the median.

use std::collections::BTreeMap;

use super::groups::{Bound, Figure, Target};
use super::rounds::Measured;
use crate::record::{LatencyAtRate, Outcome, TargetResult};
use crate::spread::Spread;

/// The verdict; `absent` says why a server was not measured.
pub fn judge(
    target: &Target,
    measured: &Measured,
    absent: &BTreeMap<String, String>,
) -> TargetResult {
    let figures = |server| {
        let outcome = measured.outcomes.get(server);
        outcome.map_or(Vec::new(), |outcome| per_round(outcome, target.figure))
    };
    let pairs = figures(target.of).into_iter().zip(figures(target.by));
    let rounds: Vec<f64> = pairs.map(|(of, by)| target.bound.compare(of, by)).collect();
    let spread = (!rounds.is_empty()).then(|| Spread::of(rounds));
    let limited = target.figure == Figure::Lossless && is_limited(measured, target.by);
    let worthless =
        limited || [target.of, target.by].iter().any(|one| spoilt(measured, one, target) > 0);
    let is_met = |spread: Spread| target.bound.is_met(spread.median) && !worthless;
    TargetResult {
        what: format!("{}, {} by {}", target.figure, target.of, target.by),
        target: target.bound.to_string(),
        median: spread.map(|spread| spread.median),
        range: spread.map(|spread| (spread.min, spread.max)),
        met: spread.is_some_and(is_met),
        remark: remark(target, measured, absent),
    }
}

impl Bound {
    fn compare(self, of: f64, by: f64) -> f64 {
        match self {
            Self::RatioAtMost(_) | Self::RatioAtLeast(_) => of / by.max(f64::MIN_POSITIVE),
            Self::MicrosecondsMoreAtMost(_) => of - by,
        }
    }

    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::RatioAtMost(most) | Self::MicrosecondsMoreAtMost(most) => figure <= most,
            Self::RatioAtLeast(least) => figure >= least,
        }
    }
}

fn per_round(outcome: &Outcome, figure: Figure) -> Vec<f64> {
    let latencies = |wanted| -> Vec<f64> {
        let name = figure.measured_as();
        let named = outcome.latencies.iter().filter(|latency| latency.load == name);
        named.filter_map(|latency| percentile(latency, wanted)).collect()
    };
    match figure {
        Figure::Cost(rate) => {
            let at_rate = outcome.costs.iter().find(|cost| cost.offered_per_s == rate);
            at_rate.map_or(Vec::new(), |cost| cost.ns_per_packet.clone())
        }
        Figure::Lossless => outcome.lossless_per_s.iter().map(|found| found.per_s as f64).collect(),
        Figure::Latency(wanted, _) | Figure::LatencyAtHalf(wanted) => latencies(wanted),
    }
}

/// Microseconds at a percentile that the record has.
pub(super) fn percentile(latency: &LatencyAtRate, wanted: f64) -> Option<f64> {
    let mut known = latency.percentiles_us.iter();
    known.find(|(percentile, _)| *percentile == wanted).map(|&(_, us)| us)
}

fn is_limited(measured: &Measured, server: &str) -> bool {
    let outcome = measured.outcomes.get(server);
    outcome
        .is_some_and(|outcome| outcome.lossless_per_s.iter().any(|found| found.generator_limited))
}

fn spoilt(measured: &Measured, server: &str, target: &Target) -> usize {
    let trials = (server.to_owned(), target.figure.measured_as());
    measured.spoilt.get(&trials).copied().unwrap_or(0)
}

fn remark(
    target: &Target,
    measured: &Measured,
    absent: &BTreeMap<String, String>,
) -> Option<String> {
    let mut remarks = Vec::new();
    for server in [target.of, target.by] {
        if let Some(reason) = absent.get(server) {
            remarks.push(format!("{server} was not measured: {reason}"));
        }
        let trials = spoilt(measured, server, target);
        if trials > 0 {
            remarks.push(format!("the generator was late in {trials} trials of {server}"));
        }
    }
    if target.figure == Figure::Lossless {
        if is_limited(measured, target.of) {
            remarks.push(format!("{} is at least this fast: the generator's limit", target.of));
        }
        if is_limited(measured, target.by) {
            remarks.push(format!("{} may be faster: the generator's limit", target.by));
        }
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{CostAtRate, FoundRate};

    const COST: Target =
        Target { figure: Figure::Cost(1000), of: "a", by: "b", bound: Bound::RatioAtMost(0.8) };

    fn costs(ns_per_packet: &[f64]) -> Outcome {
        let ns_per_packet = ns_per_packet.to_vec();
        let costs = vec![CostAtRate { offered_per_s: 1000, ns_per_packet }];
        Outcome { costs, ..Outcome::default() }
    }

    fn rates(per_s: u64, generator_limited: bool) -> Outcome {
        let lossless_per_s = vec![FoundRate { per_s, generator_limited }];
        Outcome { lossless_per_s, ..Outcome::default() }
    }

    fn verdict(target: &Target, a: Outcome, b: Outcome) -> TargetResult {
        let outcomes = [("a".to_owned(), a), ("b".to_owned(), b)].into();
        judge(target, &Measured { outcomes, ..Measured::default() }, &BTreeMap::new())
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let result = verdict(&COST, costs(&[10.0, 90.0, 80.0]), costs(&[10.0, 120.0, 100.0]));
        assert_eq!(result.median, Some(0.8));
        assert_eq!(result.range, Some((0.75, 1.0)));
        assert!(result.met);
        assert!(!verdict(&COST, costs(&[81.0]), costs(&[100.0])).met);
    }

    #[test]
    fn what_the_generator_spoilt_meets_nothing_of_that_figure() {
        for (figure, met) in [(Figure::Cost(1000), false), (Figure::Cost(2000), true)] {
            let outcomes = [("a".to_owned(), costs(&[1.0])), ("b".to_owned(), costs(&[2.0]))];
            let spoilt = [(("b".to_owned(), figure.measured_as()), 1)].into();
            let measured = Measured { outcomes: outcomes.into(), spoilt };
            let result = judge(&COST, &measured, &BTreeMap::new());
            assert_eq!((result.met, result.remark.is_none()), (met, met));
        }
    }

    #[test]
    fn nothing_measured_is_nothing_met() {
        let result = verdict(&COST, costs(&[]), costs(&[10.0]));
        assert!(!result.met && result.median.is_none());
    }

    #[test]
    fn a_rate_at_the_generators_limit_is_a_bound_for_one_and_worthless_for_the_other() {
        let faster = Target { figure: Figure::Lossless, bound: Bound::RatioAtLeast(1.5), ..COST };
        assert!(verdict(&faster, rates(300, true), rates(200, false)).met);
        let worthless = verdict(&faster, rates(300, false), rates(200, true));
        assert!(!worthless.met && worthless.remark.is_some());
    }
}
