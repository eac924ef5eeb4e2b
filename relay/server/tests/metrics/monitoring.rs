//! The dashboard and the alerts that are shipped ask for nothing that a relay does not tell.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::openmetrics::Metrics;
use crate::raw;
use crate::running;

const DASHBOARD: &str = include_str!("../../../../packaging/monitoring/dashboard.json");
const ALERTS: &str = include_str!("../../../../packaging/monitoring/alerts.yml");

/// Names of samples as a relay writes them that has a TURN door and an audit trail.
fn told() -> BTreeSet<String> {
    let running = running::start_with_turn();
    let answer = raw::over_unix(&running.socket(), &raw::request("GET", "/metrics", "", ""));
    let text = Metrics::read(&answer.body).text;
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let names = samples.filter_map(|line| line.split(['{', ' ']).next());
    names.map(str::to_owned).collect()
}

/// Whatever looks like a metric of ours.
fn asked(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c| !is_name(c));
    words.filter(|word| word.starts_with("ringfence_")).map(str::to_owned).collect()
}

#[test]
fn every_metric_of_the_dashboard_and_the_alerts_is_told() {
    let told = told();
    for (what, text, least) in [("dashboard", DASHBOARD, 30), ("alerts", ALERTS, 12)] {
        let asked = asked(text);
        assert!(asked.len() >= least, "{what}: {asked:?}");
        let unknown: Vec<_> = asked.difference(&told).collect();
        assert!(unknown.is_empty(), "the {what} asks for {unknown:?}");
    }
}

#[test]
fn every_panel_asks_for_something() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let with_data = panels.iter().filter(|panel| panel["type"] != "row");
    assert!(with_data.clone().count() > 20);
    for panel in with_data {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            assert!(!asked(target["expr"].as_str().unwrap()).is_empty(), "{target}");
        }
    }
    let numbers: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(numbers.len(), panels.len(), "each has a number of its own");
}
