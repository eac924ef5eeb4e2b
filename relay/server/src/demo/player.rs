//! One participant while the demo runs: a socket, a thread that speaks and a thread that listens.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::endpoint::{Counts, Endpoint, Received, State};
use crate::relay::Clock;

/// How late a timer of the endpoint may be, and how soon a listener sees that the show is over.
const TICK: Duration = Duration::from_millis(20);

/// Datagrams a listener keeps: far more than all others send in the longest demo.
const ARRIVALS_MAX: usize = 200_000;

/// One Ethernet frame.
const DATAGRAM_BYTES_MAX: usize = 1500;

/// What can be seen of a participant from outside while it plays.
#[derive(Default)]
pub(super) struct Signals {
    pub(super) latched: AtomicBool,
    pub(super) sent: AtomicU64,
    pub(super) heard: AtomicU64,
    pub(super) over: AtomicBool,
}

/// A participant at its place.
pub(super) struct Player {
    pub(super) socket: UdpSocket,
    pub(super) signals: Signals,
}

/// A packet as it is sent, and when it ought to be.
pub(super) struct Secret {
    pub(super) due: Duration,
    pub(super) packet: Vec<u8>,
}

/// A datagram that reached a participant.
pub(super) struct Arrival {
    pub(super) at: Instant,
    pub(super) packet: Vec<u8>,
}

/// All that a participant received.
pub(super) struct Listened {
    /// In the order they came, STUN apart.
    pub(super) arrivals: Vec<Arrival>,
    /// Datagrams of any kind.
    pub(super) datagrams: u64,
    /// Its connectivity checks.
    pub(super) counts: Counts,
}

impl Player {
    /// Takes a free port of `address`, towards the relay and nobody else.
    pub(super) fn new(address: SocketAddr, relay: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.connect(relay)?;
        socket.set_read_timeout(Some(TICK))?;
        Ok(Self { socket, signals: Signals::default() })
    }

    /// Sends each packet at its time after `start`, and never waits for anything else. Returns how
    /// many the system took.
    pub(super) fn speak(&self, start: Instant, secrets: &[Secret]) -> u64 {
        for secret in secrets {
            std::thread::sleep((start + secret.due).saturating_duration_since(Instant::now()));
            if self.socket.send(&secret.packet).is_ok() {
                self.signals.sent.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.signals.sent.load(Ordering::Relaxed)
    }

    /// Keeps the path alive and takes in what comes, until the show is over.
    pub(super) fn listen(&self, clock: Clock, mut endpoint: Endpoint) -> io::Result<Listened> {
        let mut listened =
            Listened { arrivals: Vec::new(), datagrams: 0, counts: Counts::default() };
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        while !self.signals.over.load(Ordering::Relaxed) {
            endpoint.handle_timeout(clock.now());
            self.transmit(&mut endpoint);
            match self.socket.recv(&mut buffer) {
                Ok(bytes) => self.take(clock, &mut endpoint, &buffer[..bytes], &mut listened),
                Err(error) if is_quiet(&error) => {}
                Err(error) => return Err(error),
            }
            let latched = endpoint.state() == State::Latched;
            self.signals.latched.store(latched, Ordering::Relaxed);
        }
        listened.counts = endpoint.counts();
        Ok(listened)
    }

    fn take(
        &self,
        clock: Clock,
        endpoint: &mut Endpoint,
        datagram: &[u8],
        listened: &mut Listened,
    ) {
        let at = Instant::now();
        listened.datagrams += 1;
        let kind = endpoint.handle_datagram(clock.now(), datagram);
        if kind != Received::Stun && listened.arrivals.len() < ARRIVALS_MAX {
            let packet = datagram.to_vec();
            listened.arrivals.push(Arrival { at, packet });
            self.signals.heard.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn transmit(&self, endpoint: &mut Endpoint) {
        while let Some(message) = endpoint.poll_transmit() {
            // A message that the system refuses is sent again by the endpoint's own timers.
            let _ = self.socket.send(&message);
        }
    }
}

fn is_quiet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionRefused
    )
}
