//! The crate `turn-client-proto`, which shares no code with the relay, against a plain UDP peer.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use ringfence_tests::turn::Credentials;
use socket2::{Domain, Socket, Type};
use turn_client_proto::api::{TurnClientApi, TurnConfig, TurnEvent, TurnRecvRet};
use turn_client_proto::client::TurnClient;
use turn_client_proto::stun::Instant as ProtoInstant;
use turn_client_proto::stun::agent::Transmit;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::{TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use crate::programs::PATIENCE;
use crate::relay::Relay;

const CLIENT: &str = "127.1.0.78";
const PEER: &str = "127.1.0.79";
const CHINESE_PEER: &str = "127.3.0.79";
const LENGTHS: [usize; 5] = [1, 3, 172, 1199, 1200];
/// Version 0.7.3 neither writes nor skips the padding that ChannelData has on a stream (RFC 8656
/// section 12.5), so there it gets none to see.
const LENGTHS_ON_A_STREAM: [usize; 3] = [4, 172, 1200];

#[test]
fn payloads_are_bit_exact_over_udp() {
    payloads_are_bit_exact(TransportType::Udp, &LENGTHS);
}

#[test]
fn payloads_are_bit_exact_over_tcp() {
    payloads_are_bit_exact(TransportType::Tcp, &LENGTHS_ON_A_STREAM);
}

#[test]
fn a_peer_in_a_forbidden_region_gets_no_permission() {
    let relay = Relay::on_loopback();
    let mut session = Session::allocate(&relay, TransportType::Udp);
    let chinese: IpAddr = CHINESE_PEER.parse().unwrap();
    session.client.create_permission(TransportType::Udp, chinese, session.now()).unwrap();
    let refused = session.event();
    assert!(
        matches!(refused, TurnEvent::PermissionCreateFailed(_, ip) if ip == chinese),
        "{refused:?}"
    );
}

/// By Send and Data indications under a permission, then by a channel.
fn payloads_are_bit_exact(transport: TransportType, lengths: &[usize]) {
    let relay = Relay::on_loopback();
    let mut session = Session::allocate(&relay, transport);
    let peer = Peer::new();
    session
        .client
        .create_permission(TransportType::Udp, peer.address().ip(), session.now())
        .unwrap();
    let permitted = session.event();
    assert!(matches!(permitted, TurnEvent::PermissionCreated(..)), "{permitted:?}");
    session.exchange(&peer, lengths);
    session.client.bind_channel(TransportType::Udp, peer.address(), session.now()).unwrap();
    let bound = session.event();
    assert!(matches!(bound, TurnEvent::ChannelCreated(..)), "{bound:?}");
    session.exchange(&peer, lengths);
}

/// A client with an allocation.
struct Session {
    client: TurnClient,
    link: Link,
    relayed: SocketAddr,
    started: Instant,
}

impl Session {
    fn allocate(relay: &Relay, transport: TransportType) -> Self {
        let link = Link::connect(relay, transport);
        let Credentials { username, password } = Credentials::of("alice");
        let config = TurnConfig::new(TurnCredentials::new(&username, &password));
        let (own, server) = link.addresses();
        let client: TurnClient = match transport {
            TransportType::Udp => TurnClientUdp::allocate(own, server, config).into(),
            TransportType::Tcp => TurnClientTcp::allocate(own, server, config).into(),
        };
        let mut session = Self { client, link, relayed: own, started: Instant::now() };
        let event = session.event();
        let TurnEvent::AllocationCreated(TransportType::Udp, relayed) = event else {
            panic!("no allocation over {transport}: {event:?}");
        };
        session.relayed = relayed;
        session
    }

    /// Each length once to the peer and once back.
    fn exchange(&mut self, peer: &Peer, lengths: &[usize]) {
        for &length in lengths {
            let payload: Vec<u8> = (0..=250).cycle().take(length).collect();
            self.send(peer.address(), &payload);
            assert_eq!(peer.receive(), (self.relayed, payload.clone()), "to the peer");
            peer.send(self.relayed, &payload);
            assert_eq!(self.receive(), (peer.address(), payload), "from the peer");
        }
    }

    fn send(&mut self, to: SocketAddr, payload: &[u8]) {
        let now = self.now();
        let sent = self.client.send_to(TransportType::Udp, to, payload, now).unwrap();
        self.link.send(&sent.expect("a permission is there").build().data);
    }

    fn receive(&mut self) -> (SocketAddr, Vec<u8>) {
        let started = Instant::now();
        loop {
            if let Some(received) = self.turn() {
                return received;
            }
            assert!(started.elapsed() < PATIENCE, "nothing came from the peer");
        }
    }

    fn event(&mut self) -> TurnEvent {
        let started = Instant::now();
        loop {
            if let Some(event) = self.client.poll_event() {
                return event;
            }
            assert_eq!(self.turn(), None, "nobody sends yet");
            assert!(started.elapsed() < PATIENCE, "the relay does not answer");
        }
    }

    /// Sends what is due and takes what has come; gives what a peer sent.
    fn turn(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        let now = self.now();
        self.client.poll(now);
        while let Some(message) = self.client.poll_transmit(now) {
            self.link.send(&message.data);
        }
        let bytes = self.link.receive()?;
        let (own, server) = self.link.addresses();
        let datagram = Transmit::new(bytes, self.client.transport(), server, own);
        match self.client.recv(datagram, self.now()) {
            TurnRecvRet::PeerData(data) => Some((data.peer, data.data().to_vec())),
            TurnRecvRet::Handled => None,
            other => panic!("not for this client: {other:?}"),
        }
    }

    fn now(&self) -> ProtoInstant {
        ProtoInstant::from_std(self.started)
    }
}

/// A client's way to the relay, from an address in europe.
enum Link {
    Udp(UdpSocket, SocketAddr),
    Tcp(TcpStream),
}

impl Link {
    fn connect(relay: &Relay, transport: TransportType) -> Self {
        let (ip, port) = relay.address();
        let server = SocketAddr::new(ip.parse().unwrap(), port);
        match transport {
            TransportType::Udp => Self::Udp(socket_at(CLIENT), server),
            TransportType::Tcp => Self::Tcp(stream_from(CLIENT, server)),
        }
    }

    /// Own, and the relay's.
    fn addresses(&self) -> (SocketAddr, SocketAddr) {
        match self {
            Self::Udp(socket, server) => (socket.local_addr().unwrap(), *server),
            Self::Tcp(stream) => (stream.local_addr().unwrap(), stream.peer_addr().unwrap()),
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Udp(socket, server) => {
                socket.send_to(bytes, *server).unwrap();
            }
            Self::Tcp(stream) => stream.write_all(bytes).unwrap(),
        }
    }

    /// What comes within a moment.
    fn receive(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 4096];
        let length = match self {
            Self::Udp(socket, _) => socket.recv(&mut buffer),
            Self::Tcp(stream) => stream.read(&mut buffer),
        };
        buffer.truncate(length.ok()?);
        Some(buffer)
    }
}

/// A UDP host in europe that knows nothing of TURN.
struct Peer(UdpSocket);

impl Peer {
    fn new() -> Self {
        let socket = socket_at(PEER);
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    fn send(&self, to: SocketAddr, payload: &[u8]) {
        self.0.send_to(payload, to).unwrap();
    }

    fn receive(&self) -> (SocketAddr, Vec<u8>) {
        let mut buffer = vec![0; 4096];
        let (length, from) = self.0.recv_from(&mut buffer).expect("the relay forwards");
        buffer.truncate(length);
        (from, buffer)
    }
}

const MOMENT: Duration = Duration::from_millis(20);

fn socket_at(ip: &str) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).expect("loopback has free ports");
    socket.set_read_timeout(Some(MOMENT)).unwrap();
    socket
}

fn stream_from(ip: &str, server: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(ip.parse().unwrap(), 0).into()).unwrap();
    socket.connect(&server.into()).expect("the relay listens");
    socket.set_read_timeout(Some(MOMENT)).unwrap();
    socket.into()
}
