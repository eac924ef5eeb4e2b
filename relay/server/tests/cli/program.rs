//! Runs the program in a folder of its own.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::assert::OutputAssertExt;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration.
pub(crate) struct Home(pub(crate) TempDir);

const CONFIG: &str = include_str!("../api/running.toml");

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    /// With a good configuration, on a port that was free a moment ago.
    pub(crate) fn new() -> Self {
        let media = free_media_address();
        let without_http = CONFIG.replace("http =", "# http =");
        Self::with(&without_http.replace("127.1.0.1:3478", &media.to_string()))
    }

    /// The text of a good configuration.
    pub(crate) fn text() -> &'static str {
        CONFIG
    }

    /// With this configuration.
    pub(crate) fn with(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::write(home.path().join("ringfence.toml"), config).unwrap();
        let token = home.path().join("control.token");
        fs::write(&token, "correct horse battery staple").unwrap();
        fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The program, not yet started: nothing of this process's environment shows through.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs it and expects success.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut command = self.command(arguments);
        let success = command.arg("--json").assert().success();
        serde_json::from_slice(&success.get_output().stdout).unwrap()
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("not ended by a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The error as JSON.
    pub(crate) fn error(&self) -> Value {
        serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {}", self.err))
    }
}

/// Freed again, but nothing else on this host takes ports of 127.1.0.1.
fn free_media_address() -> SocketAddr {
    let socket = UdpSocket::bind("127.1.0.1:0").unwrap();
    socket.local_addr().unwrap()
}
