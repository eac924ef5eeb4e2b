//! A TURN server of either make, started for a test.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use ringfence_wire::stun::{Class, Method, TransactionId, Writer};
use tempfile::TempDir;

use super::process::{Process, wait_until};
use super::road::{Road, UdpRoad};
use super::{coturn, ringfence};

/// Which server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `turnserver` of the Debian package coturn.
    Coturn,
    /// The relay's binary at that path.
    Ringfence(PathBuf),
}

impl Kind {
    /// The relay, unless `RINGFENCE_TEST_SERVER=coturn` asks whether a test is right about TURN.
    pub fn under_test() -> Self {
        match std::env::var("RINGFENCE_TEST_SERVER") {
            Ok(name) if name == "coturn" => Self::Coturn,
            _ => Self::ringfence(),
        }
    }

    /// The relay's binary of this build, beside the test's own.
    ///
    /// # Panics
    /// It has not been built.
    pub fn ringfence() -> Self {
        let test = std::env::current_exe().expect("a test has a path");
        let binary = test.ancestors().nth(2).map(|profile| profile.join("ringfence"));
        let binary = binary.filter(|binary| binary.exists());
        Self::Ringfence(binary.expect("the relay is not built: cargo build -p ringfence"))
    }
}

/// What is asked of a server.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which one.
    pub kind: Kind,
    /// Words in front of its command, such as `taskset -c 0`; what they name must exec.
    pub under: Vec<String>,
    /// Addresses it listens on, UDP and TCP.
    pub listen: Vec<IpAddr>,
    /// The port of all of them.
    pub port: u16,
    /// The port for TLS, if it is to speak that.
    pub tls_port: Option<u16>,
    /// Addresses of allocations.
    pub relay: Vec<IpAddr>,
    /// Networks of clients and peers. coturn admits all that is not denied.
    pub admitted: Vec<String>,
    /// coturn's `denied-peer-ip` ranges. The relay refuses all that is not admitted.
    pub denied: Vec<String>,
    /// Whether clients use the channel numbers of RFC 5766, as coturn's own clients do.
    pub legacy_channels: bool,
    /// Threads that move packets.
    pub workers: u16,
    /// An address of a client.
    pub client: IpAddr,
}

/// A server that answers.
pub struct Server {
    /// Where it listens first.
    pub address: SocketAddr,
    /// Ends with this value.
    pub process: Process,
    folder: TempDir,
}

impl Setup {
    /// One on loopback that admits all of it.
    pub fn on_loopback(kind: Kind, ip: IpAddr, client: IpAddr) -> Self {
        Self {
            kind,
            under: Vec::new(),
            listen: vec![ip],
            port: free_port(ip),
            legacy_channels: false,
            tls_port: None,
            relay: vec![ip],
            admitted: vec!["127.1.0.0/16".to_owned()],
            denied: Vec::new(),
            workers: 1,
            client,
        }
    }

    pub(super) fn under(&self, program: impl AsRef<OsStr>) -> Command {
        let mut words = self.under.iter().map(OsStr::new).chain([program.as_ref()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

impl Server {
    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// It never does.
    pub fn start(setup: &Setup) -> Self {
        let mut server = Self::launch(setup);
        server.wait(setup.client);
        server
    }

    /// Starts it; it may not answer yet.
    ///
    /// # Panics
    /// Its program is not there.
    pub fn launch(setup: &Setup) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        if setup.tls_port.is_some() {
            certificate(&folder);
        }
        let mut command = match &setup.kind {
            Kind::Coturn => coturn::command(setup, folder.path()),
            Kind::Ringfence(binary) => ringfence::command(setup, binary, folder.path()),
        };
        let log = File::create(folder.path().join("log")).expect("the folder is ours");
        let copy = log.try_clone().expect("a second handle");
        command.stdin(Stdio::piped()).stdout(log).stderr(copy);
        let address = SocketAddr::new(setup.listen[0], setup.port);
        Self { address, process: Process::start(&mut command), folder }
    }

    /// Waits until a Binding request from there is answered.
    ///
    /// # Panics
    /// It never is.
    pub fn wait(&mut self, client: IpAddr) {
        let mut buffer = [0; 64];
        let id = TransactionId([9; 12]);
        let request = Writer::new(&mut buffer, Class::Request, Method::BINDING, id);
        let request = request.expect("it fits").finish();
        wait_until("the server answers", || {
            assert!(self.process.is_running(), "the server has ended: {}", self.log());
            let mut road =
                UdpRoad::open(client, self.address).expect("the client's address is ours");
            road.send(request).and_then(|()| road.receive()).is_ok()
        });
    }

    /// All that it wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The relay's control socket.
    pub fn control(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }
}

/// A port that nobody listens on at that address.
///
/// # Panics
/// The address is not ours.
pub fn free_port(ip: IpAddr) -> u16 {
    let probe = UdpSocket::bind((ip, 0)).expect("the address is ours");
    probe.local_addr().expect("a bound socket has an address").port()
}

fn certificate(folder: &TempDir) {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                 -subj /CN=localhost -keyout key.pem -out certificate.pem";
    let mut openssl = Command::new("openssl");
    openssl.args(words.split_whitespace()).current_dir(folder.path()).stderr(Stdio::null());
    let status = openssl.status().expect("openssl is installed");
    assert!(status.success(), "openssl made no certificate");
}
