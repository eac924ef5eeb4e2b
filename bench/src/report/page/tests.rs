use std::collections::BTreeSet;

use roxmltree::{Document, ParsingOptions};

use super::*;
use crate::record::Server;
use crate::report::sample;

fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error} in\n{page}"))
}

/// All text between tags, piece by piece.
fn texts<'d>(page: &'d Document<'_>) -> BTreeSet<&'d str> {
    let texts = page.descendants().filter(|node| node.is_text()).filter_map(|node| node.text());
    texts.map(str::trim).collect()
}

#[test]
fn every_server_case_target_and_circumstance_is_on_the_page() {
    let record = sample::record();
    let page = html(&record).unwrap();
    let page = parsed(&page);
    let texts = texts(&page);
    for server in &record.servers {
        assert!(texts.contains(server.name.as_str()), "{}", server.name);
        assert!(texts.contains(server.version.as_str()), "{}", server.version);
    }
    for case in &record.cases {
        assert!(texts.contains(case.name.as_str()), "{}", case.name);
        case.targets.iter().for_each(|target| assert!(texts.contains(target.what.as_str())));
    }
    let lines = record.circumstances.values();
    lines.for_each(|line| assert!(texts.contains(line.as_str()), "{line}"));
    assert!(texts.contains("3 of 5 targets met"));
}

#[test]
fn every_case_has_its_pictures() {
    let record = sample::record();
    let page = html(&record).unwrap();
    let page = parsed(&page);
    let labels = page.descendants().filter(|node| node.has_tag_name(SVG));
    let labels: Vec<_> = labels.filter_map(|node| node.attribute("aria-label")).collect();
    for case in &record.cases {
        let of_case = labels.iter().filter(|label| label.contains(&case.name));
        // Processor time, highest rates, rate against loss, latency at three loads.
        assert_eq!(of_case.count(), 6, "{labels:?}");
    }
}

const SVG: (&str, &str) = ("http://www.w3.org/2000/svg", "svg");

#[test]
fn nothing_is_asked_of_anywhere_else() {
    let page = html(&sample::record()).unwrap();
    let names = page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
    assert_eq!(page.matches("://").count(), names, "an address that is no name space");
    assert!(!page.contains("url(") && !page.contains("@import"));
    let page = parsed(&page);
    let reaching = |name: &str| ["script", "link", "img", "iframe", "object"].contains(&name);
    assert!(!page.descendants().any(|node| reaching(node.tag_name().name())));
}

#[test]
fn hostile_names_are_text() {
    let hostile = "</style></svg><script>alert(1)</script>\"'&\u{1b}\u{0}";
    let mut record = sample::record();
    let results = record.cases[0].results.values().next().unwrap().clone();
    record.title = hostile.to_owned();
    record.circumstances.insert(hostile.to_owned(), hostile.to_owned());
    record.servers.push(Server {
        name: hostile.to_owned(),
        version: hostile.to_owned(),
        remarks: vec![hostile.to_owned()],
    });
    let case = &mut record.cases[0];
    case.name = hostile.to_owned();
    case.results.insert(hostile.to_owned(), results);
    case.targets[0].what = hostile.to_owned();
    case.targets[0].target = hostile.to_owned();
    case.targets[0].remark = Some(hostile.to_owned());
    for outcome in case.results.values_mut() {
        outcome.latencies.iter_mut().for_each(|latency| latency.load = hostile.to_owned());
    }
    let page = html(&record).unwrap();
    assert!(!page.contains("<script"));
    let seen = hostile.replace(['\u{1b}', '\u{0}'], "\u{fffd}");
    assert!(texts(&parsed(&page)).contains(seen.as_str()));
}

#[test]
fn figures_that_are_none_leave_no_mark() {
    let mut record = sample::record();
    for outcome in record.cases.iter_mut().flat_map(|case| case.results.values_mut()) {
        outcome.costs.iter_mut().for_each(|cost| cost.ns_per_packet = vec![f64::NAN]);
        outcome.loss_by_rate.iter_mut().for_each(|trial| trial.lost = f64::NAN);
        outcome.lossless_per_s.clear();
        let latencies = outcome.latencies.iter_mut();
        latencies.for_each(|latency| latency.percentiles_us = vec![(f64::NAN, f64::INFINITY)]);
    }
    let page = html(&record).unwrap();
    parsed(&page);
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}

#[test]
fn a_record_of_nothing_is_a_page_too() {
    let record = Record {
        title: String::new(),
        circumstances: Default::default(),
        servers: Vec::new(),
        cases: Vec::new(),
    };
    parsed(&html(&record).unwrap());
}
