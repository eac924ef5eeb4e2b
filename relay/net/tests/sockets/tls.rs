//! Streams in TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

use crate::door::{Door, channel_data, connect, read, stun, tcp};
use crate::lab::{BYTES, ROUNDS, until};
use ringfence_net::backend::Backend;
use ringfence_net::sockets::{Sockets, SocketsConfig, StreamListener};
use ringfence_wire::datagram::{LocalSocket, Outbox, Transmit};

type TlsClient = StreamOwned<ClientConnection, TcpStream>;

/// A certificate, and who trusts it.
struct Identity {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let server = ServerConfig::builder().with_no_client_auth();
        let client = ClientConfig::builder().with_root_certificates(roots);
        Self {
            server: Arc::new(server.with_single_cert(vec![certificate], key).unwrap()),
            client: Arc::new(client.with_no_client_auth()),
        }
    }

    /// Counts in `asked` the handshakes that get as far as the certificate.
    fn counting(self, asked: &Arc<AtomicUsize>) -> Self {
        let mut server = ServerConfig::clone(&self.server);
        let resolver = Arc::clone(&server.cert_resolver);
        server.cert_resolver = Arc::new(Counting(resolver, Arc::clone(asked)));
        Self { server: Arc::new(server), ..self }
    }

    fn open(&self, config: SocketsConfig) -> Sockets {
        let address = "127.0.0.1:0".parse().unwrap();
        let streams = vec![StreamListener { address, tls: Some(Arc::clone(&self.server)) }];
        Sockets::open(&SocketsConfig { streams, ..config }).unwrap()
    }

    fn connect(&self, backend: &Sockets) -> TlsClient {
        let name = ServerName::try_from("relay.example").unwrap();
        let session = ClientConnection::new(Arc::clone(&self.client), name).unwrap();
        StreamOwned::new(session, connect(backend))
    }
}

#[derive(Debug)]
struct Counting(Arc<dyn ResolvesServerCert>, Arc<AtomicUsize>);

impl ResolvesServerCert for Counting {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.resolve(hello)
    }
}

/// How a record with an alert begins (RFC 8446 section 5.1).
const ALERT: u8 = 21;

/// Runs a client in its own thread until it is done, while the backend turns.
fn beside<R: Send + 'static>(
    backend: &mut Sockets,
    door: &mut Door,
    client: impl FnOnce() -> R + Send + 'static,
) -> R {
    let running: JoinHandle<R> = std::thread::spawn(client);
    until(backend, door, |_, _| running.is_finished());
    running.join().unwrap()
}

#[test]
fn messages_of_all_lengths_are_echoed_bit_exact() {
    let identity = Identity::new();
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut client = identity.connect(&backend);
    let messages: Vec<_> = (0..60)
        .flat_map(|at: u16| [stun(at * 4), channel_data(&BYTES[..usize::from(at) * 1100])])
        .collect();
    let sent = messages.clone();
    beside(&mut backend, &mut door, move || {
        for message in sent {
            client.write_all(&message).unwrap();
            assert!(read(&mut client, message.len()) == message);
        }
    });
    assert_eq!(door.messages.len(), messages.len());
    let streams = backend.counters().streams;
    let bytes = messages.concat().len() as u64;
    assert_eq!((streams.bytes_in, streams.bytes_out), (bytes, bytes));
}

#[test]
fn a_close_of_the_step_is_a_close_of_tls() {
    let identity = Identity::new();
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut client = identity.connect(&backend);
    let mut client = beside(&mut backend, &mut door, move || {
        client.write_all(&stun(0)).unwrap();
        read(&mut client, 20);
        client
    });
    let (stream, to) = (LocalSocket::Stream(0), client.sock.local_addr().unwrap());
    let payload = &BYTES[..50_000];
    backend.emit(|outbox| {
        outbox.forward(Transmit { payload, to, from: stream });
        outbox.close(stream);
    });
    let all = beside(&mut backend, &mut door, move || {
        let mut all = Vec::new();
        // Without close_notify this is UnexpectedEof.
        client.read_to_end(&mut all).unwrap();
        all
    });
    assert!(all == payload);
    until(&mut backend, &mut door, |_, door| !door.closed.is_empty());
    assert_eq!((door.closed, backend.counters().streams.ended_other), (vec![stream], 1));
}

#[test]
fn a_remote_that_says_goodbye_in_tls_is_gone() {
    let identity = Identity::new();
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut client = identity.connect(&backend);
    let _open = beside(&mut backend, &mut door, move || {
        client.write_all(&stun(0)).unwrap();
        read(&mut client, 20);
        client.conn.send_close_notify();
        client.flush().unwrap();
        client
    });
    until(&mut backend, &mut door, |_, door| door.closed.len() == 1);
    assert_eq!(backend.counters().streams.ended_other, 1);
}

#[test]
fn what_is_not_tls_ends_the_stream_once() {
    let identity = Identity::new();
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut client = connect(&backend);
    client.write_all(&stun(0)).unwrap();
    until(&mut backend, &mut door, |_, door| !door.closed.is_empty());
    assert_eq!(door.closed, [LocalSocket::Stream(0)]);
    assert_eq!((backend.counters().streams.ended_tls, door.messages.len()), (1, 0));
    assert_eq!(read(&mut client, 1), [ALERT]);
}

#[test]
fn a_client_that_does_not_trust_us_ends_the_stream() {
    let (identity, stranger) = (Identity::new(), Identity::new());
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut client = stranger.connect(&backend);
    let refused = beside(&mut backend, &mut door, move || client.write_all(&stun(0)));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidData);
    until(&mut backend, &mut door, |_, door| door.closed.len() == 1);
    assert_eq!(backend.counters().streams.ended_tls, 1);
}

#[test]
fn rubbish_inside_tls_ends_the_stream() {
    let identity = Identity::new();
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut client = identity.connect(&backend);
    let _client = beside(&mut backend, &mut door, move || {
        client.write_all(b"\xff\xfe\xfd\xfc\xfb\xfa").unwrap();
        client
    });
    until(&mut backend, &mut door, |_, door| door.closed.len() == 1);
    assert_eq!(backend.counters().streams.ended_unframed, 1);
}

#[test]
fn a_handshake_that_stalls_runs_out_of_time() {
    let identity = Identity::new();
    let within = Duration::from_millis(200);
    let config = SocketsConfig { authenticate_within: within, ..tcp("127.0.0.1:0") };
    let (mut backend, mut door) = (identity.open(config), Door::default());
    let mut clients = [connect(&backend), connect(&backend)];
    // A record header of a handshake, and nothing after it.
    clients[1].write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    // It wakes by itself, not because the wait is over.
    let (began, wait) = (Instant::now(), Duration::from_secs(20));
    while door.closed.len() < 2 {
        backend.wait(Some(wait)).unwrap();
        let _pending = backend.turn(&mut door, ROUNDS).unwrap();
        assert!(began.elapsed() < wait);
    }
    let streams = backend.counters().streams;
    assert_eq!((streams.ended_unauthenticated, door.closed.len()), (2, 2));
}

#[test]
fn a_remote_that_does_not_read_loses_whole_messages() {
    let identity = Identity::new();
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut client = identity.connect(&backend);
    let mut client = beside(&mut backend, &mut door, move || {
        client.write_all(&stun(0)).unwrap();
        read(&mut client, 20);
        client
    });
    let to = client.sock.local_addr().unwrap();
    let payload: &'static [u8] = channel_data(&BYTES[..1600]).leak();
    for _ in 0..3000 {
        let from = LocalSocket::Stream(0);
        backend.emit(|outbox| outbox.forward(Transmit { payload, to, from }));
    }
    let lost: u64 = backend.counters().sent.refused.iter().sum();
    assert!((1..3000).contains(&lost), "{lost} of 3000 lost");
    beside(&mut backend, &mut door, move || {
        for _ in 0..3000 - lost {
            assert!(read(&mut client, payload.len()) == payload);
        }
    });
}

#[test]
fn many_handshakes_at_once_are_spread_over_the_rounds() {
    let asked = Arc::new(AtomicUsize::new(0));
    let identity = Identity::new().counting(&asked);
    let (mut backend, mut door) = (identity.open(tcp("127.0.0.1:0")), Door::default());
    let mut clients: Vec<_> = (0..12).map(|_| identity.connect(&backend)).collect();
    for TlsClient { conn, sock } in &mut clients {
        assert!(conn.write_tls(sock).unwrap() > 0);
    }
    let mut before = 0;
    while before < 12 {
        backend.wait(None).unwrap();
        let _pending = backend.turn(&mut door, 1.try_into().unwrap()).unwrap();
        let now = asked.load(Ordering::Relaxed);
        assert!(now - before <= 4, "{} handshakes in one round", now - before);
        before = now;
    }
}
