//! What the kernel dropped because a receive queue was full.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};

use crate::syscall;

/// The drop count of one socket, readable from any thread. It does not keep the socket open: a
/// socket that nobody reads would go on taking its share of the address's packets.
#[derive(Clone, Debug)]
pub struct KernelDrops {
    socket: Weak<UdpSocket>,
    address: SocketAddr,
}

impl KernelDrops {
    pub(crate) fn of(socket: &Arc<UdpSocket>, address: SocketAddr) -> Self {
        Self { socket: Arc::downgrade(socket), address }
    }

    /// The address that the socket is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Datagrams dropped since the socket was opened; wraps at 2^32 (SO_MEMINFO of socket(7),
    /// SK_MEMINFO_DROPS). One system call.
    ///
    /// # Errors
    /// `NotConnected` once the backend is gone; otherwise what getsockopt(2) gives.
    pub fn read(&self) -> io::Result<u32> {
        let socket = self.socket.upgrade().ok_or(io::ErrorKind::NotConnected)?;
        let info: [u32; MEMINFO_FIELDS] =
            syscall::get_u32s(socket.as_fd(), libc::SOL_SOCKET, libc::SO_MEMINFO)?;
        Ok(info[DROPS])
    }
}

/// `SK_MEMINFO_VARS` of linux/sock_diag.h.
const MEMINFO_FIELDS: usize = 9;
const DROPS: usize = libc::SK_MEMINFO_DROPS as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_receive_queue_is_seen_and_a_closed_socket_too() {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        let address = socket.local_addr().unwrap();
        syscall::set_int(socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, 4096).unwrap();
        let drops = KernelDrops::of(&socket, address);
        assert_eq!(drops.read().unwrap(), 0);

        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        (0..64).for_each(|_| assert_eq!(sender.send_to(&[7; 1200], address).unwrap(), 1200));
        let mut dropped = 0;
        while dropped == 0 {
            dropped = drops.read().unwrap();
        }
        assert!((1..64).contains(&dropped), "{dropped} of 64 dropped");

        drop(socket);
        assert_eq!(drops.read().unwrap_err().kind(), io::ErrorKind::NotConnected);
    }
}
