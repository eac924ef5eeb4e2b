//! A relay in this process, started from a file that the tests then change.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hyper::Method;
use ringfence::api::Api;
use ringfence::client::{ApiClient, ClientError, Problem};
use ringfence::config;
use ringfence::relay::Relay;
use ringfence_fence::{Epoch, Role};
use ringfence_tests::turn::{REALM, SECRET};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::party::{Party, free_address};

/// europe is 127.1, the United States 127.2, china 127.3; germany lies within europe. The relay is
/// in europe, and americans may take part until a test says otherwise.
const CONFIG: &str = r#"
[node]
site = "fra1"
workers = 2
pin = false
[listen]
media = ["MEDIA"]
relay_addresses = ["127.1.0.1"]
relay_ports = "20000-29999"
[control]
socket = "ringfence.sock"
[turn]
realm = "REALM"
[regions.europe]
cidrs = ["127.1.0.0/16"]
[regions.germany]
cidrs = ["127.1.49.0/24"]
within = "europe"
[regions.america]
cidrs = ["127.2.0.0/16"]
[regions.china]
cidrs = ["127.3.0.0/16"]
[sites.fra1]
region = "europe"
addresses = ["127.1.0.0/24"]
[sites.pek1]
region = "china"
addresses = ["127.3.0.0/24"]
[fences.wide]
clients = ["any"]
peers = ["any"]
transit = ["europe"]
[fences.west]
clients = ["europe", "america"]
peers = ["europe", "america"]
transit = ["europe"]
[tenants.acme]
home = "europe"
fences = ["west"]
secrets = ["file:acme.secret"]
[tenants.globex]
home = "europe"
fences = ["wide"]
"#;

/// A hang is a failure after this long; nothing is timed by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Lab {
    pub(crate) relay: Relay,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

/// What a change that is refused must leave as it was.
#[derive(PartialEq, Debug)]
pub(crate) struct State {
    epoch: Epoch,
    decisions: Vec<String>,
    latched: Vec<(String, Option<SocketAddr>)>,
    allocations: usize,
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self::start_with(|text| text)
    }

    /// With the configuration as `change` leaves it.
    pub(crate) fn start_with(change: impl Fn(String) -> String) -> Self {
        Self::start_from(|folder, media| {
            let secret = folder.join("acme.secret");
            fs::write(&secret, SECRET).unwrap();
            fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
            let text = change(CONFIG.replace("MEDIA", media).replace("REALM", REALM));
            fs::write(folder.join("ringfence.toml"), text).unwrap();
        })
    }

    /// From the `ringfence.toml` that `write` puts into a folder, given where it is to listen.
    pub(crate) fn start_from(write: impl Fn(&Path, &str)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), &free_address("127.1.0.1").to_string());
        let path = folder.path().join("ringfence.toml");
        let loaded = config::load(&path, []).unwrap_or_else(|failure| panic!("{failure}"));
        let api = Api::bind(&loaded.config.control).expect("the folder is ours");
        let relay = Relay::start(loaded, api).expect("the address is free");
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        Self { relay, folder, runtime: runtime.enable_all().build().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ringfence.toml")
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    /// Changes the file; the relay does not know yet.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = self.text();
        assert!(text.contains(from), "`{from}` is not in the configuration");
        self.write(&text.replace(from, to));
    }

    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        let client = ApiClient::unix(self.folder.path().join("ringfence.sock"));
        match self.runtime.block_on(client.call(method, path, body)) {
            Ok(answer) => Ok(answer),
            Err(ClientError::Problem(problem)) => Err(*problem),
            Err(other) => panic!("{other}"),
        }
    }

    pub(crate) fn reload(&self) -> Result<Value, Problem> {
        self.call(Method::POST, "/v1/reload", Some(&json!({})))
    }

    pub(crate) fn reload_accepting(&self, digest: &str) -> Result<Value, Problem> {
        self.call(Method::POST, "/v1/reload", Some(&json!({ "accept": digest })))
    }

    /// A change that nobody has to accept.
    pub(crate) fn tighten(&self, from: &str, to: &str) -> Value {
        self.edit(from, to);
        self.reload().expect("it widens nothing")
    }

    pub(crate) fn join(&self, room: &str, name: &str, ip: &str) -> Party {
        Party::join(self.relay.control(), room, name, ip)
    }

    pub(crate) fn latched(&self, room: &str, name: &str, ip: &str) -> Party {
        let mut party = self.join(room, name, ip);
        party.latch();
        party
    }

    /// Whether an address speaks for that participant.
    pub(crate) fn is_latched(&self, room: &str, name: &str) -> bool {
        let room = ringfence_core::Name::new(room).unwrap();
        let participants = self.relay.control().participants(&room);
        let mut named = participants.iter().filter(|who| who.participant.as_str() == name);
        named.any(|who| who.address.is_some())
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.relay.control().reloads().is_stale()
    }

    /// Everything that a refused change must leave as it was.
    pub(crate) fn state(&self) -> State {
        let control = self.relay.control();
        let policy = control.policy();
        let participants = |room: ringfence_core::RoomView| control.participants(&room.room);
        let latched = control.rooms().into_iter().flat_map(participants);
        let latched = latched.map(|who| (format!("{}/{}", who.room, who.participant), who.address));
        State {
            epoch: policy.epoch(),
            decisions: decisions(self),
            latched: latched.collect(),
            allocations: control.allocations().len(),
        }
    }

    pub(crate) fn media(&self) -> SocketAddr {
        self.relay.control().media_addresses()[0]
    }
}

/// What the fence says of an address in each region and of one in none, in either role.
fn decisions(lab: &Lab) -> Vec<String> {
    let ips = ["127.1.7.7", "127.1.49.7", "127.2.7.7", "127.3.7.7", "127.9.7.7", "127.1.0.1"];
    let judge = |fence: &'static str, ip: &'static str| {
        let address = SocketAddr::new(ip.parse::<IpAddr>().unwrap(), 5000);
        [Role::Client, Role::Peer].map(|role| {
            let told = lab.relay.control().why(fence, role, address);
            format!("{ip} {role:?} under {fence}: {told:?}")
        })
    };
    // A policy has the one or the other.
    let fences = ["west", "eu-only"];
    fences
        .into_iter()
        .flat_map(|fence| ips.into_iter().flat_map(move |ip| judge(fence, ip)))
        .collect()
}

/// Reads all that waits, without waiting; how many media packets.
pub(crate) fn drain(party: &mut Party) -> usize {
    party.socket.set_nonblocking(true).expect("a socket can be made so");
    let mut media = 0;
    while party.socket.peek_from(&mut [0; 1]).is_ok() {
        media += usize::from(party.receive().is_some());
    }
    party.socket.set_nonblocking(false).expect("and back");
    media
}

/// Waits for what must come true.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not so after {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// An RTP packet of one stream.
pub(crate) fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 111];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 960).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend([0xA5; 40]);
    packet
}
