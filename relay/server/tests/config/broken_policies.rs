//! Twelve broken policies, and a relay that does not start with any of them.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};

use ringfence::config;
use ringfence_fence::Role;
use ringfence_tests::broken_policies::{
    BROKEN_POLICIES, BrokenPolicy, CONFIG_FILE, FoundBy, write_good,
};

/// Runs `serve` to its end. The port it would bind is taken: were it to get that far it would end
/// otherwise (exit 71) than by refusing the configuration.
fn serve(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command.arg("serve").current_dir(folder).env_clear().output().unwrap()
}

fn taken_port() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.1.0.1:0").unwrap();
    let media = socket.local_addr().unwrap().to_string();
    (socket, media)
}

#[test]
fn the_policy_that_is_broken_is_good_before() {
    let folder = tempfile::tempdir().unwrap();
    let (_taken, media) = taken_port();
    write_good(folder.path(), &media).unwrap();
    let output = serve(folder.path());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(71), "only the port stops it: {told}");
    assert!(told.contains(&media), "{told}");
}

#[test]
fn none_of_the_twelve_starts_and_each_is_told_by_its_place() {
    let refused: Vec<&str> = BROKEN_POLICIES.iter().map(expect_no_start).collect();
    assert_eq!(refused.len(), 12, "{refused:?}");
}

fn expect_no_start(broken: &BrokenPolicy) -> &str {
    let folder = tempfile::tempdir().unwrap();
    let (_taken, media) = taken_port();
    broken.write(folder.path(), &media).unwrap();
    let output = serve(folder.path());
    let told = String::from_utf8_lossy(&output.stderr);
    let place = broken.told_place(folder.path()).unwrap();
    assert_eq!(output.status.code(), Some(78), "{}: {told}", broken.name);
    for part in [broken.code, &place, "help:"] {
        assert!(told.contains(part), "{}: `{part}` is not in {told}", broken.name);
    }
    assert!(!folder.path().join("ringfence.sock").exists(), "{}", broken.name);
    broken.name
}

/// What only the proof refuses would open nothing either.
#[test]
fn a_fence_with_an_empty_list_admits_nobody() {
    let broken = BROKEN_POLICIES.iter().find(|broken| broken.found_by == FoundBy::Proof).unwrap();
    let folder = tempfile::tempdir().unwrap();
    broken.write(folder.path(), "127.1.0.1:3478").unwrap();
    let Ok(loaded) = config::load(&folder.path().join(CONFIG_FILE), []) else {
        return; // refused at once, which is as good
    };
    let policy = loaded.policy;
    let fence = policy.fence_id("eu-only").unwrap();
    for client in ["127.1.0.9:9", "127.1.49.9:9", "127.2.0.9:9", "8.8.8.8:9"] {
        let client: SocketAddr = client.parse().unwrap();
        assert!(policy.decide(fence, Role::Client, client, policy.own_site()).is_err(), "{client}");
    }
}
