//! A record as a comparison leaves it, with figures near those that were once measured.

use std::collections::BTreeMap;

use crate::record::{
    Case, CostAtRate, FoundRate, LatencyAtRate, LossAtRate, Outcome, Record, Server, TargetResult,
};

/// Four servers, two cases, a target that is missed.
pub(super) fn record() -> Record {
    Record {
        title: "Ringfence, its floors and its rivals, 6 rounds in turn".to_owned(),
        circumstances: circumstances(),
        servers: servers(),
        cases: vec![single(), bursts()],
    }
}

fn circumstances() -> BTreeMap<String, String> {
    let lines = [
        ("machine", "Intel Xeon Processor (Skylake), 2 processors of a virtual machine"),
        ("kernel", "Linux 6.1.0-18-cloud-amd64"),
        ("commit", "9fee8ce1b1f3"),
        (
            "command",
            "ringfence-bench compare --rounds 6 --out bench/runs/2026-11-22-vm-2cpu-9fee8ce1b1f3",
        ),
        ("load average before", "0.08 0.11 0.21 1/212 30412"),
    ];
    lines.map(|(name, line)| (name.to_owned(), line.to_owned())).into()
}

fn servers() -> Vec<Server> {
    let server = |name: &str, version: &str, remarks: &[&str]| Server {
        name: name.to_owned(),
        version: version.to_owned(),
        remarks: remarks.iter().map(|remark| (*remark).to_owned()).collect(),
    };
    vec![
        server("ringfence", "ringfence 0.1.0", &["judges every address by the fence"]),
        server("coturn", "4.6.1", &["also speaks DTLS and RFC 6062", "no fence by region"]),
        server("turn-server", "4.0.0-rc.2", &["no channel over TCP in this version"]),
        server("floor", "recvmmsg and sendmmsg, nothing between", &[]),
    ]
}

fn single() -> Case {
    let results = [
        ("ringfence", outcome(2_310.0, 812_000, 41.0)),
        ("coturn", outcome(3_550.0, 541_000, 55.0)),
        ("turn-server", outcome(2_940.0, 602_000, 63.0)),
        ("floor", outcome(2_050.0, 903_000, 33.0)),
    ];
    Case {
        name: "turn, single, 172 bytes".to_owned(),
        results: results.map(|(name, outcome)| (name.to_owned(), outcome)).into(),
        targets: vec![
            target("processor time a packet, ringfence by coturn", "at most 0.80", 0.65, true),
            target("processor time a packet, ringfence by floor", "at most 1.15", 1.13, true),
            TargetResult {
                remark: Some("ringfence is at least this fast: generator's limit".to_owned()),
                ..target("rate without loss, ringfence by coturn", "at least 1.50", 1.48, false)
            },
        ],
    }
}

fn bursts() -> Case {
    let results = [
        ("ringfence", outcome(410.0, 3_900_000, 48.0)),
        ("coturn", outcome(2_280.0, 421_000, 97.0)),
    ];
    Case {
        name: "turn, bursts of 16, 172 bytes".to_owned(),
        results: results.map(|(name, outcome)| (name.to_owned(), outcome)).into(),
        targets: vec![
            target("processor time a packet, ringfence by coturn", "at most 0.18", 0.18, true),
            TargetResult {
                what: "processor time a packet, ringfence by the GRO/GSO floor".to_owned(),
                target: "at most 1.30".to_owned(),
                median: None,
                range: None,
                met: false,
                remark: Some("the floor did not start".to_owned()),
            },
        ],
    }
}

fn target(what: &str, target: &str, median: f64, met: bool) -> TargetResult {
    TargetResult {
        what: what.to_owned(),
        target: target.to_owned(),
        median: Some(median),
        range: Some((median * 0.94, median * 1.07)),
        met,
        remark: None,
    }
}

fn outcome(ns: f64, lossless_per_s: u64, p50_us: f64) -> Outcome {
    let cost = |offered_per_s, ns: f64| CostAtRate {
        offered_per_s,
        ns_per_packet: [0.96, 0.98, 1.0, 1.0, 1.03, 1.07].map(|part| ns * part).to_vec(),
    };
    let found = |per_s| FoundRate { per_s, generator_limited: per_s > 800_000 };
    let rounds = |middle: u64| [middle - middle / 40, middle, middle + middle / 50].map(found);
    Outcome {
        costs: vec![cost(20_000, ns * 2.3), cost(200_000, ns)],
        loss_by_rate: trials(lossless_per_s),
        lossless_per_s: rounds(lossless_per_s).to_vec(),
        half_percent_per_s: rounds(lossless_per_s + lossless_per_s / 12).to_vec(),
        latencies: [(10, 0.8), (50, 1.0), (90, 2.6)]
            .map(|(part, times)| latency(part, lossless_per_s, p50_us * times))
            .to_vec(),
    }
}

/// What a search leaves: nothing lost up to the rate, much more above it, one trial that failed.
fn trials(lossless_per_s: u64) -> Vec<LossAtRate> {
    let trial = |(part, lost)| LossAtRate {
        offered_per_s: lossless_per_s * part / 100,
        lost,
        sound: part != 80,
    };
    let trials = [
        (12, 0.0),
        (25, 0.0),
        (40, 0.0),
        (60, 0.0),
        (80, 0.02),
        (82, 0.000_05),
        (95, 0.000_3),
        (100, 0.000_8),
        (104, 0.003),
        (109, 0.008),
        (125, 0.07),
        (180, 0.39),
    ];
    trials.map(trial).to_vec()
}

fn latency(part: u64, lossless_per_s: u64, p50_us: f64) -> LatencyAtRate {
    let percentiles = [
        (0.0, 0.4),
        (25.0, 0.8),
        (50.0, 1.0),
        (75.0, 1.3),
        (90.0, 1.8),
        (99.0, 3.9),
        (99.9, 9.5),
        (99.99, 31.0),
        (100.0, 82.0),
    ];
    LatencyAtRate {
        load: format!("{part} % of the rate without loss"),
        offered_per_s: lossless_per_s * part / 100,
        packets: lossless_per_s * part / 100,
        sent_late: 17,
        percentiles_us: percentiles.map(|(at, times)| (at, p50_us * times)).to_vec(),
    }
}
