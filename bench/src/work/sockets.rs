//! UDP sockets of the generator: connected, asked in turn, and with the kernel's times of arrival.
//!
//! They are not the product's, so that a change of the product changes nothing here.

use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Instant;

use anyhow::Context;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg, setsockopt, sockopt};

use super::receiver::Receiver;
use super::{kernel_drops, stamps};

/// Room for what comes while the generator sends, before the kernel doubles it.
const BUFFER_BYTES: usize = 8 << 20;

/// The kernel's UDP_MAX_SEGMENTS, as long as it has been.
const TRAIN_PACKETS_MAX: usize = 64;

/// The most that fits into one UDP datagram before it is cut up.
const TRAIN_BYTES_MAX: usize = 65_000;

/// What the receiving half is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sinks {
    /// They take trains whole (udp(7), UDP_GRO), which spares the generator most of the receiving.
    /// Otherwise a train is taken apart within the server's system call, as for most endpoints.
    pub trains: bool,
    /// The kernel says when each datagram arrived (socket(7), SO_TIMESTAMPNS).
    pub stamps: bool,
}

/// UDP sockets, known by their number.
pub struct Sockets {
    sockets: Vec<UdpSocket>,
    receiver: Receiver,
    sinks: Sinks,
    next: usize,
    /// Sockets asked in a row that had no full batch.
    asked: usize,
    refused: u64,
}

impl Sockets {
    /// One socket at each address; they are to be connected.
    ///
    /// # Errors
    /// An address is not ours, or no file descriptors are left.
    pub fn open(addresses: &[SocketAddr], sinks: Sinks) -> anyhow::Result<Self> {
        let sockets = addresses
            .iter()
            .map(|&address| open(address, sinks).with_context(|| format!("a socket at {address}")));
        let sockets = sockets.collect::<anyhow::Result<_>>()?;
        if sinks.stamps {
            stamps::wait_until_in_force()?;
        }
        Ok(Self { sockets, receiver: Receiver::new(sinks), sinks, next: 0, asked: 0, refused: 0 })
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// What getsockname(2) gives.
    pub fn address(&self, socket: usize) -> io::Result<SocketAddr> {
        self.sockets[socket].local_addr()
    }

    /// Says where all that it sends goes, and that nobody else is heard.
    ///
    /// # Errors
    /// What connect(2) gives.
    pub fn connect(&self, socket: usize, to: SocketAddr) -> io::Result<()> {
        self.sockets[socket].connect(to)
    }

    /// Exchanges a socket for one at another port of its address, with the same partner.
    ///
    /// # Errors
    /// It has no partner, or no file descriptors are left.
    pub fn reopen(&mut self, socket: usize) -> anyhow::Result<()> {
        let (ip, partner) = (self.address(socket)?.ip(), self.sockets[socket].peer_addr()?);
        self.sockets[socket] = open(SocketAddr::new(ip, 0), self.sinks)?;
        Ok(self.connect(socket, partner)?)
    }

    /// Sends datagrams that lie back to back in `bytes`, each of `datagram_bytes`, the last perhaps
    /// shorter. What the kernel has no room for counts among the own drops.
    ///
    /// # Errors
    /// What send(2) gives. A refused connection is the server's loss and no error.
    pub fn send(&mut self, socket: usize, bytes: &[u8], datagram_bytes: usize) -> io::Result<()> {
        let train_packets = (TRAIN_BYTES_MAX / datagram_bytes.max(1)).clamp(1, TRAIN_PACKETS_MAX);
        for train in bytes.chunks(train_packets * datagram_bytes) {
            match send_train(&self.sockets[socket], train, datagram_bytes) {
                Err(full)
                    if matches!(full.kind(), ErrorKind::WouldBlock | ErrorKind::OutOfMemory) =>
                {
                    self.refused += train.len().div_ceil(datagram_bytes) as u64;
                }
                Err(refused) if refused.kind() == ErrorKind::ConnectionRefused => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Asks the next socket for a batch of what waits there. Whether there may be more: not once each
    /// was asked and had no full batch.
    ///
    /// # Errors
    /// What recvmmsg(2) gives.
    pub fn receive(&mut self, heard: &mut dyn FnMut(usize, &[u8], Instant)) -> io::Result<bool> {
        if self.sockets.is_empty() {
            return Ok(false);
        }
        self.next = (self.next + 1) % self.sockets.len();
        let full = self.receive_at(self.next, heard)?;
        self.asked = if full { 0 } else { self.asked + 1 };
        let more = self.asked < self.sockets.len();
        if !more {
            self.asked = 0;
        }
        Ok(more)
    }

    /// Asks one socket. Whether its batch was full.
    ///
    /// # Errors
    /// As [`Sockets::receive`].
    pub fn receive_at(
        &mut self,
        socket: usize,
        heard: &mut dyn FnMut(usize, &[u8], Instant),
    ) -> io::Result<bool> {
        let Self { sockets, receiver, .. } = self;
        receiver.receive(&sockets[socket], &mut |datagram, at| heard(socket, datagram, at))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Datagrams that were dropped here: at full queues, or refused by the kernel.
    pub fn own_drops(&self) -> u64 {
        self.refused + kernel_drops::of(&self.sockets)
    }
}

/// An address from which a server can be reached. On loopback each party has one of its own, as servers
/// limit what one address may ask: the number of a hall, and that of the party in it.
///
/// # Errors
/// There is no way to the server.
pub fn party_address(server: IpAddr, hall: u8, number: usize) -> io::Result<SocketAddr> {
    if matches!(server, IpAddr::V4(v4) if v4.is_loopback()) {
        let third = u8::try_from(usize::from(hall) + number / 250).map_err(io::Error::other)?;
        let fourth = u8::try_from(number % 250 + 1).map_err(io::Error::other)?;
        return Ok(SocketAddr::from(([127, 1, third, fourth], 0)));
    }
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let probe = UdpSocket::bind(any)?;
    // Nothing is sent by this: it asks the kernel which of our addresses it would use.
    probe.connect((server, ANY_PORT))?;
    Ok(SocketAddr::new(probe.local_addr()?.ip(), 0))
}

const ANY_PORT: u16 = 9;

fn open(address: SocketAddr, sinks: Sinks) -> anyhow::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    let buffers = socket2::SockRef::from(&socket);
    buffers.set_recv_buffer_size(BUFFER_BYTES)?;
    buffers.set_send_buffer_size(BUFFER_BYTES)?;
    if sinks.trains {
        setsockopt(&socket, sockopt::UdpGroSegment, &true)?;
    }
    if sinks.stamps {
        ask_for_stamps(&socket)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

pub(super) fn ask_for_stamps(socket: &UdpSocket) -> io::Result<()> {
    Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
}

fn send_train(socket: &UdpSocket, train: &[u8], datagram_bytes: usize) -> io::Result<()> {
    if train.len() <= datagram_bytes {
        return socket.send(train).map(drop);
    }
    let segment_bytes = u16::try_from(datagram_bytes).map_err(io::Error::other)?;
    let pieces = [IoSlice::new(train)];
    let train = [ControlMessage::UdpGsoSegments(&segment_bytes)];
    sendmsg::<()>(socket.as_raw_fd(), &pieces, &train, MsgFlags::empty(), None)?;
    Ok(())
}
