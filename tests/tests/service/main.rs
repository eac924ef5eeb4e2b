//! The relay as a service: what systemd is told of it, what it tells systemd, how it is installed.

mod install;
mod manager;
mod unit;
mod watchdog;

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package in a workspace");
    root.join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
