//! Requests from addresses that did not ask.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ringfence_tests::turn::{Client, Credentials};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::lab::Lab;

/// Where all of them say they send from.
const SOURCE_PORT: u16 = 4000;

/// Packets that leave together, each millisecond.
const CLUMP: u32 = 50;
const INTERVAL: Duration = Duration::from_millis(1);

/// An answer that has not come by then does not come.
const LATE: Duration = Duration::from_millis(500);

/// Of 10.64.0.0/10.
const NETWORK: u32 = 0x0a40_0000;
const HOSTS: u32 = 0x003f_ffff;

const IP_BYTES: usize = 20;
const SOURCE_AT: usize = 12;

/// One message, each time from another source.
pub(crate) struct Flood {
    socket: Socket,
    to: SockAddr,
    packet: Vec<u8>,
    dice: ChaCha8Rng,
}

impl Flood {
    pub(crate) fn new(to: SocketAddr, message: &[u8], seed: u64) -> Self {
        // IPPROTO_RAW: the packet begins with its IP header (raw(7)).
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(255)));
        let socket = socket.expect("root may");
        socket.set_send_buffer_size(8 << 20).expect("a buffer");
        let packet = packet(to, message);
        Self { socket, to: to.into(), packet, dice: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// As many as the cable takes, without a pause.
    pub(crate) fn pour(&mut self, packets: u32) {
        (0..packets).for_each(|_| self.send_one());
    }

    pub(crate) fn send(&mut self, packets: u32) {
        let began = Instant::now();
        for clump in 0..packets / CLUMP {
            (0..CLUMP).for_each(|_| self.send_one());
            std::thread::sleep((INTERVAL * (clump + 1)).saturating_sub(began.elapsed()));
        }
    }

    fn send_one(&mut self) {
        let source = NETWORK | self.dice.next_u32() & HOSTS;
        self.packet[SOURCE_AT..SOURCE_AT + 4].copy_from_slice(&source.to_be_bytes());
        self.socket.send_to(&self.packet, &self.to).expect("the cable takes it");
    }
}

/// An IPv4 packet whose source is yet to come. The kernel fills in length and checksum (raw(7)), and
/// UDP over IPv4 may go without (RFC 768).
fn packet(to: SocketAddr, message: &[u8]) -> Vec<u8> {
    let IpAddr::V4(ip) = to.ip() else { panic!("IPv4 only") };
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0];
    packet.extend(Ipv4Addr::UNSPECIFIED.octets());
    packet.extend(ip.octets());
    assert_eq!(packet.len(), IP_BYTES);
    let bytes = u16::try_from(8 + message.len()).expect("a datagram");
    packet.extend(SOURCE_PORT.to_be_bytes());
    packet.extend(to.port().to_be_bytes());
    packet.extend(bytes.to_be_bytes());
    packet.extend([0; 2]);
    packet.extend(message);
    packet
}

/// What the spoofed sources are answered.
pub(crate) struct Replies {
    stop: Arc<AtomicBool>,
    listener: JoinHandle<(u64, usize)>,
}

impl Replies {
    pub(crate) fn listen() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, SOURCE_PORT)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a time");
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let listener = std::thread::spawn(move || {
            let (mut count, mut longest, mut buffer) = (0, 0, [0; 2048]);
            while !until.load(Ordering::Relaxed) {
                if let Ok(bytes) = socket.recv(&mut buffer) {
                    count += 1;
                    longest = bytes.max(longest);
                }
            }
            (count, longest)
        });
        Self { stop, listener }
    }

    /// How many, and the length of the longest.
    pub(crate) fn finish(self) -> (u64, usize) {
        self.stop.store(true, Ordering::Relaxed);
        self.listener.join().expect("no panic")
    }
}

/// Of a network that is ours by its route alone, for which IPv6 wants IPV6_FREEBIND (ip(7)).
fn socket_at(ip: IpAddr) -> io::Result<UdpSocket> {
    let address = SocketAddr::new(ip, 0);
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    if ip.is_ipv6() {
        socket.set_freebind_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// What some sources asked and were told.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) requests: u64,
    pub(crate) replies: u64,
    pub(crate) longest: usize,
    pub(crate) took: Duration,
}

impl Asked {
    fn hear(&mut self, socket: &UdpSocket) {
        let mut buffer = [0; 2048];
        while let Ok(bytes) = socket.recv(&mut buffer) {
            self.replies += 1;
            self.longest = bytes.max(self.longest);
        }
    }
}

/// Asks for an allocation without credentials, from each source in turn, for so long.
pub(crate) fn ask(lab: &Lab, sources: &[IpAddr], span: Duration) -> Asked {
    let open = |&ip: &IpAddr| {
        let socket = socket_at(ip).expect("every address is ours");
        socket.connect(lab.address_of(&ip)).expect("a way");
        socket.set_nonblocking(true).expect("a mode");
        socket
    };
    let sockets: Vec<UdpSocket> = sources.iter().map(open).collect();
    let (began, mut nobody) = (Instant::now(), Client::new(Credentials::of("nobody")));
    let mut asked = Asked { requests: 0, replies: 0, longest: 0, took: span };
    for socket in sockets.iter().cycle().take_while(|_| began.elapsed() < span) {
        socket.send(&nobody.bare_allocate()).expect("the cable takes it");
        asked.requests += 1;
        asked.hear(socket);
        std::thread::sleep(INTERVAL);
    }
    asked.took = began.elapsed();
    std::thread::sleep(LATE);
    sockets.iter().for_each(|socket| asked.hear(socket));
    asked
}
