//! A relay in this process, and participants with real sockets.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use ringfence::config;
use ringfence::endpoint::{Credentials, Endpoint, OwnCredentials, Received, State};
use ringfence::relay::{Clock, Control, Relay};
use ringfence_core::{Join, Name};

/// A hang is a failure after this long; nothing is timed by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The small world of loopback: europe is 127.1.0.0/16, china 127.3.0.0/16, the relay in europe.
pub(crate) fn config_text(media: SocketAddr, socket: &Path, workers: u16) -> String {
    format!(
        r#"
[node]
site = "fra1"
workers = {workers}
pin = false
[listen]
media = ["{media}"]
[control]
socket = "{}"
[turn]
realm = "example.org"
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
"#,
        socket.display()
    )
}

/// An address of the relay's site that nobody uses.
pub(crate) fn free_address(ip: &str) -> SocketAddr {
    let probe = UdpSocket::bind((ip, 0)).expect("loopback has free ports");
    probe.local_addr().expect("a bound socket has an address")
}

/// A relay with a ceiling that no test reaches.
pub(crate) fn start_relay(workers: u16) -> Relay {
    let text = config_text(free_address("127.1.0.1"), Path::new("unused.sock"), workers)
        + "[limits]\nparticipant_kbps_max = 1000000\n";
    let loaded = config::parse("test", &text, Path::new("/"), []).expect("the text is right");
    Relay::start(loaded, ()).expect("the address is free")
}

/// One participant of a room.
pub(crate) struct Party {
    pub(crate) socket: UdpSocket,
    relay: SocketAddr,
    endpoint: Endpoint,
    clock: Clock,
}

impl Party {
    /// Joins a room and sends from `ip`; nothing is latched yet.
    pub(crate) fn join(control: &Control, room: &str, name: &str, ip: &str) -> Self {
        let own =
            OwnCredentials::generate(std::array::from_fn(|n| name.as_bytes()[n % name.len()]));
        let joined = control
            .join(&Join {
                tenant: "acme".into(),
                room: Name::new(room).unwrap(),
                participant: Name::new(name).unwrap(),
                fence: None,
                group: None,
                regions: Default::default(),
                ice: Some(own.to_ice().unwrap()),
                hears: None,
                kbps_max: None,
                ttl: Duration::from_secs(600),
            })
            .expect("the room has a place");
        let credentials = Credentials {
            relay_ufrag: joined.credentials.ufrag.as_str().into(),
            relay_password: joined.credentials.password.as_str().into(),
            own: Some(own),
        };
        Self::with_credentials(control.media_addresses()[0], &credentials, ip)
    }

    pub(crate) fn with_credentials(relay: SocketAddr, credentials: &Credentials, ip: &str) -> Self {
        let socket = UdpSocket::bind((ip, 0)).expect("loopback has free ports");
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let clock = Clock::start();
        let endpoint = Endpoint::new(clock.now(), relay, credentials, [7; 32]);
        Self { socket, relay, endpoint, clock }
    }

    /// Checks until the relay hears this participant.
    pub(crate) fn latch(&mut self) {
        let started = Instant::now();
        while self.endpoint.state() != State::Latched {
            assert!(started.elapsed() < PATIENCE, "not latched");
            self.receive();
        }
    }

    pub(crate) fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.relay).expect("loopback takes it");
    }

    /// The next media packet, if one comes soon; keeps the latch alive meanwhile.
    pub(crate) fn receive(&mut self) -> Option<Vec<u8>> {
        self.tend();
        let mut buffer = [0; 2048];
        let (length, from) = self.socket.recv_from(&mut buffer).ok()?;
        assert_eq!(from, self.relay, "only the relay sends here");
        let received = self.endpoint.handle_datagram(self.clock.now(), &buffer[..length]);
        self.tend();
        matches!(received, Received::Media(_)).then(|| buffer[..length].to_vec())
    }

    /// The next media packet, waited for.
    pub(crate) fn expect_media(&mut self) -> Vec<u8> {
        let started = Instant::now();
        loop {
            if let Some(packet) = self.receive() {
                return packet;
            }
            assert!(started.elapsed() < PATIENCE, "no media came");
        }
    }

    fn tend(&mut self) {
        self.endpoint.handle_timeout(self.clock.now());
        while let Some(message) = self.endpoint.poll_transmit() {
            self.send(&message);
        }
    }
}
