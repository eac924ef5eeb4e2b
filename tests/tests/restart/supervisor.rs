//! A relay under a small service manager.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

use ringfence_tests::program::ringfence_binary;
use ringfence_tests::scrape::scrape;
use ringfence_tests::stopped_thread::StoppedThread;
use ringfence_tests::supervisor::{Notice, Supervisor};
use ringfence_tests::turn::{PATIENCE, SECRET, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::media_address;

/// EX_SOFTWARE of sysexits(3).
const SOFTWARE_FAILED: i64 = 70;

/// A relay that is started again whenever it is killed.
pub(crate) struct Supervised {
    supervisor: Supervisor,
    folder: TempDir,
    pub(crate) media: SocketAddr,
    /// What the manager keeps, as it was when the relay was last ready.
    pub(crate) kept: Vec<String>,
    process: u32,
}

impl Supervised {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let media = media_address();
        write_config(folder.path(), &[media], "");
        let log = File::create(folder.path().join("log")).expect("the folder is ours");
        let config = folder.path().join("ringfence.toml");
        let arguments = ["serve".as_ref(), "--config".as_ref(), config.as_os_str()];
        let supervisor = Supervisor::start(&ringfence_binary(), &arguments, log);
        let supervisor = supervisor.expect("python3 is there");
        let mut supervised = Self { supervisor, folder, media, kept: Vec::new(), process: 0 };
        supervised.wait_until_ready();
        supervised
    }

    /// Kills the relay and waits until the next one is ready.
    pub(crate) fn kill(&mut self) {
        self.supervisor.kill().expect("the manager lives");
        self.wait_until_ready();
    }

    /// Kills the relay, does something while there is none, and has the next one started.
    pub(crate) fn kill_and(&mut self, meanwhile: impl FnOnce()) {
        self.supervisor.end().expect("the manager lives");
        assert_eq!(self.notice(), Notice::Ended(-9));
        meanwhile();
        self.supervisor.begin().expect("the manager lives");
        self.wait_until_ready();
    }

    /// Has a shard fail so that it ends, which ends the relay, and waits until the next one is ready.
    pub(crate) fn end_shard(&mut self, name: &str) {
        let process = self.process;
        wait_until("the shard waits", || {
            StoppedThread::stop(process, name).go_on_without_waiting()
        });
        assert_eq!(self.notice(), Notice::Ended(SOFTWARE_FAILED), "{}", self.log());
        self.supervisor.begin().expect("the manager lives");
        self.wait_until_ready();
    }

    /// Has the relay stop as an operator would, and waits until the next one is ready.
    pub(crate) fn restart(&mut self) {
        self.supervisor.restart().expect("the manager lives");
        self.wait_until_ready();
    }

    /// The same, with a state that the next one cannot read.
    pub(crate) fn kill_and_spoil(&mut self) {
        self.supervisor.end().expect("the manager lives");
        assert_eq!(self.notice(), Notice::Ended(-9));
        self.supervisor.spoil_state().expect("the manager lives");
        self.supervisor.begin().expect("the manager lives");
        self.wait_until_ready();
    }

    /// Forbids a prefix of europe from the next start on.
    pub(crate) fn forbid(&self, prefix: &str) {
        write_config(self.folder.path(), &[self.media], prefix);
    }

    /// Listens on these addresses from the next start on.
    pub(crate) fn listen(&self, media: &[SocketAddr]) {
        write_config(self.folder.path(), media, "");
    }

    /// Whether the audit trail has this of an address that begins so, told by this relay and not by those
    /// before it.
    pub(crate) fn has_told(&self, event: &str, address: &str) -> bool {
        let text = std::fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let lines: Vec<_> = lines.collect();
        let started = lines.iter().rposition(|line| line["event"] == "started").expect("it has");
        lines[started..].iter().any(|line| {
            let at = line["address"].as_str().unwrap_or_default();
            line["event"] == event && at.starts_with(address)
        })
    }

    /// Waits until what has happened up to now is kept.
    pub(crate) fn settle(&self) {
        // A look under way, one that asks the shards, one that has their answers.
        let enough = self.looks() + 3;
        wait_until("it is kept", || self.looks() >= enough);
    }

    fn looks(&self) -> u64 {
        let metrics = scrape(&self.folder.path().join("control.sock")).unwrap();
        let mut lines = metrics.lines();
        let looks = lines.find_map(|line| line.strip_prefix("ringfence_kept_looks_total{} "));
        looks.unwrap_or_else(|| panic!("there is no manager\n{metrics}")).parse().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Asks the relay's API.
    pub(crate) fn call(&self, method: hyper::Method, path: &str, body: Option<&Value>) -> Value {
        let client = ringfence::client::ApiClient::unix(self.folder.path().join("control.sock"));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let answer = runtime.block_on(client.call(method, path, body));
        answer.unwrap_or_else(|error| panic!("{path}: {error:?}\n{}", self.log()))
    }

    /// Lets a participant in.
    pub(crate) fn join(&self, room: &str, participant: &str) -> Value {
        let body = json!({ "tenant": "acme", "participant": participant });
        self.call(hyper::Method::POST, &format!("/v1/rooms/{room}/participants"), Some(&body))
    }

    fn wait_until_ready(&mut self) {
        loop {
            match self.notice() {
                Notice::Ready { kept, process, .. } => {
                    return (self.kept, self.process) = (kept, process);
                }
                // By SIGKILL or as it was told: any other end is the relay's failure.
                Notice::Ended(-9 | 0) => {}
                other => panic!("{other:?}\n{}", self.log()),
            }
        }
    }

    fn notice(&self) -> Notice {
        let notice = self.supervisor.notice(PATIENCE).expect("the manager lives");
        notice.unwrap_or_else(|| panic!("nothing happens\n{}", self.log()))
    }
}

fn write_config(folder: &Path, media: &[SocketAddr], forbidden: &str) {
    let media: Vec<_> = media.iter().map(|at| format!("\"{at}\"")).collect();
    let media = media.join(", ");
    let elsewhere = match forbidden {
        "" => String::new(),
        prefix => format!("\n[regions.elsewhere]\ncidrs = [\"{prefix}\"]\n"),
    };
    let text = format!(
        r#"
[node]
site = "fra1"
drain_s = 0
workers = 2
pin = false
[listen]
media = [{media}]
relay_addresses = ["127.1.0.1"]
[control]
socket = "{}"
[audit]
path = "audit.jsonl"
fsync_interval_ms = 10
[turn]
realm = "example.org"
[regions.europe]
cidrs = ["127.1.0.0/16"]
[sites.fra1]
region = "europe"
addresses = ["127.1.0.0/24"]
[fences.eu-only]
clients = ["europe"]
peers = ["europe"]
transit = ["europe"]
[tenants.acme]
home = "europe"
fences = ["eu-only"]
secrets = ["file:acme.secret"]
{elsewhere}"#,
        folder.join("control.sock").display()
    );
    std::fs::write(folder.join("acme.secret"), SECRET).expect("ours");
    std::fs::write(folder.join("ringfence.toml"), text).expect("the folder is ours");
}
