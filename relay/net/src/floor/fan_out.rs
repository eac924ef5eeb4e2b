//! A bare loop that sends one payload to many.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use libc::{iovec, mmsghdr};

use crate::address::RawAddress;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::floor::Sink;

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
