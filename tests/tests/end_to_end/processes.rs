//! Programs that a test starts, and ends.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ringfence::client::ApiClient;
use ringfence_tests::program::ringfence_binary;
use serde_json::Value;
use tempfile::TempDir;

use crate::party::{config_text, free_address};

/// A hang is a failure after this long; nothing is timed by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A child that does not outlive its test.
pub(crate) struct Program {
    name: String,
    child: Child,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = format!("{:?}", command.get_program());
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("{name} does not start ({error}); scripts/check tools installs it")
        });
        Self { name, child }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a good end.
    pub(crate) fn finish(mut self) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                assert!(status.success(), "{} ended with {status}", self.name);
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{} does not end", self.name);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `ringfence serve` with the small world's configuration.
pub(crate) struct RelayProcess {
    pub(crate) program: Program,
    pub(crate) directory: TempDir,
    pub(crate) media: SocketAddr,
}

impl RelayProcess {
    pub(crate) fn start() -> Self {
        let directory = TempDir::new().expect("a temporary folder");
        let media = free_address("127.1.0.1");
        let config = directory.path().join("ringfence.toml");
        let text = config_text(media, &directory.path().join("control.sock"), 2);
        std::fs::write(&config, text).expect("the folder is ours");
        let log = std::fs::File::create(directory.path().join("log")).expect("the folder is ours");
        let copy = log.try_clone().expect("a second handle");
        let program = Program::start(
            Command::new(ringfence_binary())
                .arg("serve")
                .arg("--config")
                .arg(&config)
                .stdout(log)
                .stderr(copy),
        );
        let relay = Self { program, directory, media };
        relay.wait_until("/ready", |_| true);
        relay
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("control.sock")
    }

    /// Asks the API.
    pub(crate) fn ask(
        &self,
        method: hyper::Method,
        path: &str,
        body: Option<&Value>,
    ) -> Option<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let client = ApiClient::unix(self.socket());
        runtime.expect("a runtime").block_on(client.call(method, path, body)).ok()
    }

    /// Asks until the answer is right.
    pub(crate) fn wait_until(&self, path: &str, right: impl Fn(&Value) -> bool) {
        let started = Instant::now();
        while !self.ask(hyper::Method::GET, path, None).is_some_and(|answer| right(&answer)) {
            assert!(started.elapsed() < PATIENCE, "{path} never came right: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// A sidecar that takes media on `listen` and delivers the first SSRC's to `deliver`.
    pub(crate) fn sidecar(&self, room: &str, name: &str, ports: &Ports) -> Program {
        let mut command = Command::new(ringfence_binary());
        command.args(["join", "--tenant", "acme", "--room", room, "--participant", name]);
        command.arg("--socket").arg(self.socket()).args(["--from", "127.1.0.30"]);
        command.arg("--listen").arg(format!("127.0.0.1:{}", ports.listen));
        command.arg("--deliver").arg(format!("127.0.0.1:{}", ports.deliver));
        for (ssrc, port) in &ports.mapped {
            command.arg("--ssrc").arg(format!("{ssrc}={port}"));
        }
        Program::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// Waits until so many participants of the room are latched.
    pub(crate) fn wait_for_latches(&self, room: &str, count: u64) {
        self.wait_until(&format!("/v1/rooms/{room}"), |room| room["latched"] == count);
    }
}

/// Local ports of a sidecar.
#[derive(Default)]
pub(crate) struct Ports {
    pub(crate) listen: u16,
    pub(crate) deliver: u16,
    pub(crate) mapped: Vec<(u32, u16)>,
}

/// An even port whose successor is free too, for RTP and RTCP (RFC 3550 section 11).
pub(crate) fn free_port_pair() -> u16 {
    loop {
        let port = free_address("127.0.0.1").port() & !1;
        let pair = [port, port + 1].map(|port| std::net::UdpSocket::bind(("127.0.0.1", port)));
        if pair.iter().all(Result::is_ok) {
            return port;
        }
    }
}

/// Waits for a receiver: one that has not bound its port yet would miss the first packets.
pub(crate) fn wait_until_bound(port: u16) {
    wait(|| std::net::UdpSocket::bind(("127.0.0.1", port)).is_err());
}

pub(crate) fn wait(mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(20));
    }
}
