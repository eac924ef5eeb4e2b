//! The scripts that change a host: that they do what they say, and undo it.

mod netns;
mod tune_host;

use std::path::PathBuf;
use std::process::{Command, Output};

/// A script of the repository.
fn script(name: &str) -> Command {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    Command::new(root.parent().expect("a package in a workspace").join("scripts").join(name))
}

/// What a command printed.
///
/// # Panics
/// It failed.
fn succeeded(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
