//! `plan`, `prove` and `select`, from configurations alone.

use std::fs;

use serde_json::Value;

use crate::program::{Home, Run};

/// A folder with the good configuration, and another in which one thing is otherwise.
fn home(from: &str, to: &str) -> Home {
    let home = Home::new();
    let text = fs::read_to_string(home.path().join("ringfence.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(home.path().join("new.toml"), text.replacen(from, to, 1)).unwrap();
    home
}

fn wider() -> Home {
    home(r#"clients = ["europe"]"#, r#"clients = ["europe", "china"]"#)
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err))
}

#[test]
fn a_change_that_widens_exits_3_and_shows_what() {
    let home = wider();
    for arguments in [&["plan", "new.toml"][..], &["plan", "ringfence.toml", "new.toml"]] {
        let run = home.run(arguments);
        assert_eq!((run.code, run.err.as_str()), (3, ""));
        assert!(run.out.starts_with("widens: 1 tenant, 1 fence\n"), "{}", run.out);
        for shown in ["acme, fence eu-only", "+ clients 127.3.0.0/16", "digest "] {
            assert!(run.out.contains(shown), "{shown} is not in {}", run.out);
        }
    }
}

#[test]
fn a_change_that_narrows_exits_0() {
    let home = wider();
    let run = home.run(&["plan", "new.toml", "ringfence.toml"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("nothing widens; narrows: "), "{}", run.out);
    assert!(run.out.contains("- clients 127.3.0.0/16"), "{}", run.out);
}

#[test]
fn the_same_change_has_the_same_digest_and_another_has_another() {
    let home = wider();
    let digest =
        |old: &str, new: &str| json(&home.run(&["plan", old, new, "--json"]))["digest"].take();
    let forth = digest("ringfence.toml", "new.toml");
    assert_eq!(forth, digest("ringfence.toml", "new.toml"));
    assert_ne!(forth, digest("new.toml", "ringfence.toml"));
    assert_eq!(forth.as_str().map(str::len), Some(64));
}

#[test]
fn a_configuration_that_is_wrong_exits_2_and_says_which() {
    let home = home(r#"clients = ["europe"]"#, r#"clients = ["atlantis"]"#);
    for arguments in
        [["plan", "ringfence.toml", "new.toml"], ["plan", "new.toml", "ringfence.toml"]]
    {
        let run = home.run(&arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains("new.toml:") && run.err.contains("atlantis"), "{}", run.err);
    }
    let run = home.run(&["plan", "gone.toml", "new.toml"]);
    assert!(run.code == 2 && run.err.contains("gone.toml"), "{}", run.err);
    assert_eq!(home.run(&["plan"]).code, 2);
    assert_eq!(home.run(&["plan", "ringfence.toml", "new.toml", "--live"]).code, 2);
    assert_eq!(home.run(&["prove", "--config", "new.toml"]).code, 2);
}

#[test]
fn a_policy_that_keeps_its_promises_exits_0_and_says_what_was_proved() {
    let home = Home::new();
    let run = home.run(&["prove"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    for shown in ["proved: 0 invariants", "each up, full or down", "no access to that list"] {
        assert!(run.out.contains(shown), "{shown} is not in {}", run.out);
    }
    assert_eq!(json(&home.run(&["prove", "--json"]))["proof"]["sites"], 2);
}

#[test]
fn a_promise_that_is_broken_exits_4_with_a_case() {
    let invariant = "[[invariants]]\nname = \"Only Europe\"\nclients = [\"europe\"]\n\
                     never_transit = [\"united-states\"]\n[regions.europe]";
    let home = home("[regions.europe]", invariant);
    let run = home.run(&["prove", "--config", "new.toml"]);
    assert_eq!(run.code, 4, "{}", run.err);
    for shown in ["broken: ", "Only Europe", "is offered iad1", "full: fra1", "new.toml:"] {
        assert!(run.out.contains(shown), "{shown} is not in {}", run.out);
    }
    let verdict = json(&home.run(&["prove", "--config", "new.toml", "--json"]));
    let case = &verdict["violations"][0]["example"];
    assert_eq!((&case["chosen"], &case["full"][0]), (&"iad1".into(), &"fra1".into()));
}

#[test]
fn sites_come_by_nearness_and_the_others_with_their_reasons() {
    let home = Home::new();
    let run = home.run(&["select", "--tenant", "acme", "--fence", "open", "--client", "127.2.0.9"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let rows: Vec<_> = run.out.lines().skip(1).collect();
    assert!(
        rows[0].contains("primary")
            && rows[0].contains("iad1")
            && rows[0].contains("where the client is")
    );
    assert!(rows[1].contains("fra1") && rows[1].contains("home"), "{}", run.out);
    let run = home.run(&["select", "--tenant", "acme", "--json"]);
    let selection = json(&run);
    assert_eq!(selection["primaries"][0]["site"], "fra1");
    assert_eq!(selection["refused"][0]["reason"], "site_not_in_transit");
    let place = selection["refused"][0]["place"].as_str().unwrap();
    assert!(place.starts_with("ringfence.toml:"), "{place}");
}

#[test]
fn prefer_orders_require_takes_away_and_neither_adds() {
    let home = Home::new();
    let ask = |more: &[&str]| home.run(&[&["select", "--tenant", "acme", "--json"], more].concat());
    let first = |run: &Run| json(run)["primaries"][0]["site"].take();
    assert_eq!(first(&ask(&["--fence", "open", "--prefer", "united-states"])), "iad1");
    assert_eq!(first(&ask(&["--prefer", "united-states"])), "fra1");
    let required = ask(&["--fence", "open", "--require", "united-states"]);
    assert_eq!(json(&required)["primaries"].as_array().map(Vec::len), Some(1));
    assert_eq!(first(&required), "iad1");
    let none = ask(&["--require", "united-states"]);
    assert_eq!((none.code, &none.error()["code"]), (1, &"no_site_in_fence".into()));
}

#[test]
fn when_nothing_is_left_it_is_an_error_with_all_reasons() {
    let home = Home::new();
    let run = home.run(&["select", "--tenant", "acme", "--down", "fra1"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    for shown in ["not fra1: down", "not iad1: site_not_in_transit", "ringfence.toml:"] {
        assert!(run.err.contains(shown), "{shown} is not in {}", run.err);
    }
    for (more, code) in [
        (&["--tenant", "nobody"][..], "unknown_tenant"),
        (&["--tenant", "acme", "--client", "127.3.0.7"], "region_not_in_clients"),
        (&["--tenant", "acme", "--require", "atlantis"], "unknown_region"),
        (&["--tenant", "acme", "--full", "nowhere"], "site_not_found"),
        (&["--tenant", "acme", "--group", "none"], "unknown_group"),
    ] {
        let run = home.run(&[&["select", "--json"], more].concat());
        assert_eq!((run.code, &run.error()["code"]), (1, &code.into()), "{more:?}");
    }
}

#[test]
fn why_tells_of_a_site_too() {
    let home = Home::new();
    let ask = ["why", "127.1.0.7", "--tenant", "acme", "--site"];
    let run = home.run(&[&ask[..], &["iad1"]].concat());
    assert_eq!(run.code, 1, "{}", run.err);
    for shown in
        ["site `iad1` is in region `united-states`", "site_not_in_transit", "ringfence.toml:"]
    {
        assert!(run.out.contains(shown), "{shown} is not in {}", run.out);
    }
    let run = home.run(&[&ask[..], &["iad1", "--fence", "open"]].concat());
    assert_eq!(run.code, 0, "{}", run.out);
    let run = home.run(&[&ask[..], &["nowhere", "--json"]].concat());
    assert_eq!((run.code, &run.error()["code"]), (1, &"site_not_found".into()));
}

#[test]
fn why_tells_each_question_in_its_order() {
    let home = Home::new();
    let run = home.run(&["why", "::ffff:127.3.0.7", "--tenant", "acme"]);
    let steps: Vec<_> = run.out.lines().skip_while(|line| !line.starts_with("asked")).collect();
    for (line, shown) in [
        (4, "yes  site `fra1` is in region `europe`, which may carry (ringfence.toml:"),
        (6, "yes  its canonical form is 127.3.0.7"),
        (7, "yes  127.3.0.7 is in 127.3.0.0/16, of region `china` (ringfence.toml:"),
        (
            8,
            "no   ::ffff:127.3.0.7 is in region `china`, which the fence does not list in `clients`",
        ),
    ] {
        assert!(steps[line].contains(shown), "{shown} is not in line {line} of {}", run.out);
    }
    assert_eq!(steps.len(), 9, "{}", run.out);
}
