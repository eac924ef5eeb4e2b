//! Latency as a record has it.

use super::trial::{Load, Trial};
use crate::record::LatencyAtRate;

/// Percentiles of a curve.
const PERCENTILES: [f64; 13] =
    [0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 100.0];

/// What a trial that was timed says; `name` is the load's. None if it was not timed.
pub fn latency_at_rate(name: &str, load: &Load, trial: &Trial) -> Option<LatencyAtRate> {
    let latency = trial.latency.as_ref()?;
    let us = |percentile| latency.value_at_percentile(percentile) as f64 / 1000.0;
    Some(LatencyAtRate {
        load: name.to_owned(),
        offered_per_s: load.packets_per_s,
        packets: latency.len(),
        sent_late: trial.sent_late,
        percentiles_us: PERCENTILES.map(|percentile| (percentile, us(percentile))).to_vec(),
    })
}
