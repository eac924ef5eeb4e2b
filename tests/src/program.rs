//! The program that tests start.

use std::path::PathBuf;

/// Names a program to start in place of the one that was built, such as one that starts that within
/// the service's sandbox (`scripts/check confined`).
const INSTEAD: &str = "RINGFENCE_PROGRAM";

/// The relay's program, of the profile that the calling test was built with.
///
/// # Panics
/// It was not built.
pub fn ringfence_binary() -> PathBuf {
    if let Some(instead) = std::env::var_os(INSTEAD) {
        return instead.into();
    }
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in PROFILE/deps");
    let binary = profile.join("ringfence");
    assert!(binary.exists(), "{} is missing: cargo build -p ringfence", binary.display());
    binary
}
