//! What waits in a receive queue, and what the kernel dropped because it was full.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};

use crate::syscall;

/// The queue of one socket, readable from any thread. It does not keep the socket open: a socket that
/// nobody reads would go on taking its share of the address's packets.
#[derive(Clone, Debug)]
pub struct ReceiveQueue {
    socket: Weak<UdpSocket>,
    address: SocketAddr,
}

impl ReceiveQueue {
    pub(crate) fn of(socket: &Arc<UdpSocket>, address: SocketAddr) -> Self {
        Self { socket: Arc::downgrade(socket), address }
    }

    /// The address that the socket is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is to be said of it now (SO_MEMINFO of socket(7)). One system call.
    ///
    /// # Errors
    /// `NotConnected` once the backend is gone; otherwise what getsockopt(2) gives.
    pub fn read(&self) -> io::Result<QueueLevel> {
        let socket = self.socket.upgrade().ok_or(io::ErrorKind::NotConnected)?;
        let info: [u32; MEMINFO_FIELDS] =
            syscall::get_u32s(socket.as_fd(), libc::SOL_SOCKET, libc::SO_MEMINFO)?;
        let field = |number: libc::c_int| usize::try_from(number).map_or(0, |place| info[place]);
        Ok(QueueLevel {
            waiting_bytes: field(libc::SK_MEMINFO_RMEM_ALLOC),
            room_bytes: field(libc::SK_MEMINFO_RCVBUF),
            dropped: field(libc::SK_MEMINFO_DROPS),
        })
    }
}

/// How full a receive queue is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QueueLevel {
    /// Memory of the datagrams in it, which the kernel counts in whole buffers: some 800 bytes for a
    /// datagram of 172 (SK_MEMINFO_RMEM_ALLOC).
    pub waiting_bytes: u32,
    /// How much it may be (SK_MEMINFO_RCVBUF).
    pub room_bytes: u32,
    /// Datagrams dropped since the socket was opened; wraps at 2^32 (SK_MEMINFO_DROPS).
    pub dropped: u32,
}

/// `SK_MEMINFO_VARS` of linux/sock_diag.h.
const MEMINFO_FIELDS: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_receive_queue_is_seen_and_a_closed_socket_too() {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let address = socket.local_addr().unwrap();
        syscall::set_int(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, 4096).unwrap();
        let queue = ReceiveQueue::of(&socket, address);
        let empty = queue.read().unwrap();
        assert_eq!((empty.waiting_bytes, empty.dropped), (0, 0));

        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        (0..64).for_each(|_| assert_eq!(sender.send_to(&[7; 1200], address).unwrap(), 1200));
        let mut dropped = 0;
        while dropped == 0 {
            dropped = queue.read().unwrap().dropped;
        }
        let full = queue.read().unwrap();
        assert!(full.waiting_bytes > 0 && full.room_bytes == empty.room_bytes, "{full:?}");
        assert!((1..64).contains(&dropped), "{dropped} of 64 dropped");

        drop(socket);
        assert_eq!(queue.read().unwrap_err().kind(), io::ErrorKind::NotConnected);
    }
}
