//! A bare receiver.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;

use ringfence_wire::datagram::LocalSocket;

use crate::counters::ReceiveCounters;
use crate::sockets::receive::Receiver;
use crate::syscall;

/// A bare receiver that counts what arrives and looks at none of it.
pub struct Sink {
    receiver: Receiver,
    counters: ReceiveCounters,
}

impl Default for Sink {
    fn default() -> Self {
        Self { receiver: Receiver::new(), counters: ReceiveCounters::default() }
    }
}

/// From now on what is sent through `socket` and is longer than that leaves as a train of datagrams of
/// that length (udp(7), UDP_SEGMENT): what a network card with segmentation offload, or a sender that
/// has it, puts on the wire.
///
/// # Errors
/// What setsockopt(2) gives.
pub fn send_in_trains(socket: &UdpSocket, segment_bytes: u16) -> io::Result<()> {
    syscall::set_int(socket.as_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, segment_bytes.into())
}

impl Sink {
    /// Lets the kernel hand `socket`'s datagrams over in trains (udp(7), UDP_GRO), so that the sink
    /// is not what a measurement waits for. They are counted one by one all the same.
    ///
    /// # Errors
    /// What setsockopt(2) gives.
    pub fn coalesce(socket: &UdpSocket) -> io::Result<()> {
        syscall::set_int(socket.as_fd(), libc::SOL_UDP, libc::UDP_GRO, 1)
    }

    /// Takes what waits at `socket`, up to one batch, without waiting for more: how many datagrams.
    ///
    /// # Errors
    /// What recvmmsg(2) gives; EAGAIN is zero datagrams.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<u64> {
        self.receiver.begin();
        match self.receiver.receive(socket, LocalSocket::default()) {
            Ok(_) => Ok(self.count()),
            Err(empty) if empty.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// All that was received so far.
    pub fn counters(&self) -> ReceiveCounters {
        self.counters
    }

    fn count(&mut self) -> u64 {
        let before = self.counters.datagrams;
        self.receiver.batch(&mut self.counters).for_each(drop);
        self.counters.datagrams - before
    }
}
