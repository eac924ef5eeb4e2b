//! What a run leaves behind, for people and for machines: the shapes of `--json`, and what tables and
//! pages are made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What was run, in a few words.
    pub title: String,
    /// Machine, kernel, commit and command, each a line of text by name.
    pub circumstances: BTreeMap<String, String>,
    /// Who was measured.
    pub servers: Vec<Server>,
    /// What was measured.
    pub cases: Vec<Case>,
}

/// Who was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Server {
    /// How cases name it, such as `ringfence` or `floor`.
    pub name: String,
    /// What it says of itself.
    pub version: String,
    /// What it does that the others do not, and what it leaves out.
    pub remarks: Vec<String>,
}

/// One kind of work and how each server did it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// Such as `turn, single, 172 bytes`.
    pub name: String,
    /// How each server did it, by its name.
    pub results: BTreeMap<String, Outcome>,
    /// What was asked of them.
    pub targets: Vec<TargetResult>,
}

/// How one server did one kind of work.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Processor time at chosen rates.
    pub costs: Vec<CostAtRate>,
    /// Every trial of the searches: what was offered and what was lost of it.
    pub loss_by_rate: Vec<LossAtRate>,
    /// The highest rate at which at most 0.1 % is lost: packets a second.
    pub lossless_per_s: Vec<FoundRate>,
    /// The highest rate at which at most 0.5 % is lost: packets a second.
    pub half_percent_per_s: Vec<FoundRate>,
    /// Latency at chosen rates.
    pub latencies: Vec<LatencyAtRate>,
}

/// Processor time at one rate, round by round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CostAtRate {
    /// Packets a second offered.
    pub offered_per_s: u64,
    /// Nanoseconds of all threads of the server, the kernel's part included, by packet delivered.
    pub ns_per_packet: Vec<f64>,
}

/// One trial.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LossAtRate {
    /// Packets a second offered.
    pub offered_per_s: u64,
    /// Part of the copies that did not arrive, 0 to 1.
    pub lost: f64,
    /// The generator kept its pace and lost nothing itself.
    pub sound: bool,
}

/// What a search found.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FoundRate {
    /// Packets a second.
    pub per_s: u64,
    /// The generator could not offer more.
    pub generator_limited: bool,
}

/// Latency at one rate: arrival less the time when the packet was meant to be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LatencyAtRate {
    /// Such as `50 % of the rate without loss`.
    pub load: String,
    /// Packets a second offered.
    pub offered_per_s: u64,
    /// Packets timed.
    pub packets: u64,
    /// Packets that were sent more than a millisecond after they were meant to.
    pub sent_late: u64,
    /// Percentile (0 to 100) and microseconds, rising: at least 50, 90, 99, 99.9, 99.99 and 100.
    pub percentiles_us: Vec<(f64, f64)>,
}

/// What was asked of a case, and whether it came about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TargetResult {
    /// What is compared, such as `processor time a packet, ringfence by coturn`.
    pub what: String,
    /// Such as `at most 0.80`.
    pub target: String,
    /// The median over the rounds; none where nothing could be measured.
    pub median: Option<f64>,
    /// The lowest and the highest round.
    pub range: Option<(f64, f64)>,
    /// Whether the median meets the target.
    pub met: bool,
    /// What the reader has to know, such as that a search ended at the generator's own limit.
    pub remark: Option<String>,
}
