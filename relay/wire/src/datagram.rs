//! The one contract between the engine and whatever moves packets: sockets, the simulator, the
//! fuzzers, the benches, later AF_XDP.
//!
//! The engine reads [`Datagram`]s and pushes [`Transmit`]s that borrow the very bytes it was given,
//! so a relayed payload is never copied in user space.

use core::net::SocketAddr;

/// Index of one of the shard's own sockets, in the order of the configured listen addresses.
///
/// It is the same on every shard: shards open the same addresses in the same order, so a route
/// learnt on one shard can be used by another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct LocalSocket(pub u8);

/// What one receive call delivered: one UDP datagram, or a train of them coalesced by UDP_GRO.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// UDP payload in bytes; of a train, all its segments back to back.
    pub payload: &'a [u8],
    /// Bytes of every segment but the last, which may be shorter (udp(7), UDP_GRO).
    /// At least `payload.len()` when the payload is a single datagram.
    pub segment_bytes: usize,
    /// Who sent it, as the kernel reports it. Not yet canonical, not yet judged.
    pub remote: SocketAddr,
    /// Which of our sockets received it.
    pub local: LocalSocket,
}

impl<'a> Datagram<'a> {
    /// A single datagram.
    pub fn single(payload: &'a [u8], remote: SocketAddr, local: LocalSocket) -> Self {
        Self { payload, segment_bytes: payload.len(), remote, local }
    }

    /// The datagrams that travelled on the wire, in order.
    ///
    /// An empty payload is one empty datagram. A `segment_bytes` of zero, which no kernel reports,
    /// is read as "not a train", so that hostile metadata cannot make this panic or spin.
    pub fn segments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let segment_bytes = match self.segment_bytes {
            0 => self.payload.len().max(1),
            bytes => bytes,
        };
        let empty = self.payload.is_empty().then_some(self.payload);
        empty.into_iter().chain(self.payload.chunks(segment_bytes))
    }
}

/// One datagram to send.
///
/// Backends may merge neighbours with the same `to`, `from` and length into one segmentation
/// offload train; they never reorder entries of one destination.
#[derive(Clone, Copy, Debug)]
pub struct Transmit<'a> {
    /// UDP payload, borrowed from the received batch.
    pub payload: &'a [u8],
    /// Destination. The engine only ever fills this from an address that the fence passed.
    pub to: SocketAddr,
    /// Which of our sockets sends it: the one whose address the remote knows.
    pub from: LocalSocket,
}

/// Where the engine puts what is to be sent.
///
/// `'rx` is the life of the received batch. An outbox never refuses and never waits: a backend
/// whose batch is full hands it to the kernel and starts the next one, and what the kernel then
/// refuses is counted as a kernel drop.
pub trait Outbox<'rx> {
    /// Sends bytes of the received batch on, without copying them.
    fn forward(&mut self, transmit: Transmit<'rx>);

    /// Sends bytes that the engine holds itself: a STUN answer, a path check, a packet that had to
    /// wait. They are copied; `bytes` is at most [`OWN_DATAGRAM_BYTES_MAX`] long.
    fn send_own(&mut self, bytes: &[u8], to: SocketAddr, from: LocalSocket);
}

/// Largest datagram that an outbox copies: what one Ethernet frame carries. Messages of our own stay
/// far below it (RFC 8489 section 6.1 asks for at most the path MTU).
pub const OWN_DATAGRAM_BYTES_MAX: usize = 1500;

/// One step of the relay, called by a backend once per received batch.
pub trait Step {
    /// Takes one batch in and puts one batch out.
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    );
}
