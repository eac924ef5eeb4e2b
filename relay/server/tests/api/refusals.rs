//! Every way to be refused: its status, its code, and no state left behind.

use serde_json::{Value, json};

use crate::raw;
use crate::running::{self, Running};

/// Refused so, and nothing changed.
fn assert_refused(running: &Running, room: &str, body: &Value, status: u16, code: &str) {
    let before = running.state();
    let problem = running.join(room, body).unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (status, code), "{body}");
    assert_eq!(running.state(), before, "{body}");
}

fn acme(participant: &str, more: &Value) -> Value {
    let mut body = json!({ "tenant": "acme", "participant": participant });
    body.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    body
}

#[test]
fn the_fence_refuses_with_its_rule_and_line() {
    let running = running::start();
    let join = |tenant: &str, fence: Option<&str>| {
        let body = json!({ "tenant": tenant, "participant": "a", "fence": fence });
        assert_eq!(running.state().0, json!({ "rooms": [] }));
        running.join("r", &body).unwrap_err()
    };
    let line = |text: &str| {
        let before = running::CONFIG.lines().take_while(|line| !line.starts_with(text));
        format!("ringfence.toml:{}", before.count() + 1)
    };

    let unknown = join("nobody", None);
    assert_eq!((unknown.status, unknown.code.as_str()), (403, "unknown_tenant"));
    assert_eq!(unknown.rule.as_deref(), Some("unknown_tenant"));
    assert_eq!(unknown.place, None);

    let foreign = join("acme", Some("us-only"));
    assert_eq!((foreign.status, foreign.rule.as_deref()), (403, Some("fence_not_of_tenant")));
    assert_eq!(foreign.place, Some(line("[tenants.acme]").into()));

    let elsewhere = join("initech", None);
    assert_eq!((elsewhere.status, elsewhere.rule.as_deref()), (403, Some("site_not_in_transit")));
    assert_eq!(elsewhere.place, Some(line("transit = [\"united-states\"]").into()));
    assert!(elsewhere.detail.contains("`fra1`"), "{}", elsewhere.detail);
}

#[test]
fn what_is_taken_conflicts() {
    let running = running::start();
    running.join_as("r", "alice").unwrap();
    assert_refused(&running, "r", &acme("alice", &json!({})), 409, "participant_exists");
    let body = acme("bob", &json!({ "fence": "open" }));
    assert_refused(&running, "r", &body, 409, "room_has_other_fence");
    let body = json!({ "tenant": "globex", "participant": "bob" });
    assert_refused(&running, "r", &body, 409, "room_of_another_tenant");
}

#[test]
fn quotas_and_a_full_relay_differ() {
    let running = running::start();
    for (room, count) in [("a", 3), ("b", 1), ("c", 1)] {
        (0..count).for_each(|n| drop(running.join_as(room, &format!("p{n}")).unwrap()));
    }
    assert_refused(&running, "a", &acme("late", &json!({})), 429, "room_full");
    assert_refused(&running, "d", &acme("late", &json!({})), 429, "tenant_rooms_full");
    running.join_as("b", "p1").unwrap();
    assert_refused(&running, "b", &acme("late", &json!({})), 429, "tenant_participants_full");

    let globex = |participant| json!({ "tenant": "globex", "participant": participant });
    running.join("d", &globex("x")).unwrap();
    assert_refused(&running, "e", &globex("x"), 507, "relay_rooms_full");
    running.join("d", &globex("y")).unwrap();
    assert_refused(&running, "d", &globex("z"), 507, "relay_participants_full");
}

#[test]
fn values_out_of_range_are_refused() {
    let running = running::start();
    let cases = [
        (json!({ "max_kbps": 0 }), "ceiling_out_of_range"),
        (json!({ "max_kbps": 20_001 }), "ceiling_out_of_range"),
        (json!({ "ttl_s": 0 }), "ttl_out_of_range"),
        (json!({ "ttl_s": 86_401 }), "ttl_out_of_range"),
        (json!({ "hears": vec!["x"; 1_001] }), "hears_too_many"),
    ];
    for (more, code) in cases {
        assert_refused(&running, "r", &acme("a", &more), 422, code);
    }
}

#[test]
fn bodies_are_read_strictly() {
    let running = running::start();
    let cases = [
        json!({ "ttl_s": "60" }),
        json!({ "ttl_s": 60.0 }),
        json!({ "ttl_s": -1 }),
        json!({ "max_kbps": "4000" }),
        json!({ "hears": "bob" }),
        json!({ "hears": ["b b"] }),
        json!({ "participant": "a/b" }),
        json!({ "participant": "" }),
        json!({ "tenant": 7 }),
        json!({ "fense": "eu-only" }),
        json!({ "ice": { "ufrag": "abcd" } }),
        json!({ "ice": { "ufrag": "abcd", "pwd": "short" } }),
        json!({ "ice": { "ufrag": "abc", "pwd": "0123456789012345678901" } }),
        json!({ "ice": { "ufrag": "abcd", "pwd": "0123456789012345678901", "lite": true } }),
    ];
    for more in cases {
        assert_refused(&running, "r", &acme("a", &more), 422, "bad_body");
    }
    for body in [json!({ "tenant": "acme" }), json!([]), json!("x"), Value::Null] {
        assert_refused(&running, "r", &body, 422, "bad_body");
    }
}

#[test]
fn requests_that_no_client_sends_are_problems_too() {
    let running = running::start();
    let before = running.state();
    let good = r#"{"tenant":"acme","participant":"a"}"#;
    let join = "/v1/rooms/r/participants";
    let twice = r#"{"tenant":"acme","tenant":"acme","participant":"a"}"#;
    let large = format!("{good}{}", " ".repeat(64 << 10));
    let cases = [
        (raw::post(join, "{"), 400, "bad_json"),
        (raw::post(join, ""), 400, "bad_json"),
        (raw::post(join, &format!("{good} x")), 400, "bad_json"),
        (raw::post(join, twice), 422, "bad_body"),
        (raw::post(join, &large), 413, "too_large"),
        (raw::post("/v1/rooms/a%2Fb/participants", good), 400, "bad_path"),
        (raw::post("/v1/rooms/%ff/participants", good), 400, "bad_path"),
        (raw::request("POST", join, "", good), 415, "not_json"),
        (raw::request("POST", join, "Content-Type: text/plain\r\n", good), 415, "not_json"),
        (raw::request("PUT", join, "", ""), 405, "method_not_allowed"),
        (raw::request("POST", "/health", "", ""), 405, "method_not_allowed"),
        (raw::request("GET", "/v1/nothing", "", ""), 404, "no_route"),
        (raw::request("GET", "/v1/rooms/a b", "", ""), 400, ""),
        (raw::request("GET", "/v1/rooms?limit=0", "", ""), 400, "bad_query"),
        (raw::request("GET", "/v1/rooms?limit=1001", "", ""), 400, "bad_query"),
        (raw::request("GET", "/v1/rooms?page=2", "", ""), 400, "bad_query"),
        (raw::request("GET", "/v1/sessions?after=a", "", ""), 400, "bad_query"),
        (raw::request("GET", "/v1/sessions?room=a/b", "", ""), 400, "bad_query"),
    ];
    for (request, status, code) in cases {
        let answer = raw::over_unix(&running.socket(), &request);
        assert_eq!(answer.status, status, "{request} {answer:?}");
        if !code.is_empty() {
            assert_eq!(answer.problem(), (status, code.to_owned()), "{request}");
        }
    }
    assert_eq!(running.state(), before);
}

#[test]
fn a_wrong_method_learns_the_right_ones() {
    let running = running::start();
    let request = raw::request("PUT", "/v1/rooms/r/participants", "", "");
    let answer = raw::over_unix(&running.socket(), &request);
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[test]
fn a_password_is_not_kept_by_caches() {
    let running = running::start();
    let body = r#"{"tenant":"acme","participant":"a"}"#;
    let request = raw::post("/v1/rooms/r/participants", body);
    let answer = raw::over_unix(&running.socket(), &request);
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
}

#[test]
fn a_relay_outside_of_its_site_is_not_ready_and_refuses() {
    let misplaced = running::CONFIG.replace("127.1.0.1:3478", "127.2.0.1:3478");
    let running = running::start_with(&misplaced);
    let ready = running.get("/ready").unwrap_err();
    assert_eq!((ready.status, ready.code.as_str()), (503, "not_ready"));
    assert!(ready.detail.contains("`fra1`"), "{}", ready.detail);
    assert_eq!(running.get("/health").unwrap()["status"], "ok");
    let body = json!({ "tenant": "acme", "participant": "a" });
    assert_refused(&running, "r", &body, 403, "own_address_outside_site");
}
