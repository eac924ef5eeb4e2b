//! Overrides from the environment: over the file, as strict as the file, and named in errors.

use std::num::NonZeroU16;

use ringfence::config::Workers;

use crate::folder::{Folder, REFERENCE, codes};

#[test]
fn an_override_wins_over_the_file_and_fills_what_the_file_leaves_out() {
    let config = Folder::new()
        .reference_with(&[
            ("RINGFENCE__NODE__WORKERS", "4"),
            ("RINGFENCE__NODE__PIN", "false"),
            ("RINGFENCE__LISTEN__MEDIA", "[\"127.1.0.7:4000\"]"),
            ("RINGFENCE__LISTEN__RELAY_PORTS", "50000-50999"),
            ("RINGFENCE__LIMITS__ROOMS_MAX", "7"),
            ("RINGFENCE__TENANTS__ACME__MAX_ROOMS", "5"),
            ("RINGFENCE_LOG", "ignored: one underscore"),
            ("PATH", "/bin"),
        ])
        .config;
    assert_eq!(config.node.workers, Workers::Count(NonZeroU16::new(4).expect("four")));
    assert!(!config.node.pin);
    assert_eq!(config.listen.media, ["127.1.0.7:4000".parse().expect("an address")]);
    assert_eq!(config.listen.relay_ports, 50_000..=50_999);
    assert_eq!(config.limits.rooms_max, 7);
    assert_eq!(config.tenants[0].max_rooms, 5);
}

#[test]
fn an_underscore_in_a_variable_finds_a_name_with_a_hyphen() {
    let name = "RINGFENCE__FENCES__NOT_CHINA__PEERS";
    let config = Folder::new().reference_with(&[(name, "[\"germany\"]")]).config;
    let fence = config.policy.fences.iter().find(|fence| fence.name.value == "not-china");
    assert_eq!(fence.expect("the fence").peers.value[0].value, "germany");
}

/// Variable, value, code, and what stands under the caret on the variable's line.
const BREAKAGES: &[(&str, &str, &str, &str)] = &[
    ("RINGFENCE__NODE__WROKERS", "4", "unknown_key", "WROKERS"),
    ("RINGFENCE__NODES__WORKERS", "4", "unknown_key", "NODES"),
    ("RINGFENCE__NODE__WORKERS", "four", "wrong_type", "four"),
    ("RINGFENCE__NODE__WORKERS", "300", "out_of_range", "300"),
    ("RINGFENCE__NODE__SITE", "fra9", "unknown_site", "fra9"),
    ("RINGFENCE__NODE", "4", "wrong_type", "4"),
    ("RINGFENCE__NODE__SITE__DEEPER", "4", "override", "RINGFENCE__NODE__SITE__DEEPER"),
    ("RINGFENCE__", "4", "override", "RINGFENCE__"),
    ("RINGFENCE__NODE__", "4", "override", "RINGFENCE__NODE__"),
    (
        "RINGFENCE__REGIONS__CHINA__CIDRS",
        "[\"127.2.0.0/16\"]",
        "duplicate_prefix",
        "\"127.2.0.0/16\"",
    ),
];

#[test]
fn each_bad_override_gives_its_one_error_on_the_variables_line() {
    let folder = Folder::new();
    for (name, value, code, under_caret) in BREAKAGES {
        let failure = folder.parse_with(REFERENCE, &[(name, value)]).expect_err(name);
        assert_eq!(codes(&failure), [*code], "{failure}");
        let origin = failure.diagnostics[0].origin.expect("a place");
        let place = failure.sources.place(origin).expect("a known place");
        assert_eq!((place.file, place.line), ("environment", 1), "{failure}");
        let line = format!("{name}={value}");
        assert_eq!(&line[origin.start as usize..origin.end as usize], *under_caret);
    }
}

#[test]
fn one_key_in_two_spellings_is_refused() {
    let both = [("RINGFENCE__NODE__WORKERS", "1"), ("RINGFENCE__node__workers", "2")];
    let failure = Folder::new().parse_with(REFERENCE, &both).expect_err("twice");
    assert_eq!(codes(&failure), ["override"]);
}

#[test]
fn a_secret_in_a_variable_is_refused_and_not_shown() {
    let name = "RINGFENCE__CONTROL__TOKEN";
    let failure = Folder::new()
        .parse_with(REFERENCE, &[(name, "hunter2-hunter2\nhunter2")])
        .expect_err("a literal");
    assert_eq!(codes(&failure), ["secret_literal"]);
    let shown = format!("{}{}{failure:?}", failure.render(true), failure.to_json());
    assert!(shown.contains(name) && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_name_without_end_or_a_value_beyond_its_bound_is_refused() {
    let folder = Folder::new();
    let deep = format!("RINGFENCE{}", "__A".repeat(40_000));
    let failure = folder.parse_with(REFERENCE, &[(&deep, "1")]).expect_err("too deep");
    assert_eq!(codes(&failure), ["override"]);
    let large = "x".repeat((2 << 20) + 1);
    let failure = folder.parse_with(REFERENCE, &[("RINGFENCE__NODE__SITE", &large)]);
    assert_eq!(codes(&failure.expect_err("too large")), ["environment_too_large"]);
}
