//! The floor that a relay's cost per copy is measured against: system calls and nothing else.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use libc::{iovec, mmsghdr};
use ringfence_wire::datagram::LocalSocket;

use crate::address::RawAddress;
use crate::counters::ReceiveCounters;
use crate::sockets::receive::Receiver;
use crate::syscall;

/// Messages per system call, as in the sockets backend.
const MESSAGES_MAX: usize = 64;

/// A bare fan-out: one payload to many destinations, all headers prepared once.
///
/// The vectors are never touched again after `headers` was pointed at them.
pub struct FanOut<'s> {
    socket: &'s UdpSocket,
    headers: Vec<mmsghdr>,
    _payload: Vec<u8>,
    _piece: Vec<iovec>,
    _names: Vec<RawAddress>,
}

impl<'s> FanOut<'s> {
    /// Prepares to send `payload` to each of `destinations`.
    pub fn new(socket: &'s UdpSocket, destinations: &[SocketAddr], mut payload: Vec<u8>) -> Self {
        let (base, len) = (payload.as_mut_ptr(), payload.len());
        let mut piece = vec![iovec { iov_base: base.cast(), iov_len: len }];
        let mut names = vec![RawAddress::EMPTY; destinations.len()];
        let lengths: Vec<_> =
            names.iter_mut().zip(destinations).map(|(name, to)| name.encode(to)).collect();
        let (name, pieces) = (names.as_mut_ptr(), piece.as_mut_ptr());
        let header = |(slot, bytes): (usize, libc::socklen_t)| {
            let mut header = syscall::EMPTY_HEADER;
            header.msg_hdr.msg_name = name.wrapping_add(slot).cast();
            header.msg_hdr.msg_namelen = bytes;
            header.msg_hdr.msg_iov = pieces;
            header.msg_hdr.msg_iovlen = 1;
            header
        };
        let headers = lengths.into_iter().enumerate().map(header).collect();
        Self { socket, headers, _payload: payload, _piece: piece, _names: names }
    }

    /// Sends the payload once to each destination; how many the kernel took. A batch that it
    /// refuses part of is not finished.
    ///
    /// # Errors
    /// What sendmmsg(2) gives for the first message of a batch.
    pub fn send(&mut self) -> io::Result<usize> {
        let mut taken = 0;
        for batch in self.headers.chunks_mut(MESSAGES_MAX) {
            // SAFETY: `new` pointed every header at names, piece and payload of this value, which
            // have neither changed nor moved on the heap since; the kernel only reads them.
            let sent = unsafe { syscall::sendmmsg(self.socket.as_fd(), batch) };
            taken += sent.map_err(io::Error::from_raw_os_error)?;
        }
        Ok(taken)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_destination_gets_one_copy_a_round() {
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sinks: Vec<_> = (0..70).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        let to: Vec<_> = sinks.iter().map(|sink| sink.local_addr().unwrap()).collect();
        let mut floor = FanOut::new(&from, &to, vec![9; 500]);
        assert_eq!((floor.send().unwrap(), floor.send().unwrap()), (70, 70));

        let mut sink = Sink::default();
        for socket in &sinks {
            let mut waiting = 2;
            while waiting > 0 {
                waiting -= sink.receive(socket).unwrap();
            }
        }
        assert_eq!(sink.counters().bytes, 140 * 500);
    }
}
