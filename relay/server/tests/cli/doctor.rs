//! `doctor` on the host that the tests run on, whatever that is like.

use serde_json::Value;

use crate::program::{Home, Run};

const CHECKS: [&str; 9] = [
    "configuration",
    "addresses",
    "site",
    "ports",
    "buffers",
    "open_files",
    "offload",
    "shards",
    "queues",
];

/// What it says, and that its exit status is that of the worst of it.
fn examined(home: &Home) -> (Run, Vec<Value>) {
    let run = home.run(&["doctor", "--json"]);
    let value: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
    let findings = value["findings"].as_array().unwrap().clone();
    let of = |grade: &str| findings.iter().filter(|one| one["grade"] == grade).count();
    let (errors, warnings) = (of("error"), of("warning"));
    assert_eq!((&value["errors"], &value["warnings"]), (&errors.into(), &warnings.into()));
    assert_eq!(errors + warnings + of("ok"), findings.len());
    let expected = match (errors, warnings) {
        (0, 0) => 0,
        (0, _) => 3,
        _ => 1,
    };
    assert_eq!(run.code, expected, "{}", run.out);
    (run, findings)
}

fn about<'f>(findings: &'f [Value], check: &str) -> Vec<&'f Value> {
    findings.iter().filter(|finding| finding["check"] == check).collect()
}

#[test]
fn every_check_is_made_and_what_is_wrong_comes_with_a_fix() {
    let (_, findings) = examined(&Home::new());
    for check in CHECKS.iter().chain(&["clock"]) {
        assert!(!about(&findings, check).is_empty(), "{check} is not in {findings:#?}");
    }
    for finding in &findings {
        let fix = finding["fix"].as_str().unwrap_or_default();
        assert_eq!(fix.is_empty(), finding["grade"] == "ok", "{finding}");
    }
    assert_eq!(about(&findings, "site")[0]["grade"], "ok");
    assert_eq!(about(&findings, "offload")[0]["grade"], "ok", "Linux has had both since 5.0");
}

#[test]
fn an_address_that_this_host_does_not_have_is_an_error_for_people_too() {
    let home = Home::with(&Home::text().replace("127.1.0.1:3478", "203.0.113.77:3478"));
    let (run, findings) = examined(&home);
    assert_eq!(run.code, 1);
    assert_eq!(about(&findings, "addresses")[0]["grade"], "error");
    assert_eq!(about(&findings, "site")[0]["grade"], "error");
    let told = home.run(&["doctor"]);
    assert_eq!(told.code, 1);
    assert!(
        told.out.contains("error    addresses      203.0.113.77 is on no interface"),
        "{}",
        told.out
    );
    assert!(
        told.out.contains("[sites.fra1]: add \"203.0.113.77/32\" to `addresses`"),
        "{}",
        told.out
    );
    assert!(!told.out.contains('\x1b'), "colour outside of a terminal");
}

#[test]
fn a_configuration_that_is_refused_is_not_examined() {
    let home = Home::with(&Home::text().replace("workers = 2", "wokers = 2"));
    let run = home.run(&["doctor"]);
    assert_eq!((run.code, run.out.as_str()), (78, ""));
    assert!(run.err.contains("wokers"), "{}", run.err);
}
