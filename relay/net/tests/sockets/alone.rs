//! Tests that need a process, or a network, of their own: they run themselves again in one.

use std::process::Command;

const ALONE: &str = "RINGFENCE_TEST_ALONE";

/// Whether this is the second run of the test; otherwise runs it again after the shell command
/// `first`, and fails as it fails.
pub(crate) fn alone(test: &str, first: &str) -> bool {
    run(test, Command::new("sh").args(["-c", &format!("{first} && {AGAIN}")]))
}

/// Likewise, in a network namespace whose loopback device has this MTU. Needs util-linux, iproute2,
/// and root or user namespaces.
pub(crate) fn alone_with_mtu(test: &str, mtu: u32) -> bool {
    let command = format!("ip link set lo up mtu {mtu} && {AGAIN}");
    run(test, Command::new("unshare").args(["-rn", "sh", "-c", &command]))
}

const AGAIN: &str = "exec \"$0\" --exact \"$1\" --test-threads 1";

fn run(test: &str, command: &mut Command) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let ran = command.arg(program).arg(test).env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    false
}
