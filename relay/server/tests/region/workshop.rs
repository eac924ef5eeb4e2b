//! A folder in which the program is run, and region data made by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ringfence::region::digest::Sha256Sum;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Workshop(TempDir);

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
        let output = command.args(arguments).current_dir(self.path()).env_clear().output().unwrap();
        Run {
            code: output.status.code().expect("not ended by a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn region(&self, arguments: &[&str]) -> Run {
        self.run(&[&["region"], arguments].concat())
    }

    /// What `region build` makes of these lists: the lines behind the header.
    pub(crate) fn built(&self, arguments: &[&str]) -> Vec<String> {
        let run = self.region(&[&["build", "--output", "made.cidr"], arguments].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        let made = self.read("made.cidr");
        made.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }
}

impl Run {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.err))
    }
}

/// A file with these lines behind a header that fits them. The first prefix is on line 5.
pub(crate) fn region_data(date: &str, lines: &[&str]) -> String {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let (prefixes, sum) = (lines.len(), Sha256Sum::of(body.as_bytes()));
    format!(
        "# ringfence region data 1\n# date: {date}\n# prefixes: {prefixes}\n# sha256: {sum}\n{body}"
    )
}
