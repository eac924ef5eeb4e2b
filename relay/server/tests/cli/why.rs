//! `why`, from the configuration alone.

use serde_json::Value;

use crate::program::Home;

#[test]
fn an_address_that_is_admitted_exits_0() {
    let home = Home::new();
    let run = home.run(&["why", "127.1.0.7", "--fence", "eu-only"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("admitted: 127.1.0.7 is in region `europe`"), "{}", run.out);
}

#[test]
fn an_address_that_is_refused_exits_1_with_rule_and_line() {
    let home = Home::new();
    let run = home.run(&["why", "127.3.0.7", "--tenant", "acme"]);
    assert_eq!(run.code, 1);
    assert!(run.out.starts_with("refused: "), "{}", run.out);
    for shown in ["region_not_in_clients", "ringfence.toml:", "eu-only"] {
        assert!(run.out.contains(shown), "{shown} is not in {}", run.out);
    }
    let run = home.run(&["why", "127.3.0.7", "--tenant", "acme", "--json"]);
    let value: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &value["rule"]), (1, &"region_not_in_clients".into()));
}

#[test]
fn the_role_decides_which_list_is_read() {
    let home = Home::new();
    let run = home.run(&["why", "127.3.0.7", "--fence", "eu-only", "--role", "peer"]);
    assert!(run.out.contains("region_not_in_peers"), "{}", run.out);
}

#[test]
fn a_fence_that_is_not_there_is_an_error() {
    let home = Home::new();
    let run = home.run(&["why", "127.3.0.7", "--fence", "none", "--json"]);
    assert_eq!((run.code, &run.error()["code"]), (1, &"fence_not_found".into()));
    assert_eq!(home.run(&["why", "127.3.0.7"]).code, 2);
    assert_eq!(home.run(&["why", "example.org", "--fence", "open"]).code, 2);
}
