//! `credentials`, from the configuration alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use ringfence_core::rest_password;
use serde_json::Value;

use crate::program::{Home, Run};

const SECRET: &str = "the-secret-of-acme-0001";
const ASK: [&str; 5] = ["credentials", "--meeting", "standup", "--party", "alice"];

fn home() -> Home {
    let text = Home::text()
        .replace("[control]", "relay_addresses = [\"127.1.0.1\"]\n[control]")
        .replace("[tenants.globex]", "secrets = [\"file:acme.secret\"]\n[tenants.globex]");
    let home = Home::with(&text);
    let secret = home.path().join("acme.secret");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    home
}

fn run(home: &Home, more: &[&str]) -> Run {
    home.run(&[&ASK[..], more].concat())
}

#[test]
fn people_get_what_they_can_paste() {
    let home = home();
    let run = run(&home, &["--tenant", "acme", "--fence", "open", "--ttl", "600"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let (code, lines) = run.out.split_once("\n\n").unwrap();
    let json = code.strip_prefix("new RTCPeerConnection(").and_then(|rest| rest.strip_suffix(')'));
    let servers: Value = serde_json::from_str(json.unwrap()).unwrap();
    let server = &servers["iceServers"][0];
    let username = server["username"].as_str().unwrap();
    assert!(username.ends_with(":acme/standup/alice;fence=open"), "{username}");
    let password = rest_password(SECRET.as_bytes(), username.as_bytes());
    assert_eq!(server["credential"], password);
    assert_eq!(server["urls"][0], "turn:127.1.0.1:3478?transport=udp");
    assert_eq!(lines, format!("username  {username}\npassword  {password}\ngood for  600 s\n"));
}

#[test]
fn programs_get_what_the_api_answers() {
    let value = home().json(&[&ASK[..], &["--tenant", "acme"]].concat());
    let keys: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["iceServers", "password", "ttl", "uris", "username"]);
    assert_eq!(value["ttl"], 3_600);
}

#[test]
fn what_may_not_be_had_is_refused_with_its_code() {
    let home = home();
    for (more, exit, code) in [
        (&["--tenant", "nobody"][..], 1, "unknown_tenant"),
        (&["--tenant", "acme", "--fence", "us-only"], 1, "fence_not_of_tenant"),
        (&["--tenant", "acme", "--ttl", "0"], 1, "ttl_out_of_range"),
        (&["--tenant", "acme", "--ttl", "86401"], 1, "ttl_out_of_range"),
        (&["--tenant", "globex"], 1, "no_secret"),
        (&[], 1, "tenant_not_named"),
        (&["--tenant", "acme", "--ttl", "soon"], 2, "usage"),
        (&["--tenant", "acme", "--config", "gone.toml"], 78, "config"),
    ] {
        let run = run(&home, &[more, &["--json"]].concat());
        assert_eq!((run.code, run.error()["code"].as_str()), (exit, Some(code)), "{more:?}");
    }
    let run = home.run(&["credentials", "--meeting", "a/b", "--party", "alice"]);
    assert_eq!(run.code, 2, "{}", run.err);
}

#[test]
fn a_group_is_named_in_the_user_name() {
    let home = home();
    let path = home.path().join("ringfence.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}[tenants.acme.groups.doctors]\n")).unwrap();
    let value = home.json(&[&ASK[..], &["--tenant", "acme", "--group", "doctors"]].concat());
    assert!(value["username"].as_str().unwrap().ends_with(":acme/standup/alice;group=doctors"));
    let run = run(&home, &["--tenant", "acme", "--group", "nurses", "--json"]);
    assert_eq!((run.code, &run.error()["code"]), (1, &"unknown_group".into()));
}
