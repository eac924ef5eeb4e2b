//! Which sites are offered, asked of a running relay; and that nothing of another enclave shows.

use std::fs;

use ringfence::client::with_query;
use ringfence::config;
use serde_json::{Value, json};

use crate::running::{self, Running};

/// Of another enclave: a site, a tenant, and a region that both share with everybody else.
const ELSEWHERE: &str = r#"
[sites.gov1]
region = "europe"
enclave = "gov"
addresses = ["127.1.8.0/24"]
[tenants.ministry]
enclave = "gov"
home = "europe"
fences = ["eu-only"]
"#;

fn start_beside_an_enclave() -> Running {
    running::start_with(&format!("{}{ELSEWHERE}", running::CONFIG))
}

fn select(running: &Running, pairs: &[(&str, &str)]) -> Value {
    running.get(&with_query("/v1/select", pairs)).unwrap()
}

#[test]
fn sites_come_in_order_with_their_reasons() {
    let running = running::start();
    let pairs = [("tenant", "acme"), ("fence", "open"), ("client", "127.2.0.7")];
    let answer = select(&running, &pairs);
    assert_eq!(
        answer["primaries"],
        json!([
            { "site": "iad1", "region": "united-states", "reason": "with_client" },
            { "site": "fra1", "region": "europe", "reason": "home" },
        ])
    );
    assert_eq!(
        (&answer["client_region"], &answer["refused"]),
        (&json!("united-states"), &json!([]))
    );
}

#[test]
fn no_site_is_a_problem_with_the_sites_and_never_another_region() {
    let running = running::start();
    let pairs = [("tenant", "acme"), ("full", "fra1")];
    let problem = running.get(&with_query("/v1/select", &pairs)).unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (409, "no_site_in_fence"));
    let reasons: Vec<_> = problem
        .refused_sites
        .iter()
        .map(|site| (site.site.as_str(), site.reason.as_str()))
        .collect();
    assert_eq!(reasons, [("fra1", "full"), ("iad1", "site_not_in_transit")]);
}

#[test]
fn a_relay_that_is_full_does_not_offer_itself() {
    let running = running::start();
    for (room, tenant) in [("a", "acme"), ("b", "acme"), ("c", "acme"), ("d", "globex")] {
        let body = json!({ "tenant": tenant, "participant": "alice" });
        running.join(room, &body).unwrap();
    }
    let answer = select(&running, &[("tenant", "acme"), ("fence", "open")]);
    assert_eq!(answer["primaries"][0]["site"], "iad1");
    assert_eq!(answer["refused"][0]["reason"], "full");
    running.leave("d", "alice").unwrap();
    assert_eq!(select(&running, &[("tenant", "acme")])["primaries"][0]["site"], "fra1");
}

#[test]
fn a_question_that_is_refused_says_by_which_rule() {
    let running = running::start();
    for (query, status, code) in [
        ("fence=open", 400, "bad_query"),
        ("tenant=acme&client=example.org", 400, "bad_query"),
        ("tenant=acme&require=", 400, "bad_query"),
        ("tenant=acme&full=fra1,,iad1", 400, "bad_query"),
        ("tenant=acme&any=true", 400, "bad_query"),
        ("tenant=nobody", 403, "unknown_tenant"),
        ("tenant=acme&fence=us-only", 403, "fence_not_of_tenant"),
        ("tenant=acme&group=none", 403, "unknown_group"),
        ("tenant=acme&client=127.3.0.7", 403, "region_not_in_clients"),
        ("tenant=acme&client=10.0.0.1", 403, "private"),
        ("tenant=acme&require=atlantis", 403, "unknown_region"),
        ("tenant=acme&require=united-states", 409, "no_site_in_fence"),
        ("tenant=acme&down=nowhere", 404, "site_not_found"),
    ] {
        let problem = running.get(&format!("/v1/select?{query}")).unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{query}");
    }
}

#[test]
fn a_list_has_a_bound() {
    let running = running::start();
    let names = vec!["fra1"; 1_001].join(",");
    let problem = running.get(&format!("/v1/select?tenant=acme&full={names}")).unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (400, "bad_query"));
}

#[test]
fn nothing_of_another_enclave_shows_anywhere() {
    let running = start_beside_an_enclave();
    running.join_as("standup", "alice").unwrap();
    for path in [
        "/v1/select?tenant=acme",
        "/v1/select?tenant=acme&fence=open&client=127.1.0.7",
        "/v1/why?tenant=acme&address=127.1.8.1",
        "/v1/why?tenant=acme&address=127.1.8.1&role=transit&site=iad1",
        "/v1/rooms",
        "/v1/sessions",
    ] {
        let answer = running.get(path).unwrap().to_string();
        for hidden in ["gov", "ministry"] {
            assert!(!answer.contains(hidden), "{path}: {hidden} is in {answer}");
        }
    }
    let all_full = "/v1/select?tenant=acme&full=fra1";
    let problem = running.get(all_full).unwrap_err();
    assert!(!json!(problem).to_string().contains("gov"), "{problem:?}");
}

#[test]
fn a_site_of_another_enclave_is_not_there() {
    let running = start_beside_an_enclave();
    let ask = |path: &str, site: &str| {
        let problem = running.get(&format!("{path}{site}")).unwrap_err();
        let detail = problem.detail.replace(site, "SITE");
        (problem.status, problem.code, detail)
    };
    for path in ["/v1/select?tenant=acme&full=", "/v1/why?tenant=acme&address=127.1.0.7&site="] {
        assert_eq!(ask(path, "gov1"), ask(path, "none"), "{path}");
        assert_eq!(ask(path, "gov1").0, 404);
    }
}

#[test]
fn another_enclaves_tenant_gets_nothing_here() {
    let running = start_beside_an_enclave();
    let state = running.state();
    let problem = running.get("/v1/select?tenant=ministry").unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (403, "wrong_enclave"));
    assert!(problem.refused_sites.is_empty());
    let join = running.join("cabinet", &json!({ "tenant": "ministry", "participant": "m" }));
    assert_eq!(join.unwrap_err().code, "wrong_enclave");
    assert_eq!(running.state(), state);
}

#[test]
fn a_live_plan_shows_nothing_of_another_enclave_and_changes_nothing() {
    let text = format!("{}{ELSEWHERE}", running::CONFIG);
    let (running, text) = start_from_file(&text);
    let state = running.state();
    let wider = text.replacen(r#"clients = ["europe"]"#, r#"clients = ["europe", "china"]"#, 1);
    let answer = plan(&running, &wider).unwrap();
    let plan_of = &answer["plan"];
    assert_eq!((&plan_of["widens"], &plan_of["elsewhere"]), (&json!(true), &json!(1)));
    assert_eq!(plan_of["changes"][0]["clients"]["gained"]["cidrs"], json!(["127.3.0.0/16"]));
    assert_eq!(answer["would_cut"]["participants_total"], 0);
    for hidden in ["gov", "ministry"] {
        assert!(!answer.to_string().contains(hidden), "{hidden} is in {answer}");
    }
    assert_eq!(running.state(), state);
    assert_eq!(running.relay.control().policy().epoch().0, 1);
    let same = plan(&running, &text).unwrap();
    assert_eq!((&same["plan"]["widens"], &same["plan"]["changes"]), (&json!(false), &json!([])));
}

#[test]
fn a_plan_tells_every_error_of_the_text_and_nothing_of_other_files() {
    let (running, text) = start_from_file(running::CONFIG);
    let bad = text.replacen(r#"clients = ["europe"]"#, r#"clients = ["atlantis"]"#, 1);
    let problem = plan(&running, &bad).unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (422, "bad_config"));
    let error = &problem.change.unwrap().errors[0];
    assert_eq!(
        (&error["code"], &error["file"]),
        (&json!("unknown_region"), &json!("the new configuration"))
    );
    let in_memory = running::start();
    assert_eq!(plan(&in_memory, &text).unwrap_err().code, "not_reloadable");
}

fn plan(running: &Running, text: &str) -> Result<Value, ringfence::client::Problem> {
    running.call(hyper::Method::POST, "/v1/plan", Some(&json!({ "config": text })))
}

/// A relay that was started from a file, and the text that it says it has.
fn start_from_file(text: &str) -> (Running, String) {
    let dir = tempfile::tempdir().unwrap();
    running::write_token(dir.path(), running::TOKEN);
    let free = std::net::UdpSocket::bind("127.1.0.1:0").unwrap().local_addr().unwrap();
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = text
        .replace("127.1.0.1:3478", &free.to_string())
        .replace("127.0.0.1:8478", &http.to_string());
    let path = dir.path().join("ringfence.toml");
    fs::write(&path, &text).unwrap();
    let loaded = config::load(&path, []).unwrap_or_else(|failure| panic!("{failure}"));
    (running::start_loaded(dir, loaded), text)
}
