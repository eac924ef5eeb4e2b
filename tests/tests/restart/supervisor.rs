//! A relay under a small service manager.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use ringfence_tests::program::ringfence_binary;
use ringfence_tests::turn::SECRET;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{media_address, wait_until};

/// A relay that is started again whenever it is killed.
pub(crate) struct Supervised {
    child: Child,
    output: BufReader<ChildStdout>,
    folder: TempDir,
    pub(crate) media: SocketAddr,
    /// What the manager keeps, as it was when the relay was last ready.
    pub(crate) kept: Vec<String>,
}

impl Supervised {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let media = media_address();
        write_config(folder.path(), media, "");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/supervisor.py");
        let log = std::fs::File::create(folder.path().join("log")).expect("the folder is ours");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(ringfence_binary())
            .args(["serve", "--config"])
            .arg(folder.path().join("ringfence.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("python3 is there");
        let output = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
        let mut supervised = Self { child, output, folder, media, kept: Vec::new() };
        supervised.wait_until_ready();
        supervised
    }

    /// Kills the relay and waits until the next one is ready.
    pub(crate) fn kill(&mut self) {
        self.tell("kill");
        self.wait_until_ready();
    }

    /// Kills the relay, does something while there is none, and has the next one started.
    pub(crate) fn kill_and(&mut self, meanwhile: impl FnOnce()) {
        self.tell("end-one");
        self.wait_for("ended");
        meanwhile();
        self.tell("start");
        self.wait_until_ready();
    }

    /// Has the relay stop as an operator would, and waits until the next one is ready.
    pub(crate) fn restart(&mut self) {
        self.tell("restart");
        self.wait_until_ready();
    }

    /// Forbids a prefix of europe from the next start on.
    pub(crate) fn forbid(&self, prefix: &str) {
        write_config(self.folder.path(), self.media, prefix);
    }

    /// Waits until what has happened up to now is kept.
    pub(crate) fn settle(&self) {
        // A look under way, one that asks the shards, one that has their answers.
        let enough = self.looks() + 3;
        wait_until("it is kept", || self.looks() >= enough);
    }

    fn looks(&self) -> u64 {
        let mut stream = UnixStream::connect(self.folder.path().join("control.sock")).unwrap();
        let ask = b"GET /metrics HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n";
        stream.write_all(ask).unwrap();
        let mut metrics = String::new();
        stream.read_to_string(&mut metrics).unwrap();
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

    fn tell(&mut self, word: &str) {
        let input = self.child.stdin.as_mut().expect("a pipe was asked for");
        writeln!(input, "{word}").expect("the manager lives");
    }

    fn wait_until_ready(&mut self) {
        let told = self.wait_for("ready");
        let kept = told["kept"].as_array().expect("names");
        self.kept = kept.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    }

    /// The next thing of that kind that the manager tells.
    fn wait_for(&mut self, what: &str) -> Value {
        loop {
            let mut line = String::new();
            let bytes = self.output.read_line(&mut line).expect("the manager speaks");
            assert!(bytes > 0, "the manager has ended\n{}", self.log());
            let told: Value = serde_json::from_str(&line).expect("JSON");
            if told.get(what).is_some() {
                return told;
            }
            // By SIGKILL or as it was told: any other end is the relay's failure.
            let ended = told["ended"].as_i64();
            assert!(matches!(ended, None | Some(0 | -9)), "the relay has ended\n{}", self.log());
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn write_config(folder: &Path, media: SocketAddr, forbidden: &str) {
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
media = ["{media}"]
relay_addresses = ["127.1.0.1"]
[control]
socket = "{}"
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
