//! What systemd does for a service with a watchdog (systemd.service(5), sd_notify(3)).

use std::fs;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ringfence_tests::program::ringfence_binary;
use tempfile::TempDir;

use super::read;

/// A relay that does not become ready in so long hangs; nothing is timed by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often one that is not ready is looked after.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// `RestartSec=` of the unit.
pub(crate) const RESTART_DELAY: Duration = Duration::from_millis(100);

/// A service starts with its own process number in `WATCHDOG_PID`, and as the unit says without dumps.
const START: &str = r#"ulimit -c 0; WATCHDOG_PID=$$ exec "$@""#;

/// A service manager with one service: the packaged configuration, on ports that are free.
pub(crate) struct Manager {
    watchdog: Duration,
    folder: TempDir,
    socket: UnixDatagram,
    relay: Child,
    fed: Instant,
}

impl Manager {
    /// Starts the relay and waits until it is ready.
    pub(crate) fn start(watchdog: Duration) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("ringfence.toml"), configuration(folder.path()))
            .expect("the folder is ours");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("the folder is ours");
        let relay = spawn(folder.path(), watchdog);
        let mut manager = Self { watchdog, folder, socket, relay, fed: Instant::now() };
        manager.wait_until_ready();
        manager
    }

    /// The relay's process.
    pub(crate) fn relay_id(&self) -> u32 {
        self.relay.id()
    }

    /// Waits for the watchdog to be fed; false: its time ran out.
    pub(crate) fn is_fed(&mut self) -> bool {
        let deadline = self.fed + self.watchdog;
        while let Some(state) = self.told_before(deadline) {
            if state == "WATCHDOG=1" {
                self.fed = Instant::now();
                return true;
            }
        }
        false
    }

    /// Ends the relay as a watchdog does.
    pub(crate) fn abort(&self) {
        let process = Pid::from_raw(self.relay.id().cast_signed());
        kill(process, Signal::SIGABRT).expect("it is our child, and was not waited for");
    }

    /// Starts it again after it was ended, as late as systemd would.
    pub(crate) fn restart(&mut self) {
        self.relay.wait().expect("it is our child");
        std::thread::sleep(RESTART_DELAY);
        self.relay = spawn(self.folder.path(), self.watchdog);
        self.wait_until_ready();
    }

    /// What the relay logged, of all its lives.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        // What the process before it had still said may come first.
        while self.told_before(Instant::now() + LOOK_INTERVAL).as_deref() != Some("READY=1") {
            let ended = self.relay.try_wait().expect("it is our child").is_some();
            assert!(!ended && Instant::now() < deadline, "it is not ready: {}", self.log());
        }
        self.fed = Instant::now();
    }

    /// What it says next, if that is before then.
    fn told_before(&self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        // A time of zero would mean for ever.
        self.socket.set_read_timeout(Some(left.max(Duration::from_millis(1)))).expect("a timeout");
        let mut buffer = [0; 200];
        match self.socket.recv(&mut buffer) {
            Ok(length) => Some(String::from_utf8_lossy(&buffer[..length]).trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("the notify socket: {error}"),
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.relay.kill().and_then(|()| self.relay.wait());
    }
}

/// The packaged configuration with its paths in the folder.
pub(crate) fn configuration(folder: &Path) -> String {
    let probe = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = probe.local_addr().expect("it is bound");
    let here = |name: &str| folder.join(name).display().to_string();
    read("packaging/ringfence.toml")
        .replace("127.0.0.1:3478", &address.to_string())
        // Where the system looks for a free port of its own is below.
        .replace("49152-65535", "61000-65535")
        .replace("workers = 0", "workers = 2")
        .replace("/run/ringfence/ringfence.sock", &here("ringfence.sock"))
        .replace("/var/lib/ringfence/audit.jsonl", &here("audit.jsonl"))
}

fn spawn(folder: &Path, watchdog: Duration) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    let log = log.expect("the folder is ours");
    let mut command = Command::new("sh");
    command.args(["-c", START, "sh"]).arg(ringfence_binary());
    command.arg("serve").arg("--config").arg(folder.join("ringfence.toml"));
    command.env("NOTIFY_SOCKET", folder.join("notify"));
    command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("sh is there")
}
