//! `ringfence serve` with a TURN door, and what a client needs to use it.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ringfence::client::ApiClient;
use ringfence_tests::program::ringfence_binary;
use ringfence_tests::turn::{Credentials, SECRET};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::programs::{PATIENCE, Program};
use crate::world::{self, World};

/// How a client reaches the relay.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// As `relayProtocol` of WebRTC's statistics spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// Where a relay listens, and what lies around it.
pub(crate) struct Place {
    pub(crate) relay: &'static str,
    pub(crate) europe: &'static str,
    pub(crate) china: &'static str,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
}

impl Place {
    /// The relay host of a [`World`], which is all the test's own.
    pub(crate) fn in_world() -> Self {
        let (europe, china) = (world::EUROPE, world::CHINA);
        Self { relay: world::RELAY, europe, china, port: 3478, tls_port: 5349 }
    }

    /// An address of loopback that no other test relays from, with ports that nobody uses.
    pub(crate) fn on_loopback() -> Self {
        let relay = "127.1.0.77";
        let (port, tls_port) = (free_port(relay), free_port(relay));
        Self { relay, europe: "127.1.0.0/16", china: "127.3.0.0/16", port, tls_port }
    }

    fn config(&self) -> String {
        let Self { relay, europe, china, port, tls_port } = self;
        format!(
            r#"
[node]
site = "fra1"
workers = 2
pin = false
[listen]
media = ["{relay}:{port}"]
turn_tcp = ["{relay}:{port}"]
turn_tls = ["{relay}:{tls_port}"]
relay_addresses = ["{relay}"]
relay_ports = "49152-65535"
[control]
socket = "control.sock"
[turn]
realm = "example.org"
certificate = "certificate.pem"
private_key = "key.pem"
[regions.europe]
cidrs = ["{europe}"]
[regions.china]
cidrs = ["{china}"]
[sites.fra1]
region = "europe"
addresses = ["{relay}/32"]
[fences.eu-only]
clients = ["europe"]
peers = ["europe"]
transit = ["europe"]
[fences.open-to-china]
clients = ["europe", "china"]
peers = ["europe"]
transit = ["europe"]
[tenants.acme]
home = "europe"
fences = ["eu-only", "open-to-china"]
secrets = ["file:acme.secret"]
"#
        )
    }
}

pub(crate) struct Relay {
    _process: Program,
    folder: TempDir,
    place: Place,
}

impl Relay {
    pub(crate) fn in_world(world: &World) -> Self {
        Self::start(Place::in_world(), |binary| world.at_relay(binary))
    }

    pub(crate) fn on_loopback() -> Self {
        Self::start(Place::on_loopback(), |binary| Command::new(binary))
    }

    fn start(place: Place, launch: impl FnOnce(&str) -> Command) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        write_files(folder.path(), &place);
        let log = std::fs::File::create(folder.path().join("log")).expect("the folder is ours");
        let copy = log.try_clone().expect("a second handle");
        let binary = ringfence_binary();
        let mut command = launch(binary.to_str().expect("a path in UTF-8"));
        command.arg("serve").arg("--config").arg(folder.path().join("ringfence.toml"));
        command.stdin(Stdio::null()).stdout(log).stderr(copy);
        let relay = Self { _process: Program::start(&mut command), folder, place };
        relay.wait_until_ready();
        relay
    }

    pub(crate) fn address(&self) -> (&'static str, u16) {
        (self.place.relay, self.place.port)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }

    /// What a TLS client is to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// An RTCIceServer for a party under the tenant's first fence.
    pub(crate) fn ice_server(&self, transport: Transport, party: &str) -> Value {
        let credentials = Credentials::of(party);
        let Place { relay, port, tls_port, .. } = self.place;
        let url = match transport {
            Transport::Udp => format!("turn:{relay}:{port}?transport=udp"),
            Transport::Tcp => format!("turn:{relay}:{port}?transport=tcp"),
            Transport::Tls => format!("turns:{relay}:{tls_port}?transport=tcp"),
        };
        json!({
            "urls": [url],
            "username": credentials.username,
            "credential": credentials.password,
        })
    }

    /// An RTCConfiguration that allows no way but the relay.
    pub(crate) fn relay_only(&self, transport: Transport, party: &str) -> Value {
        json!({
            "iceTransportPolicy": "relay",
            "iceServers": [self.ice_server(transport, party)],
        })
    }

    fn wait_until_ready(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let client = ApiClient::unix(self.socket());
        let is_ready = || runtime.block_on(client.call(hyper::Method::GET, "/ready", None)).is_ok();
        let started = Instant::now();
        while !is_ready() {
            assert!(started.elapsed() < PATIENCE, "the relay is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A test that fails shows what the relay said.
impl Drop for Relay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log"));
            eprintln!("the relay's log:\n{}", log.unwrap_or_default());
        }
    }
}

fn write_files(folder: &Path, place: &Place) {
    let names = vec![place.relay.to_owned()];
    let own = rcgen::generate_simple_self_signed(names).expect("an address is a fine name");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).expect("the folder is ours");
    };
    write("ringfence.toml", &place.config());
    write("acme.secret", SECRET);
    write("certificate.pem", &own.cert.pem());
    write("key.pem", &own.signing_key.serialize_pem());
}

/// A port that is free for UDP and for TCP.
fn free_port(ip: &str) -> u16 {
    loop {
        let probe = TcpListener::bind((ip, 0)).expect("loopback has free ports");
        let port = probe.local_addr().expect("a bound socket has an address").port();
        if UdpSocket::bind((ip, port)).is_ok() {
            return port;
        }
    }
}
