//! A relay in this process, sidecars as processes, and applications on addresses of this test's own.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ringfence::api::Api;
use ringfence::config;
use ringfence::relay::{Control, Relay};
use ringfence_core::{Join, Name};
use serde_json::Value;
use tempfile::TempDir;

/// Generous: what is waited for comes in milliseconds, or in the seconds that a loss takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

const CONFIG: &str = r#"
[node]
site = "fra1"
workers = 2
pin = false
[listen]
media = ["127.1.0.1:3478"]
[control]
socket = "ringfence.sock"
[regions.europe]
cidrs = ["127.1.0.0/16"]
[regions.china]
cidrs = ["127.3.0.0/16"]
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
"#;

/// A folder with a control socket, and the relay behind it while there is one.
pub(crate) struct Lab {
    folder: TempDir,
    relay: Option<Relay>,
    media: SocketAddr,
}

/// A sidecar and what it says.
pub(crate) struct Sidecar {
    child: Child,
    events: Receiver<Value>,
}

/// An application beside a sidecar.
pub(crate) struct Application {
    pub(crate) listen: SocketAddr,
    pub(crate) deliver: SocketAddr,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let media = "127.1.0.1:0".parse().unwrap();
        let mut lab = Self { folder, relay: None, media };
        lab.start_relay();
        lab
    }

    /// On the port that it had before, if it had one.
    pub(crate) fn start_relay(&mut self) {
        let mut loaded = config::parse("lab.toml", CONFIG, self.folder.path(), []).expect("sound");
        loaded.config.listen.media = vec![self.media];
        let api = Api::bind(&loaded.config.control).expect("a socket");
        let relay = Relay::start(loaded, api).expect("a relay");
        self.media = relay.control().media_addresses()[0];
        self.relay = Some(relay);
    }

    pub(crate) fn stop_relay(&mut self) {
        self.relay.take().expect("a relay").stop().expect("it ends well");
    }

    pub(crate) fn control(&self) -> &Control {
        self.relay.as_ref().expect("a relay").control()
    }

    /// Names of who is in the room.
    pub(crate) fn participants(&self) -> Vec<String> {
        let room = Name::new("r").unwrap();
        let all = self.control().participants(&room);
        all.iter().map(|who| who.participant.to_string()).collect()
    }

    /// A sidecar of this name that calls from `from`.
    pub(crate) fn join(
        &self,
        name: &str,
        from: &str,
        application: &Application,
        more: &[&str],
    ) -> Sidecar {
        let socket = self.folder.path().join("ringfence.sock");
        let mut command = Sidecar::command(from, application);
        command.args(["--tenant", "acme", "--room", "r", "--participant", name]);
        command.arg("--socket").arg(socket);
        Sidecar::start(command.args(more))
    }

    /// The same with credentials that this process fetches.
    pub(crate) fn join_ready(&self, name: &str, from: &str, application: &Application) -> Sidecar {
        let joined = self.control().join(&Join {
            tenant: "acme".into(),
            room: Name::new("r").unwrap(),
            participant: Name::new(name).unwrap(),
            fence: None,
            group: None,
            regions: Default::default(),
            ice: None,
            hears: None,
            kbps_max: None,
            ttl: PATIENCE,
        });
        let credentials = joined.expect("let in").credentials;
        let mut command = Sidecar::command(from, application);
        command.args(["--address", &self.media.to_string()]);
        command.args(["--ufrag", credentials.ufrag.as_str()]);
        command.args(["--pwd", credentials.password.as_str()]);
        Sidecar::start(&mut command)
    }
}

impl Sidecar {
    fn command(from: &str, application: &Application) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
        command.args(["join", "--json", "--from", from]);
        command.args(["--listen", &application.listen.to_string()]);
        command.args(["--deliver", &application.deliver.to_string()]);
        command
    }

    fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("a sidecar");
        let out = BufReader::new(child.stdout.take().expect("is piped"));
        let (said, events) = channel();
        std::thread::spawn(move || {
            let lines = out.lines().map_while(Result::ok);
            let events = lines.map(|line| serde_json::from_str(&line).expect("a line of JSON"));
            events.map_while(|event| said.send(event).ok()).for_each(drop);
        });
        Self { child, events }
    }

    /// The next event of this name.
    pub(crate) fn wait_for(&self, name: &str) -> Value {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            let event = event.unwrap_or_else(|_| panic!("`{name}` never came"));
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Whether an event of this name came so far.
    pub(crate) fn said(&self, name: &str) -> bool {
        self.events.try_iter().any(|event| event["event"] == name)
    }

    /// SIGTERM; the exit code, and the last event.
    pub(crate) fn terminate(mut self) -> (Option<i32>, Value) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.expect("kill runs").success());
        let left = self.wait_for("left");
        (self.child.wait().expect("it ends").code(), left)
    }

    /// Its exit code, once it has ended on its own.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Application {
    /// On an address of 127.0.0.0/8 that no other test process has: it is made of the process id.
    pub(crate) fn new() -> Self {
        static APPLICATIONS: AtomicU8 = AtomicU8::new(0);
        let number = APPLICATIONS.fetch_add(1, Ordering::Relaxed);
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let ip = IpAddr::V4(Ipv4Addr::new(127, 64 + high % 64, middle, low.max(1)));
        let port = 5000 + 200 * u16::from(number);
        Self { listen: SocketAddr::new(ip, port), deliver: SocketAddr::new(ip, port + 100) }
    }

    /// A socket that hears what is delivered `above` the first port.
    pub(crate) fn ear(&self, above: u16) -> UdpSocket {
        let address = SocketAddr::new(self.deliver.ip(), self.deliver.port() + above);
        let ear = UdpSocket::bind(address).expect("a free port");
        ear.set_read_timeout(Some(PATIENCE)).unwrap();
        ear
    }

    /// Sends to the sidecar's port for RTP, or `above` it.
    pub(crate) fn say(&self, mouth: &UdpSocket, above: u16, packet: &[u8]) {
        let to = SocketAddr::new(self.listen.ip(), self.listen.port() + above);
        mouth.send_to(packet, to).expect("it leaves");
    }
}

pub(crate) fn mouth() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").expect("a socket")
}

/// One datagram.
pub(crate) fn hear(ear: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 65_535];
    let (bytes, _) = ear.recv_from(&mut buffer).expect("a datagram");
    buffer[..bytes].to_vec()
}

/// An RTP packet whose payload no two packets share.
pub(crate) fn rtp(ssrc: u32, sequence: u16, payload_bytes: usize) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 960).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    let [seed, ..] = (ssrc ^ u32::from(sequence)).to_le_bytes();
    let noise = (0..=u8::MAX).cycle().map(|byte| byte ^ seed).take(payload_bytes);
    packet.extend(noise);
    packet
}

/// A sender report with a body that is nobody's business, and an SRTCP trailer.
pub(crate) fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(0..40);
    packet
}
