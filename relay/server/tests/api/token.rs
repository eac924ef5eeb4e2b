//! Over TCP, who does not show the token gets nothing but probes, metrics and an empty page.

use std::os::unix::fs::MetadataExt;

use hyper::Method;
use ringfence::client::ApiClient;

use crate::raw;
use crate::running::{self, Running, TOKEN};

const GUARDED: [(&str, &str); 10] = [
    ("GET", "/v1/status"),
    ("GET", "/v1/rooms"),
    ("GET", "/v1/sessions"),
    ("GET", "/v1/why?address=127.1.0.1&fence=open"),
    ("POST", "/v1/rooms/r/participants"),
    ("DELETE", "/v1/rooms/r/participants/a"),
    ("POST", "/v1/turn/credentials"),
    ("GET", "/turn?service=turn&username=a&tenant=acme"),
    ("GET", "/openapi.json"),
    ("GET", "/v1/nothing"),
];

fn ask(running: &Running, (method, path): (&str, &str), headers: &str) -> raw::Answer {
    raw::over_tcp(running.http, &raw::request(method, path, headers, ""))
}

fn assert_all_unauthorized(running: &Running, headers: &str) {
    for call in GUARDED {
        let answer = ask(running, call, headers);
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{call:?} {headers}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[test]
fn without_the_token_every_call_is_refused() {
    let running = running::start();
    assert_all_unauthorized(&running, "");
    for wrong in [
        format!("Bearer {TOKEN}x"),
        format!("Bearer {}", &TOKEN[1..]),
        format!("Bearer {}", &TOKEN[..5]),
        format!("Basic {TOKEN}"),
        format!("Bearer{TOKEN}"),
        format!("Bearer  {TOKEN}"),
        "Bearer ".to_owned(),
        TOKEN.to_owned(),
    ] {
        assert_all_unauthorized(&running, &format!("Authorization: {wrong}\r\n"));
    }
}

#[test]
fn with_the_token_calls_work() {
    let running = running::start();
    let client = ApiClient::tcp(running.http, TOKEN);
    let rooms = running.call_with(&client, Method::GET, "/v1/rooms", None);
    assert_eq!(rooms.unwrap(), serde_json::json!({ "rooms": [] }));
    let nowhere = running.call_with(&client, Method::GET, "/v1/nothing", None);
    assert_eq!(nowhere.unwrap_err().code, "no_route");
}

#[test]
fn probes_metrics_and_the_empty_page_need_no_token() {
    let running = running::start();
    for path in ["/health", "/ready", "/metrics", "/status"] {
        assert_eq!(ask(&running, ("GET", path), "").status, 200, "{path}");
    }
}

#[test]
fn with_no_token_to_compare_nobody_gets_in() {
    let running = running::start_in(tempfile::tempdir().unwrap(), running::CONFIG);
    assert_all_unauthorized(&running, "");
    assert_all_unauthorized(&running, "Authorization: Bearer \r\n");
    assert_all_unauthorized(&running, &format!("Authorization: Bearer {TOKEN}\r\n"));
    assert!(running.get("/v1/rooms").is_ok(), "the unix socket needs none");
}

#[test]
fn the_unix_socket_is_for_its_owner_and_goes_with_the_relay() {
    let running = running::start();
    let socket = running.socket();
    assert_eq!(std::fs::metadata(&socket).unwrap().mode() & 0o777, 0o600);
    running.relay.stop().unwrap();
    assert!(!socket.exists());
}
