//! TURN credentials over the API: what is made can be checked by anyone who holds the secret, and
//! what may not be had is refused with its reason.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::Method;
use ringfence::api::Problem;
use ringfence::client::ApiClient;
use ringfence_core::{RestUsername, rest_password};
use serde_json::{Value, json};

use crate::raw;
use crate::running::{self, NEWEST_SECRET, Running, TOKEN};

const REST: &str = "/turn?service=turn&username=alice&tenant=acme";

fn ask(running: &Running, more: &Value) -> Result<Value, Problem> {
    let mut body = json!({ "tenant": "acme", "meeting": "standup", "party": "alice" });
    body.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    running.call(Method::POST, "/v1/turn/credentials", Some(&body))
}

/// Seconds from now until the user name's expiry, give or take those the test took.
fn life_s(username: &str) -> u64 {
    let expiry = RestUsername::parse(username).unwrap().expiry_unix_s;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    (Duration::from_secs(expiry) - now).as_secs()
}

#[test]
fn what_is_made_is_signed_by_the_newest_secret() {
    let running = running::start_with_turn();
    let made = ask(&running, &json!({ "fence": "open", "ttl_s": 600 })).unwrap();
    let username = made["username"].as_str().unwrap();
    let name = RestUsername::parse(username).unwrap();
    assert_eq!((name.tenant, name.meeting, name.party), ("acme", "standup", "alice"));
    assert_eq!((name.fence, &made["ttl"]), (Some("open"), &json!(600)));
    assert!((540..=600).contains(&life_s(username)));
    let password = rest_password(NEWEST_SECRET.as_bytes(), username.as_bytes());
    assert_eq!(made["password"], password);

    let media = running.relay.control().media_addresses()[0];
    let tcp = running.relay.control().stream_addresses()[0];
    let uris = [format!("turn:{media}?transport=udp"), format!("turn:{tcp}?transport=tcp")];
    assert_eq!(made["uris"], json!(uris));
    let server = json!({ "urls": uris, "username": username, "credential": password });
    assert_eq!(made["iceServers"], json!([server]));
}

#[test]
fn what_nobody_says_has_its_default() {
    let running = running::start_with_turn();
    let made = ask(&running, &json!({})).unwrap();
    let name = RestUsername::parse(made["username"].as_str().unwrap()).unwrap();
    assert_eq!((name.fence, &made["ttl"]), (None, &json!(3_600)));
    let rest = running.get(REST).unwrap();
    let name = RestUsername::parse(rest["username"].as_str().unwrap()).unwrap();
    assert_eq!((name.meeting, name.party, name.fence), ("default", "alice", None));
}

#[test]
fn the_older_shape_says_the_same() {
    let running = running::start_with_turn();
    let path = format!("{REST}&meeting=standup&fence=open&ttl=60");
    for method in [Method::GET, Method::POST] {
        let made = running.call(method, &path, None).unwrap();
        let keys: Vec<_> = made.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["password", "ttl", "uris", "username"]);
        let username = made["username"].as_str().unwrap();
        assert!(username.ends_with(":acme/standup/alice;fence=open"), "{username}");
        assert_eq!(made["password"], rest_password(NEWEST_SECRET.as_bytes(), username.as_bytes()));
        assert_eq!(made["ttl"], 60);
    }
}

#[test]
fn what_may_not_be_had_is_refused_for_its_reason() {
    let running = running::start_with_turn();
    let cases = [
        (json!({ "tenant": "nobody" }), 403, "unknown_tenant"),
        (json!({ "fence": "us-only" }), 403, "fence_not_of_tenant"),
        (json!({ "fence": "none" }), 403, "fence_not_of_tenant"),
        (json!({ "tenant": "initech" }), 403, "site_not_in_transit"),
        (json!({ "tenant": "globex" }), 503, "no_secret"),
        (json!({ "ttl_s": 0 }), 422, "ttl_out_of_range"),
        (json!({ "ttl_s": 86_401 }), 422, "ttl_out_of_range"),
        (json!({ "ttl_s": "60" }), 422, "bad_body"),
        (json!({ "party": "a/b" }), 422, "bad_body"),
        (json!({ "meeting": "" }), 422, "bad_body"),
        (json!({ "secret": "x" }), 422, "bad_body"),
    ];
    for (more, status, code) in cases {
        let problem = ask(&running, &more).unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{more}");
    }
    let foreign = ask(&running, &json!({ "fence": "us-only" })).unwrap_err();
    assert_eq!(foreign.rule.as_deref(), Some("fence_not_of_tenant"));
    assert!(foreign.place.as_deref().unwrap().starts_with("ringfence.toml:"));
}

#[test]
fn a_relay_without_relay_addresses_makes_none() {
    let running = running::start();
    let problem = ask(&running, &json!({})).unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (503, "no_secret"));
    let text = running::CONFIG
        .replace("[tenants.globex]", "secrets = [\"file:control.token\"]\n[tenants.globex]");
    let problem = ask(&running::start_with(&text), &json!({})).unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (503, "turn_not_served"));
}

#[test]
fn the_older_query_is_read_strictly() {
    let running = running::start_with_turn();
    let cases = [
        ("/turn?username=alice&tenant=acme".to_owned(), "bad_query"),
        ("/turn?service=stun&username=alice&tenant=acme".to_owned(), "bad_query"),
        ("/turn?service=turn&tenant=acme".to_owned(), "bad_query"),
        ("/turn?service=turn&username=alice".to_owned(), "tenant_not_named"),
        (format!("{REST}&room=x"), "bad_query"),
        (format!("{REST}&meeting=a%2Fb"), "bad_query"),
        (format!("{REST}&ttl=-1"), "bad_query"),
        (format!("{REST}&ttl=60&ttl=61"), "bad_query"),
    ];
    for (path, code) in cases {
        let problem = running.get(&path).unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (400, code), "{path}");
    }
}

#[test]
fn the_one_tenant_there_is_need_not_be_named() {
    let (config, _) = running::CONFIG.split_once("[tenants.globex]").unwrap();
    let config = format!("{config}secrets = [\"file:control.token\"]\n");
    let config = config.replace("[control]", "relay_addresses = [\"127.1.0.1\"]\n[control]");
    let running = running::start_with(&config);
    let made = running.get("/turn?service=turn&username=alice").unwrap();
    assert!(made["username"].as_str().unwrap().ends_with(":acme/default/alice"));
}

#[test]
fn over_tcp_the_key_of_the_query_is_the_token_for_this_call_alone() {
    let running = running::start_with_turn();
    let status =
        |path: &str| raw::over_tcp(running.http, &raw::request("GET", path, "", "")).status;
    let token = TOKEN.replace(' ', "%20");
    assert_eq!(status(&format!("{REST}&key={token}")), 200);
    for wrong in ["", "&key=", "&key=x", &format!("&key={token}x"), &format!("&key={token}&key=x")]
    {
        assert_eq!(status(&format!("{REST}{wrong}")), 401, "{wrong}");
    }
    assert_eq!(status(&format!("/v1/rooms?key={token}")), 401);
    assert_eq!(status(&format!("/v1/why?address=127.1.0.1&fence=open&key={token}")), 401);
    let client = ApiClient::tcp(running.http, TOKEN);
    assert!(running.call_with(&client, Method::GET, REST, None).is_ok());
}

#[test]
fn credentials_are_not_kept_by_caches() {
    let running = running::start_with_turn();
    let body = r#"{"tenant":"acme","meeting":"standup","party":"alice"}"#;
    for (request, status) in [
        (raw::post("/v1/turn/credentials", body), 201),
        (raw::request("GET", REST, "", ""), 200),
        (raw::request("POST", REST, "", ""), 200),
    ] {
        let answer = raw::over_unix(&running.socket(), &request);
        assert_eq!((answer.status, answer.header("cache-control")), (status, Some("no-store")));
    }
}

#[test]
fn a_group_is_named_in_the_user_name_and_narrows_what_is_granted() {
    let groups = "[tenants.acme.groups.doctors]\n[tenants.acme.groups.abroad]\n\
                  require = [\"europe\"]\n[tenants.globex]";
    let running = running::start_with_turn_and(|text| text.replace("[tenants.globex]", groups));
    let made = ask(&running, &json!({ "group": "doctors", "fence": "open" })).unwrap();
    let username = made["username"].as_str().unwrap();
    let name = RestUsername::parse(username).unwrap();
    assert_eq!((name.fence, name.group), (Some("open"), Some("doctors")));
    let password = rest_password(NEWEST_SECRET.as_bytes(), username.as_bytes());
    assert_eq!(made["password"], password);
    let rest = running.get(&format!("{REST}&group=abroad")).unwrap();
    assert!(rest["username"].as_str().unwrap().ends_with(";group=abroad"), "{rest}");
    let problem = ask(&running, &json!({ "group": "nurses" })).unwrap_err();
    assert_eq!((problem.status, problem.code.as_str()), (403, "unknown_group"));
}
