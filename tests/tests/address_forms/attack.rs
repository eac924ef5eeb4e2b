//! A server and a namespace in which whatever it sends anywhere is heard.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use ringfence_tests::turn::{Client, Kind, Road, Server, Setup, StreamRoad, UdpRoad, run};
use ringfence_wire::channel_data::{ChannelNumber, ChannelNumbers};
use socket2::{Domain, Protocol, Socket, Type};

use crate::forms::PORT;

/// What the attacker sends.
pub(crate) const MARK: &[u8] = b"smuggled by mallory";

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 3, 1));
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 2, 1));
const TLS_PORT: u16 = 5349;

/// Whether anything still comes is seen within this time: in one namespace it is there at once.
const HEARING: Duration = Duration::from_millis(200);

/// How a client reaches the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    pub(crate) fn party(self) -> &'static str {
        match self {
            Self::Udp => "mallory-udp",
            Self::Tcp => "mallory-tcp",
            Self::Tls => "mallory-tls",
        }
    }
}

/// The numbers of channels, in order.
pub(crate) fn channels() -> impl Iterator<Item = ChannelNumber> {
    ChannelNumbers::Rfc8656.range().filter_map(ChannelNumber::new)
}

pub(crate) struct Lab {
    server: Server,
    /// One of each family.
    ears: [Ear; 2],
}

/// Hears every UDP datagram of the namespace.
struct Ear {
    socket: Socket,
    /// raw(7) delivers the IPv4 header, ipv6(7) does not.
    ip_header_bytes: usize,
}

impl Lab {
    /// To be called in a namespace of the test's own. Every address there is reaches `lo`.
    pub(crate) fn start(kind: Kind) -> Self {
        run("ip -6 address add fd00:1::1/128 dev lo nodad");
        run("ip route add local 0.0.0.0/0 dev lo");
        run("ip -6 route add local ::/0 dev lo");
        let server = Server::start(&Setup {
            port: 3478,
            tls_port: Some(TLS_PORT),
            relay: vec![SERVER, "fd00:1::1".parse().expect("an address")],
            admitted: vec!["127.1.0.0/16".to_owned(), "fd00:1::/64".to_owned()],
            denied: vec![
                "10.0.0.0-10.255.255.255".to_owned(),
                "127.0.0.0-127.255.255.255".to_owned(),
                "::1".to_owned(),
            ],
            ..Setup::on_loopback(kind, SERVER, CLIENT)
        });
        Self { server, ears: [Ear::open(Domain::IPV4, 20), Ear::open(Domain::IPV6, 0)] }
    }

    pub(crate) fn udp(&self) -> UdpRoad {
        UdpRoad::open(CLIENT, self.server.address).expect("a socket")
    }

    pub(crate) fn tcp(&self) -> StreamRoad {
        StreamRoad::tcp(CLIENT, self.server.address).expect("a connection")
    }

    pub(crate) fn tls(&self) -> StreamRoad {
        let to = SocketAddr::new(SERVER, TLS_PORT);
        StreamRoad::tls(CLIENT, to).expect("openssl is installed")
    }

    /// What is refused below is refused for its address, and what is heard below can be heard.
    pub(crate) fn assert_that_an_admitted_peer_is_reached(
        &self,
        client: &mut Client,
        road: &mut impl Road,
    ) {
        let socket = UdpSocket::bind((PEER, 0)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
        let peer = socket.local_addr().expect("an address");
        client.permit(road, peer).expect("a permission");
        client.indicate(road, peer, MARK).expect("the road is open");
        let mut buffer = [0; 64];
        let bytes = socket.recv(&mut buffer).expect("the peer is reached");
        assert_eq!(&buffer[..bytes], MARK);
        assert!(!self.heard(|_| true).is_empty(), "the ears hear it, too");
    }

    /// Datagrams with the mark in them that were not sent to the server.
    pub(crate) fn smuggled(&self) -> Vec<String> {
        self.heard(|to_port| to_port == PORT)
    }

    fn heard(&self, of: impl Fn(u16) -> bool) -> Vec<String> {
        let mut found = Vec::new();
        for ear in &self.ears {
            let mut buffer = vec![0; 2048];
            while let Ok(bytes) = (&ear.socket).read(&mut buffer) {
                let udp = buffer.get(ear.ip_header_bytes..bytes).unwrap_or_default();
                let (header, data) = udp.split_first_chunk::<8>().expect("a UDP header");
                if data == MARK && of(u16::from_be_bytes([header[2], header[3]])) {
                    found.push(format!("{:02x?}", &buffer[..bytes]));
                }
            }
        }
        found
    }
}

impl Ear {
    fn open(domain: Domain, ip_header_bytes: usize) -> Self {
        let socket = Socket::new(domain, Type::RAW, Some(Protocol::UDP)).expect("root may");
        socket.set_read_timeout(Some(HEARING)).expect("a time");
        Self { socket, ip_header_bytes }
    }
}
