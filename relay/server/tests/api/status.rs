//! What the relay is doing, as sums, and the page that shows them.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use ringfence::status::Status;

use crate::raw;
use crate::running::{self, Running};

/// Longer than an answer is given again, whatever the machine is busy with.
const PATIENCE: Duration = Duration::from_secs(30);

fn status(running: &Running) -> Status {
    serde_json::from_value(running.get("/v1/status").unwrap()).unwrap()
}

fn wait_for(running: &Running, good: impl Fn(&Status) -> bool) -> Status {
    let started = Instant::now();
    loop {
        let status = status(running);
        if good(&status) {
            return status;
        }
        assert!(started.elapsed() < PATIENCE, "it stays at {status:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn received(status: &Status) -> u64 {
    status.shards.iter().map(|shard| shard.received).sum()
}

#[test]
fn sums_move_with_what_happens() {
    let running = running::start();
    let before = status(&running);
    assert_eq!((before.site.as_str(), before.region.as_str()), ("fra1", "europe"));
    assert_eq!((before.shards.len(), before.rooms, before.policy_epoch), (2, 0, 1));
    assert!(before.problems.is_empty() && before.drops.is_empty() && !before.full);

    running.join_as("a", "x").unwrap();
    let media = running.relay.control().media_addresses()[0];
    let socket = UdpSocket::bind("127.1.0.9:0").unwrap();
    (0..5).for_each(|_| assert_eq!(socket.send_to(&[0x05; 10], media).unwrap(), 10));
    let after = wait_for(&running, |now| received(now) == 5);
    assert_eq!((after.rooms, after.participants, after.latched), (1, 1, 0));
    let [drops] = after.drops.as_slice() else { panic!("{after:?}") };
    let said = (drops.fault.as_str(), drops.reason.as_str(), drops.count);
    assert_eq!(said, ("sender", "unknown_protocol", 5));
    assert_eq!(after.shards.iter().map(|shard| shard.dropped).sum::<u64>(), 5);
    assert!(after.uptime_s > before.uptime_s);
}

#[test]
fn a_relay_that_is_not_where_it_says_tells_why_it_should_get_no_calls() {
    let elsewhere = running::CONFIG.replace("127.1.0.1:3478", "127.2.0.1:3478");
    let running = running::start_with(&elsewhere);
    let ready = running.get("/ready").unwrap_err();
    assert_eq!(status(&running).problems.join("; "), *ready.detail);
}

#[test]
fn nobody_is_named() {
    let running = running::start();
    running.join_as("stranger", "things").unwrap();
    wait_for(&running, |now| now.rooms == 1);
    let answer = raw::over_unix(&running.socket(), &raw::request("GET", "/v1/status", "", ""));
    for name in ["stranger", "things", "acme", "127.1.0"] {
        assert!(!answer.body.contains(name), "{name} is in {}", answer.body);
    }
}

#[test]
fn the_page_comes_with_a_policy_that_lets_nothing_else_in() {
    let running = running::start();
    let answer = raw::over_tcp(running.http, &raw::request("GET", "/status", "", ""));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let posted = raw::over_tcp(running.http, &raw::request("POST", "/status", "", ""));
    assert_eq!(posted.problem(), (405, "method_not_allowed".to_owned()));
}
