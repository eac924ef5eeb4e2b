//! The one contract between the engine and whatever moves packets: sockets, the simulator, the
//! fuzzers, the benches, later AF_XDP.
//!
//! The engine reads [`Datagram`]s and pushes [`Transmit`]s that borrow the very bytes it was given:
//! what relaying asks of a payload is no copy.

use core::net::SocketAddr;

/// One of the shard's own sockets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LocalSocket {
    /// UDP, by place in the list of configured listen addresses. The same on every shard: shards
    /// open the same addresses in the same order, so a route learnt on one can be used by another.
    Listen(u8),
    /// UDP, opened by [`Outbox::open`] for a relayed transport address (RFC 8656 section 3). The
    /// number is used again only after [`Outbox::close`].
    Relayed(u32),
    /// A TCP or TLS connection that this shard accepted. The number is used again only after
    /// [`Step::closed`] was told of its end.
    Stream(u32),
}

impl Default for LocalSocket {
    fn default() -> Self {
        Self::Listen(0)
    }
}

/// What one receive call delivered: one UDP datagram, or a train of them coalesced by UDP_GRO. Of a
/// stream: one framed message (RFC 8656 section 3.1), without the padding that closes it.
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
    #[inline]
    pub fn segments(&self) -> Segments<'a> {
        Segments { rest: Some(self.payload), segment_bytes: self.segment_bytes }
    }
}

/// The datagrams of a train.
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    rest: Option<&'a [u8]>,
    segment_bytes: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        if self.segment_bytes == 0 || rest.len() <= self.segment_bytes {
            return self.rest.take();
        }
        let (segment, rest) = rest.split_at(self.segment_bytes);
        self.rest = Some(rest);
        Some(segment)
    }
}

/// One datagram to send.
///
/// Backends may merge entries with the same `to`, `from` and length into one segmentation offload
/// train, wherever they are in a batch; they never reorder entries of one destination.
#[derive(Clone, Copy, Debug)]
pub struct Transmit<'a> {
    /// UDP payload, borrowed from the received batch.
    pub payload: &'a [u8],
    /// Destination. The engine only ever fills this from an address that the fence passed.
    pub to: SocketAddr,
    /// Which of our sockets sends it: the one whose address the remote knows.
    pub from: LocalSocket,
}

/// Where the engine puts what is to be sent, and what it asks of its sockets.
///
/// `'rx` is the life of the received batch. An outbox never refuses to send and never waits: a
/// backend whose batch is full hands it to the kernel and starts the next one, and what the kernel
/// then refuses is counted as a kernel drop. So is what finds the buffer of a slow stream full.
pub trait Outbox<'rx> {
    /// Sends bytes of the received batch on; they may be sent from where they lie.
    fn forward(&mut self, transmit: Transmit<'rx>);

    /// Sends bytes of the received batch on between a header of ours and zero padding, as one
    /// datagram. The payload may be sent from where it lies, so trains of such datagrams are as cheap as
    /// others.
    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>);

    /// Sends bytes that the engine holds itself: a STUN answer, a path check, a packet that had to
    /// wait. They are copied; `bytes` is at most [`OWN_DATAGRAM_BYTES_MAX`] long.
    fn send_own(&mut self, bytes: &[u8], to: SocketAddr, from: LocalSocket);

    /// Binds a UDP socket at exactly `address`; from now on what it receives comes in batches. An
    /// outbox that has no sockets opens none.
    ///
    /// # Errors
    /// [`OpenError`]; then nothing is bound.
    fn open(&mut self, address: SocketAddr) -> Result<LocalSocket, OpenError> {
        let _ = address;
        Err(OpenError::Exhausted)
    }

    /// Closes a relayed socket, or a stream once what is queued for it has been written. What was
    /// put out before leaves first; what is still unread is lost. Listen sockets stay.
    fn close(&mut self, socket: LocalSocket) {
        let _ = socket;
    }

    /// How a relayed socket treats datagrams put out from now on that are longer than the path
    /// takes. [`Fragmentation::Allowed`] until it is told otherwise.
    fn fragmentation(&mut self, socket: LocalSocket, fragmentation: Fragmentation) {
        let _ = (socket, fragmentation);
    }

    /// Whether whoever is behind a stream has authenticated. Until then, and again from when it is
    /// told no, the stream has a few seconds to live.
    fn authenticated(&mut self, stream: LocalSocket, authenticated: bool) {
        let _ = (stream, authenticated);
    }
}

/// What goes around a forwarded payload.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'h> {
    /// Bytes in front of it, at most [`FRAME_HEADER_BYTES_MAX`].
    pub header: &'h [u8],
    /// Zero bytes behind it, at most 3.
    pub padding_bytes: usize,
}

/// Whether IPv4 routers, and our own host, may cut a datagram up (RFC 8656 section 14).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fragmentation {
    /// The DF bit is not set.
    #[default]
    Allowed,
    /// The DF bit is set; what the first link cannot carry is lost.
    Never,
}

/// Why a socket could not be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpenError {
    /// The address is in use, or not one of this host.
    Unavailable,
    /// No file descriptors or memory left, or more relayed sockets than a shard may have.
    Exhausted,
}

/// Largest datagram that an outbox copies: what one Ethernet frame carries. Messages of our own stay
/// far below it (RFC 8489 section 6.1 asks for at most the path MTU).
pub const OWN_DATAGRAM_BYTES_MAX: usize = 1500;

/// Longest header of a [`Frame`]: a Data indication up to its DATA (RFC 8656 section 11.3): STUN
/// header, XOR-PEER-ADDRESS of an IPv6 peer, header of DATA.
pub const FRAME_HEADER_BYTES_MAX: usize = 20 + 24 + 4;

/// One step of the relay, called by a backend.
pub trait Step {
    /// Takes one batch in and puts one batch out. Datagrams of several sockets can be in it; those
    /// of one socket are in the order they came.
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    );

    /// Whether a TCP connection from `remote` may stay: asked before a byte of it is read and, with
    /// TLS, before a byte is written. Nobody is kept by a step that knows no streams.
    fn accept(&mut self, remote: SocketAddr) -> bool {
        let _ = remote;
        false
    }

    /// The stream is gone: closed by its remote, by an error, for lack of authentication or because
    /// the engine asked for it. Nothing sent to it from now on arrives.
    fn closed(&mut self, stream: LocalSocket) {
        let _ = stream;
    }
}
