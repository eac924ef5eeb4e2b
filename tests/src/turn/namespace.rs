//! A network namespace of a test's own, with no way out: the test starts itself again inside.

use std::process::Command;

const INSIDE: &str = "RINGFENCE_TEST_INSIDE";

/// Runs `body` in a new network namespace whose only interface is `lo`, and that is up.
///
/// `name` is the path of the calling test in its target. Needs root.
///
/// # Panics
/// `body` does, or unshare(1) is refused.
pub fn inside(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        run("ip link set lo up");
        return body();
    }
    let test = std::env::current_exe().expect("a test has a path");
    let mut again = Command::new("unshare");
    again.arg("--net").arg(test).args(["--exact", name, "--nocapture", "--test-threads=1"]);
    let status = again.env(INSIDE, "1").status().expect("unshare(1) is there: util-linux");
    assert!(status.success(), "{name} failed inside its namespace");
}

/// Runs a command of that many words.
///
/// # Panics
/// It fails.
pub fn run(words: &str) {
    let mut split = words.split(' ');
    let program = split.next().unwrap_or_default();
    let status = Command::new(program).args(split).status();
    assert!(status.is_ok_and(|status| status.success()), "{words} failed");
}
