//! DTLS by OpenSSL: a client sends to a server, and what it sends is written down.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Packet;
use crate::sim::dice::Dice;

/// Suites with an explicit nonce, without one, and with an IV.
pub const SUITES: [&str; 3] =
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA"];

/// A suite that encrypts nothing.
pub const NULL_SUITE: &str = "ECDHE-ECDSA-NULL-SHA";

const PATIENCE: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(20);

/// A key and a certificate that nobody trusts.
pub struct Identity {
    directory: tempfile::TempDir,
}

impl Identity {
    /// Makes them.
    ///
    /// # Panics
    /// If openssl is not installed.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-subj", "/CN=nobody", "-days", "1", "-keyout", "key", "-out", "cert"])
            .current_dir(directory.path())
            .stderr(Stdio::null())
            .status();
        assert!(made.expect("openssl is installed").success(), "openssl makes a certificate");
        Self { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

/// What the client of one association sends, handshake and all: at least so many datagrams of
/// what a data channel carries.
///
/// # Panics
/// If it does not come about in time.
pub fn association(
    identity: &Identity,
    suite: &str,
    datagrams: usize,
    dice: &mut Dice,
) -> Vec<Packet> {
    let middle = Middle::new();
    let server_port = free_port();
    let mut server = openssl(identity, "s_server", suite);
    server.args(["-accept", &format!("127.0.0.1:{server_port}"), "-key", "key", "-cert", "cert"]);
    let mut server = Running(server.stdin(Stdio::piped()).spawn().expect("openssl"));
    let connect = format!("127.0.0.1:{}", middle.port());
    let mut client = openssl(identity, "s_client", suite);
    client.args(["-connect", &connect]);
    let mut client = Running(client.stdin(Stdio::piped()).spawn().expect("openssl"));
    let mut input = client.0.stdin.take().expect("a pipe");
    let server_address = SocketAddr::from((Ipv4Addr::LOCALHOST, server_port));
    let sent = middle.watch(server_address, datagrams, || {
        let message = data_channel_message(dice);
        input.write_all(&message).is_ok()
    });
    drop(server.0.stdin.take());
    sent
}

fn openssl(identity: &Identity, role: &str, suite: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args([role, "-quiet", "-dtls1_2", "-cipher", &format!("{suite}:@SECLEVEL=0")]);
    command.current_dir(identity.path()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Killed when it is dropped: these never end by themselves.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// As WebRTC's data channels do: an SCTP header with ports, tag and checksum, a chunk header, and up
/// to a kilobyte (RFC 9260 section 3).
fn data_channel_message(dice: &mut Dice) -> Vec<u8> {
    let length = 20 + dice.below(1000);
    let ports_and_tag = [0x13, 0x88, 0x13, 0x88, 1, 2, 3, 4];
    let checksum: [u8; 4] = dice.bytes();
    let bytes = (0..length).map(|_| dice.bytes::<1>()[0]);
    ports_and_tag.into_iter().chain(checksum).chain([0, 3]).chain(bytes).collect()
}

/// Stands between client and server.
struct Middle {
    to_client: UdpSocket,
    to_server: UdpSocket,
}

impl Middle {
    fn new() -> Self {
        let bind = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            socket.set_nonblocking(true).expect("a socket");
            socket
        };
        Self { to_client: bind(), to_server: bind() }
    }

    fn port(&self) -> u16 {
        self.to_client.local_addr().expect("a port").port()
    }

    /// Passes on whatever comes, and has the client say one more thing whenever it is quiet.
    fn watch(
        &self,
        server: SocketAddr,
        datagrams: usize,
        mut say: impl FnMut() -> bool,
    ) -> Vec<Packet> {
        let (mut sent, mut client) = (Vec::new(), None);
        let deadline = Instant::now() + PATIENCE;
        while sent.len() < datagrams {
            assert!(Instant::now() < deadline, "{} datagrams in {PATIENCE:?}", sent.len());
            let mut quiet = true;
            while let Some((packet, from)) = receive(&self.to_client) {
                // The server may not listen yet; the client sends its first flight again.
                let _ = self.to_server.send_to(&packet, server);
                client = Some(from);
                sent.push(packet);
                quiet = false;
            }
            while let (Some((packet, _)), Some(client)) = (receive(&self.to_server), client) {
                let _ = self.to_client.send_to(&packet, client);
                quiet = false;
            }
            if quiet {
                std::thread::sleep(if sent.len() > 4 { TICK / 40 } else { TICK });
                assert!(say(), "the client has gone");
            }
        }
        sent
    }
}

fn receive(socket: &UdpSocket) -> Option<(Packet, SocketAddr)> {
    let mut buffer = [0; 2048];
    match socket.recv_from(&mut buffer) {
        Ok((bytes, from)) => Some((buffer[..bytes].to_vec(), from)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        // An ICMP error, from a server that does not listen yet.
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => None,
        Err(error) => panic!("between client and server: {error}"),
    }
}

fn free_port() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.local_addr().expect("a port").port()
}
