//! The configurations before and after, and the program run on them. Loopback is the world: europe is
//! 127.1.0.0/16, the united states 127.2.0.0/16, china 127.3.0.0/16.

use std::fs::{self, File, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ringfence::config;
use ringfence_fence::Policy;
use ringfence_tests::turn::{Kind, Process, SECRET, wait_until};
use serde_json::Value;
use tempfile::TempDir;

/// A relay in Frankfurt, as it ran before.
const BEFORE: &str = r#"
[node]
site = "fra1"
workers = 1
pin = false
[listen]
media = ["127.1.0.1:3478"]
relay_addresses = ["127.1.0.1"]
relay_ports = "10000-10999"
[control]
socket = "ringfence.sock"
[turn]
realm = "example.org"

[regions.europe]
cidrs = ["127.1.0.0/16"]
near = ["united-states"]
[regions.united-states]
cidrs = ["127.2.0.0/16"]
[regions.china]
cidrs = ["127.3.0.0/16"]

[sites.fra1]
region = "europe"
addresses = ["127.1.0.0/24"]
[sites.ams1]
region = "europe"
addresses = ["127.1.1.0/24"]
[sites.iad1]
region = "united-states"
addresses = ["127.2.0.0/24"]

[fences.eu-only]
clients = ["europe"]
peers = ["europe"]
transit = ["europe"]
[fences.not-china]
clients = ["any"]
peers = ["europe", "united-states"]
transit = ["europe", "united-states"]

[tenants.acme]
home = "europe"
fences = ["eu-only", "not-china"]
secrets = ["file:acme.secret"]
[tenants.globex]
home = "europe"
fences = ["eu-only"]

[selection]
primaries = 2
spares = 2
"#;

/// A tenant for whom sites in china are.
const LOCAL: &str = r#"
[fences.china-only]
clients = ["china"]
peers = ["china"]
transit = ["china"]
[tenants.local]
home = "china"
fences = ["china-only"]
"#;

/// What was promised.
const INVARIANT: &str = r#"
[[invariants]]
name = "Nobody outside China is carried through China"
clients = ["europe", "united-states"]
never_transit = ["china"]
"#;

/// Form A: near to europe, and spares. The fences are as they were.
const ADDED: &str = r#"
[sites.pek1]
region = "china"
addresses = ["127.3.0.0/24"]
[sites.pek2]
region = "china"
addresses = ["127.3.1.0/24"]
"#;

/// As it ran before, with its promise.
pub(crate) fn before() -> String {
    format!("{BEFORE}{INVARIANT}")
}

/// Two sites added in a hurry.
pub(crate) fn form_a() -> String {
    let near =
        changed(&before(), r#"near = ["united-states"]"#, r#"near = ["china", "united-states"]"#);
    let spares = changed(&near, "spares = 2", "spares = 2\nspare_sites = [\"pek1\", \"pek2\"]");
    changed(&spares, "[fences.eu-only]", &format!("{ADDED}[fences.eu-only]"))
}

/// And then the fence widened.
pub(crate) fn form_b() -> String {
    changed(&form_a(), r#"transit = ["europe"]"#, r#"transit = ["europe", "china"]"#)
}

/// With a tenant for whom sites in china are.
pub(crate) fn with_local(text: &str) -> String {
    changed(text, "[selection]", &format!("{LOCAL}[selection]"))
}

/// Without the promise: then only the guard is left.
pub(crate) fn unpromised(text: &str) -> String {
    changed(text, INVARIANT, "")
}

/// At another site, with its addresses.
pub(crate) fn at_site(text: &str, site: &str, address: &str) -> String {
    let named = changed(text, r#"site = "fra1""#, &format!("site = \"{site}\""));
    let listening = changed(&named, "127.1.0.1:3478", &format!("{address}:3478"));
    changed(&listening, r#"["127.1.0.1"]"#, &format!("[\"{address}\"]"))
}

/// On a port that was free a moment ago.
pub(crate) fn on(text: &str, media: SocketAddr) -> String {
    changed(text, &format!("{}:3478", media.ip()), &media.to_string())
}

pub(crate) fn policy(text: &str) -> Policy {
    let loaded = config::parse("ringfence.toml", text, Path::new("/nonexistent"), []);
    Policy::clone(&loaded.unwrap_or_else(|failure| panic!("{failure}")).policy)
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no `{from}`");
    text.replacen(from, to, 1)
}

/// A folder with configurations, and the program in it.
pub(crate) struct Desk {
    folder: TempDir,
    binary: PathBuf,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let Kind::Ringfence(binary) = Kind::ringfence() else { panic!("no relay") };
        let desk = Self { folder: tempfile::tempdir().unwrap(), binary };
        desk.write("acme.secret", SECRET);
        let secret = desk.path().join("acme.secret");
        fs::set_permissions(secret, Permissions::from_mode(0o600)).unwrap();
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// The program, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.path()).env_clear();
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let path = |stream: &str| self.path().join(format!("{stream}-of-run"));
        let file = |stream: &str| File::create(path(stream)).unwrap();
        let mut command = self.command(arguments);
        let mut process = Process::start(command.stdout(file("out")).stderr(file("err")));
        wait_until("the program ends", || !process.is_running());
        let status = process.status().expect("ended");
        let said = |stream: &str| fs::read_to_string(path(stream)).unwrap();
        let code = status.code().expect("not ended by a signal");
        Run { code, out: said("out"), err: said("err") }
    }
}

impl Run {
    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.err))
    }

    /// The error, as JSON.
    pub(crate) fn error(&self) -> Value {
        serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {}", self.err))
    }
}
