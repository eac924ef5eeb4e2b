//! The sockets of a world: which addresses are bound by whom, and an outbox that opens, closes and
//! sends through them.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use ringfence_wire::datagram::{
    FRAME_HEADER_BYTES_MAX, Fragmentation, Frame, LocalSocket, OWN_DATAGRAM_BYTES_MAX, OpenError,
    Outbox, Transmit,
};

/// A datagram that the relay sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Which shard.
    pub shard: usize,
    /// Payload.
    pub bytes: Vec<u8>,
    /// Destination.
    pub to: SocketAddr,
    /// The shard's socket.
    pub from: LocalSocket,
    /// Address of that socket, if it is a relayed one.
    pub relayed: Option<SocketAddr>,
    /// Whether it may be cut up.
    pub fragmentation: Fragmentation,
}

/// Every socket of the host that matters here.
pub struct SocketTable {
    bound: HashMap<SocketAddr, (usize, u32)>,
    opened: HashMap<(usize, u32), Opened>,
    numbers: Numbers,
    /// Addresses that another process has.
    pub taken: HashSet<SocketAddr>,
    /// Relayed sockets that there are descriptors for.
    pub open_max: usize,
    /// What each stream was last told of its remote.
    pub authenticated: HashMap<(usize, u32), bool>,
}

/// Numbers of sockets. The one that was given back last comes first: what is stale meets a stranger
/// soonest.
pub(super) struct Numbers {
    fresh: u32,
    free: Vec<u32>,
}

impl Numbers {
    pub(super) fn from(first: u32) -> Self {
        Self { fresh: first, free: Vec::new() }
    }

    pub(super) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.fresh += 1;
            self.fresh - 1
        })
    }

    pub(super) fn give_back(&mut self, number: u32) {
        self.free.push(number);
    }
}

#[derive(Clone, Copy)]
struct Opened {
    address: SocketAddr,
    fragmentation: Fragmentation,
}

impl Default for SocketTable {
    fn default() -> Self {
        Self {
            bound: HashMap::new(),
            opened: HashMap::new(),
            numbers: Numbers::from(0),
            taken: HashSet::new(),
            open_max: usize::MAX,
            authenticated: HashMap::new(),
        }
    }
}

impl SocketTable {
    /// The shard and the number of the socket at an address.
    pub fn at(&self, address: SocketAddr) -> Option<(usize, u32)> {
        self.bound.get(&address).copied()
    }

    /// Relayed sockets of a shard.
    pub fn count(&self, shard: usize) -> usize {
        self.opened.keys().filter(|(owner, _)| *owner == shard).count()
    }

    /// Relayed sockets of all shards.
    pub fn total(&self) -> usize {
        self.opened.len()
    }

    fn open(&mut self, shard: usize, address: SocketAddr) -> Result<LocalSocket, OpenError> {
        if self.opened.len() >= self.open_max {
            return Err(OpenError::Exhausted);
        }
        if self.taken.contains(&address) || self.bound.contains_key(&address) {
            return Err(OpenError::Unavailable);
        }
        let number = self.numbers.take();
        self.bound.insert(address, (shard, number));
        let fragmentation = Fragmentation::Allowed;
        self.opened.insert((shard, number), Opened { address, fragmentation });
        Ok(LocalSocket::Relayed(number))
    }

    fn close(&mut self, shard: usize, number: u32) {
        let gone = self.opened.remove(&(shard, number)).expect("only what is open is closed");
        self.bound.remove(&gone.address);
        self.numbers.give_back(number);
    }
}

/// The outbox of one turn of one shard.
pub struct TurnOutbox<'w> {
    shard: usize,
    sockets: &'w mut SocketTable,
    /// What was put out.
    pub sent: Vec<Sent>,
}

impl<'w> TurnOutbox<'w> {
    /// Of this shard.
    pub fn new(shard: usize, sockets: &'w mut SocketTable) -> Self {
        Self { shard, sockets, sent: Vec::new() }
    }

    fn push(&mut self, bytes: Vec<u8>, to: SocketAddr, from: LocalSocket) {
        let opened = match from {
            LocalSocket::Relayed(number) => {
                let opened = self.sockets.opened.get(&(self.shard, number));
                Some(*opened.expect("only open sockets send"))
            }
            _ => None,
        };
        self.sent.push(Sent {
            shard: self.shard,
            bytes,
            to,
            from,
            relayed: opened.map(|opened| opened.address),
            fragmentation: opened.map_or(Fragmentation::Allowed, |opened| opened.fragmentation),
        });
    }
}

impl<'rx> Outbox<'rx> for TurnOutbox<'_> {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        self.push(transmit.payload.to_vec(), transmit.to, transmit.from);
    }

    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>) {
        assert!(frame.header.len() <= FRAME_HEADER_BYTES_MAX && frame.padding_bytes <= 3);
        let padding = vec![0; frame.padding_bytes];
        self.push([frame.header, transmit.payload, &padding].concat(), transmit.to, transmit.from);
    }

    fn send_own(&mut self, bytes: &[u8], to: SocketAddr, from: LocalSocket) {
        assert!(bytes.len() <= OWN_DATAGRAM_BYTES_MAX);
        self.push(bytes.to_vec(), to, from);
    }

    fn open(&mut self, address: SocketAddr) -> Result<LocalSocket, OpenError> {
        self.sockets.open(self.shard, address)
    }

    fn close(&mut self, socket: LocalSocket) {
        match socket {
            LocalSocket::Relayed(number) => self.sockets.close(self.shard, number),
            LocalSocket::Stream(number) => {
                self.sockets.authenticated.remove(&(self.shard, number));
            }
            LocalSocket::Listen(_) => panic!("listening sockets stay"),
        }
    }

    fn fragmentation(&mut self, socket: LocalSocket, fragmentation: Fragmentation) {
        let LocalSocket::Relayed(number) = socket else { panic!("a relayed socket's") };
        let opened = self.sockets.opened.get_mut(&(self.shard, number));
        opened.expect("an open socket").fragmentation = fragmentation;
    }

    fn authenticated(&mut self, stream: LocalSocket, authenticated: bool) {
        let LocalSocket::Stream(number) = stream else { panic!("a stream's") };
        self.sockets.authenticated.insert((self.shard, number), authenticated);
    }
}
