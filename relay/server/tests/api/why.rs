//! Decisions explained.

use ringfence::client::with_query;
use serde_json::{Value, json};

use crate::running::{self, Running};

fn why(running: &Running, pairs: &[(&str, &str)]) -> Value {
    running.get(&with_query("/v1/why", pairs)).unwrap()
}

#[test]
fn an_admission_says_region_and_site() {
    let running = running::start();
    let answer = why(&running, &[("address", "127.1.0.7:5000"), ("fence", "eu-only")]);
    assert_eq!(answer["admitted"], true);
    assert_eq!((&answer["region"], &answer["site"]), (&json!("europe"), &json!("fra1")));
    assert_eq!((&answer["epoch"], &answer["role"]), (&json!(1), &json!("client")));
    assert_eq!(answer.get("rule"), None);
}

#[test]
fn a_refusal_says_rule_and_line() {
    let running = running::start();
    let answer = why(&running, &[("address", "127.3.0.7"), ("fence", "eu-only")]);
    assert_eq!(answer["admitted"], false);
    assert_eq!(answer["rule"], "region_not_in_clients");
    assert_eq!(answer["region"], "china");
    let line =
        running::CONFIG.lines().take_while(|line| *line != r#"clients = ["europe"]"#).count();
    assert_eq!(answer["place"], format!("ringfence.toml:{}", line + 1));
    let explanation = answer["explanation"].as_str().unwrap();
    assert!(explanation.contains("127.3.0.7") && explanation.contains("`china`"));
}

#[test]
fn a_tenant_is_judged_under_its_own_fence_only() {
    let running = running::start();
    let address = ("address", "127.3.0.7");
    assert_eq!(why(&running, &[address, ("tenant", "acme")])["fence"], "eu-only");
    let open = why(&running, &[address, ("tenant", "acme"), ("fence", "open")]);
    assert_eq!(open["admitted"], true);
    let foreign = why(&running, &[address, ("tenant", "acme"), ("fence", "us-only")]);
    assert_eq!(foreign["rule"], "fence_not_of_tenant");
    assert_eq!(why(&running, &[address, ("tenant", "nobody")])["rule"], "unknown_tenant");
}

#[test]
fn disguised_addresses_are_called_by_their_name() {
    let running = running::start();
    for (address, rule) in [
        ("::ffff:127.3.0.7", "region_not_in_peers"),
        ("[::ffff:127.3.0.7]:9", "region_not_in_peers"),
        ("2002:7f01:7::1", "six_to_four"),
        ("10.0.0.1", "private"),
        ("127.1.0.7:0", "port_zero"),
        ("ff02::1", "multicast"),
    ] {
        let pairs = [("address", address), ("fence", "eu-only"), ("role", "peer")];
        assert_eq!(why(&running, &pairs)["rule"], rule, "{address}");
    }
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    let running = running::start();
    for (query, status, code) in [
        ("address=127.1.0.7", 400, "bad_query"),
        ("fence=open", 400, "bad_query"),
        ("address=example.org&fence=open", 400, "bad_query"),
        ("address=127.1.0.7&fence=open&role=king", 400, "bad_query"),
        ("address=127.1.0.7&fence=open&when=now", 400, "bad_query"),
        ("address=127.1.0.7&fence=none", 404, "fence_not_found"),
    ] {
        let problem = running.get(&format!("/v1/why?{query}")).unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{query}");
    }
}
