//! Metrics move with the traffic, and scrapers can read them.

#[path = "metrics/monitoring.rs"]
mod monitoring;
#[path = "metrics/openmetrics.rs"]
mod openmetrics;
#[path = "api/raw.rs"]
#[expect(dead_code, reason = "shared with the tests of the API")]
mod raw;
#[path = "api/running.rs"]
#[expect(dead_code, reason = "shared with the tests of the API")]
mod running;

use std::collections::BTreeSet;
use std::net::UdpSocket;

use openmetrics::{Kind, Metrics};
use ringfence_core::{DropReason, Fault};
use ringfence_fence::Rule;
use running::Running;

fn scrape(running: &Running) -> Metrics {
    let request = raw::request("GET", "/metrics", "", "");
    let answer = raw::over_unix(&running.socket(), &request);
    assert_eq!(answer.status, 200);
    let content_type = answer.header("content-type").unwrap();
    assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"));
    Metrics::read(&answer.body)
}

/// Sends datagrams that are nothing a relay knows, and waits until they are counted.
fn send_rubbish(running: &Running, datagrams: u32) -> Metrics {
    let media = running.relay.control().media_addresses()[0];
    let before = scrape(running).sum("ringfence_datagrams_received");
    let socket = UdpSocket::bind("127.1.0.9:0").unwrap();
    for _ in 0..datagrams {
        socket.send_to(&[0x05; 10], media).unwrap();
    }
    loop {
        let metrics = scrape(running);
        if metrics.sum("ringfence_datagrams_received") >= before + f64::from(datagrams) {
            return metrics;
        }
    }
}

#[test]
fn what_is_sent_is_counted() {
    let running = running::start();
    let before = scrape(&running);
    let after = send_rubbish(&running, 7);

    let grown = |family: &str| after.sum(family) - before.sum(family);
    assert_eq!(grown("ringfence_datagrams_received"), 7.0);
    assert_eq!(grown("ringfence_received_bytes"), 70.0);
    assert_eq!(grown("ringfence_datagrams_forwarded"), 0.0);
    let unknown = [("fault", "sender"), ("reason", "unknown_protocol")];
    assert_eq!(after.value("ringfence_datagrams_dropped", &unknown), 7.0);
    assert!(grown("ringfence_shard_turns") >= 1.0);
    assert!(grown("ringfence_shard_cpu_seconds") > 0.0);
    assert!(grown("ringfence_uptime_seconds") > 0.0);
}

#[test]
fn every_datagram_that_was_received_ended_in_one_counted_way() {
    let running = running::start();
    let metrics = send_rubbish(&running, 100);
    let kernels = metrics.sum_where("ringfence_datagrams_dropped", ("fault", "kernel"));
    let ended = metrics.sum("ringfence_datagrams_forwarded")
        + metrics.sum("ringfence_datagrams_answered")
        + metrics.sum("ringfence_datagrams_dropped")
        + metrics.sum("ringfence_datagrams_parked")
        - kernels;
    assert_eq!(metrics.sum("ringfence_datagrams_received"), ended);
}

#[test]
fn rooms_and_participants_are_gauges_that_go_down_again() {
    let running = running::start();
    let count = || {
        let metrics = scrape(&running);
        let family = |name| metrics.value(name, &[]);
        (family("ringfence_rooms"), family("ringfence_participants"))
    };
    running.join_as("a", "x").unwrap();
    running.join_as("a", "y").unwrap();
    running.join_as("b", "x").unwrap();
    assert_eq!(count(), (2.0, 3.0));
    running.leave("b", "x").unwrap();
    assert_eq!(count(), (1.0, 2.0));
}

#[test]
fn label_values_come_from_closed_sets() {
    let running = running::start();
    running.join_as("oddments", "outlandish").unwrap();
    let metrics = send_rubbish(&running, 1);
    let strings = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();

    let rules = Rule::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(metrics.labels("ringfence_fence_refusals", "rule"), strings(rules));
    let faults = vec!["kernel", "policy", "relay", "sender"];
    assert_eq!(metrics.labels("ringfence_datagrams_dropped", "fault"), strings(faults));
    let by_policy = DropReason::ALL.iter().filter(|why| why.fault() == Fault::Policy);
    assert!(by_policy.count() > 0);
    let media = running.relay.control().media_addresses()[0].to_string();
    assert_eq!(metrics.labels("ringfence_kernel_queue_drops", "listen"), strings(vec![&media]));
    assert_eq!(metrics.labels("ringfence_shard_turns", "shard"), strings(vec!["0", "1"]));
    assert!(!metrics.text.contains("oddments") && !metrics.text.contains("outlandish"));
}

#[test]
fn the_set_of_samples_does_not_change_with_traffic() {
    let running = running::start();
    let before = scrape(&running).identities();
    running.join_as("a", "x").unwrap();
    assert_eq!(send_rubbish(&running, 3).identities(), before);
}

#[test]
fn counters_are_counters_and_gauges_are_gauges() {
    let running = running::start();
    let metrics = scrape(&running);
    for (family, kind) in [
        ("ringfence_datagrams_received", Kind::Counter),
        ("ringfence_send_refused", Kind::Counter),
        ("ringfence_path_checks", Kind::Counter),
        ("ringfence_flows_unencrypted", Kind::Counter),
        ("ringfence_trains_sent", Kind::Counter),
        ("ringfence_shard_cpu_seconds", Kind::Counter),
        ("ringfence_datagrams_parked", Kind::Gauge),
        ("ringfence_latched", Kind::Gauge),
        ("ringfence_build", Kind::Info),
    ] {
        assert_eq!(metrics.kind(family), Some(kind), "{family}");
    }
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(metrics.value("ringfence_build", &version), 1.0);
}
