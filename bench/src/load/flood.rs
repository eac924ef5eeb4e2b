//! Junk beside the load: what strangers may throw at a server while others use it.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::work::party_address;

/// The most that a flood may be: more than one thread can send.
pub const FLOOD_PER_S_MAX: u64 = 5_000_000;

/// The third part of the first stranger's address on loopback.
const HALL: u8 = 200;

/// Sockets that junk comes from, each at an address of its own.
const STRANGERS: usize = 64;

/// Different pieces of junk, sent in turn.
const PIECES: u32 = 251;

/// What is due is sent this often; what a late thread missed is left out, not made up for.
const INTERVAL: Duration = Duration::from_millis(1);

/// It ends by itself after this long.
const LIFE_MAX: Duration = Duration::from_secs(3_600);

/// Who takes part in a flood, and what it sends in turn.
pub struct Stranger {
    /// Connected to whom is flooded; it does not wait.
    pub socket: UdpSocket,
    /// At least one piece.
    pub pieces: Arc<[Vec<u8>]>,
}

/// A flood that goes on until it is stopped or dropped.
pub struct Flood {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<Poured>>>,
}

/// What a flood was.
pub struct Poured {
    /// Packets that were sent.
    pub sent: u64,
    /// For how long.
    pub span: Duration,
    /// Who sent them; what they were answered is still to be read.
    pub strangers: Vec<Stranger>,
}

impl Flood {
    /// Begins to send so many packets of junk a second. Only loopback and private addresses are flooded.
    ///
    /// # Errors
    /// The address is a public one, the rate above [`FLOOD_PER_S_MAX`], or there is no way there.
    pub fn start(to: SocketAddr, packets_per_s: u64) -> anyhow::Result<Self> {
        let pieces: Arc<[Vec<u8>]> = junk().into();
        let strangers = (0..STRANGERS).map(|number| Stranger::new(number, to, Arc::clone(&pieces)));
        let strangers = strangers.collect::<anyhow::Result<_>>()?;
        Self::of(strangers, packets_per_s, Duration::ZERO)
    }

    /// Begins to send after a rest, each stranger in its turn, from a thread of its own that stays on
    /// the processor of the calling one.
    ///
    /// # Errors
    /// The rate is above [`FLOOD_PER_S_MAX`], or there is nobody to send.
    pub fn of(
        strangers: Vec<Stranger>,
        packets_per_s: u64,
        rest: Duration,
    ) -> anyhow::Result<Self> {
        ensure!(
            packets_per_s <= FLOOD_PER_S_MAX,
            "a flood has at most {FLOOD_PER_S_MAX} packets/s"
        );
        let armed = strangers.iter().all(|stranger| !stranger.pieces.is_empty());
        ensure!(armed && !strangers.is_empty(), "a flood needs someone with something to send");
        let over = Arc::new(AtomicBool::new(false));
        let torrent = Torrent { strangers, packets_per_s, over: Arc::clone(&over) };
        let pour = move || {
            thread::sleep(rest);
            torrent.run()
        };
        let thread = thread::Builder::new().name("flood".to_owned()).spawn(pour)?;
        Ok(Self { over, thread: Some(thread) })
    }

    /// Ends it.
    ///
    /// # Errors
    /// A socket failed; the flood ended then.
    pub fn stop(mut self) -> anyhow::Result<Poured> {
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("the flood has ended")?;
        let poured = thread.join().map_err(|_| anyhow!("the flood's thread panicked"))?;
        Ok(poured?)
    }
}

impl Stranger {
    /// On loopback each has an address of its own; only loopback and private addresses are flooded.
    ///
    /// # Errors
    /// The address is a public one, or there is no way there.
    pub fn new(number: usize, to: SocketAddr, pieces: Arc<[Vec<u8>]>) -> anyhow::Result<Self> {
        ensure!(is_private(to.ip()), "{to} is a public address: floods stay on private ones");
        let socket = connected(number, to).context("a stranger's socket")?;
        Ok(Self { socket, pieces })
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its figure is not asked for.
            let _ = thread.join();
        }
    }
}

struct Torrent {
    strangers: Vec<Stranger>,
    packets_per_s: u64,
    over: Arc<AtomicBool>,
}

impl Torrent {
    fn run(self) -> io::Result<Poured> {
        let began = Instant::now();
        let (mut sent, mut done) = (0, Duration::ZERO);
        while !self.over.load(Ordering::Relaxed) && done < LIFE_MAX {
            let now = began.elapsed();
            let late = now.saturating_sub(done).min(INTERVAL * 2);
            sent += self.clump(sent, self.due(now) - self.due(now - late))?;
            done = now;
            thread::sleep(INTERVAL.saturating_sub(began.elapsed() - now));
        }
        Ok(Poured { sent, span: began.elapsed(), strangers: self.strangers })
    }

    /// Packets up to a moment.
    fn due(&self, elapsed: Duration) -> u64 {
        let due = elapsed.as_nanos() * u128::from(self.packets_per_s) / 1_000_000_000;
        u64::try_from(due).unwrap_or(u64::MAX)
    }

    /// Sends some, each from the next stranger. How many left.
    fn clump(&self, first: u64, packets: u64) -> io::Result<u64> {
        let mut left = 0;
        for number in first..first + packets {
            let count = self.strangers.len() as u64;
            let Stranger { socket, pieces } = &self.strangers[place(number, self.strangers.len())];
            // Each goes on where it stopped, and no two are at the same piece.
            let piece = &pieces[place(number / count + number % count, pieces.len())];
            match socket.send(piece) {
                Ok(_) => left += 1,
                Err(full) if full.kind() == ErrorKind::WouldBlock => {}
                Err(gone) if gone.kind() == ErrorKind::ConnectionRefused => {}
                Err(other) => return Err(other),
            }
        }
        Ok(left)
    }
}

fn place(number: u64, of: usize) -> usize {
    usize::try_from(number % of as u64).unwrap_or(0)
}

fn connected(number: usize, to: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(party_address(to.ip(), HALL, number)?)?;
    socket.connect(to)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

/// The first bytes of what a relay has to tell apart (RFC 7983 section 7): a STUN request with an
/// integrity that is none, ChannelData of no channel, RTP of nobody, DTLS, and noise.
const BEGINNINGS: [&[u8]; 5] = [
    &[0, 1, 0, 24, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 8, 0, 20],
    &[0x40, 0, 0, 160],
    &[0x80, 111, 0, 1, 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef],
    &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 151],
    &[],
];

/// What no relay can use, of all kinds that it has to tell apart.
pub fn junk() -> Vec<Vec<u8>> {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    (0..PIECES)
        .map(|number| piece(BEGINNINGS[number as usize % BEGINNINGS.len()], &mut dice))
        .collect()
}

/// As long as a STUN message with nothing but its integrity, or as a packet of speech.
fn piece(beginning: &[u8], dice: &mut ChaCha8Rng) -> Vec<u8> {
    let bytes = if beginning.first() == Some(&0) { 44 } else { 172 };
    let mut piece = vec![0; bytes];
    dice.fill_bytes(&mut piece);
    piece[..beginning.len()].copy_from_slice(beginning);
    piece
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn junk_comes_from_many_addresses_and_ends_when_told() {
        let server = UdpSocket::bind("127.1.0.32:0").unwrap();
        server.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let flood = Flood::start(server.local_addr().unwrap(), 20_000).unwrap();
        let (mut buffer, mut sources, mut firsts) = ([0; 2048], BTreeSet::new(), BTreeSet::new());
        while sources.len() < STRANGERS {
            let (bytes, source) = server.recv_from(&mut buffer).unwrap();
            sources.insert(source.ip());
            firsts.insert(buffer[..bytes].first().map(|first| first >> 6));
        }
        assert!(firsts.len() > 2, "one kind of junk is easily dropped: {firsts:?}");
        let sent = flood.stop().unwrap().sent;
        assert!(sent >= STRANGERS as u64);
    }

    #[test]
    fn a_public_address_is_not_flooded() {
        for public in ["192.0.2.1:3478", "[2001:db8::1]:3478"] {
            assert!(Flood::start(public.parse().unwrap(), 1).is_err(), "{public}");
        }
    }

    #[test]
    fn what_is_due_adds_up_to_the_rate() {
        let over = Arc::default();
        let torrent = Torrent { strangers: Vec::new(), packets_per_s: 12_345, over };
        assert_eq!(torrent.due(Duration::from_secs(1)), 12_345);
        assert_eq!(torrent.due(Duration::from_millis(1)), 12);
    }
}
