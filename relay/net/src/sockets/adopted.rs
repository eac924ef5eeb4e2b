//! Sockets of the relay before this one: what arrived while there was none waits in them.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::BorrowedFd;

/// What one shard takes over, each bound already.
#[derive(Debug, Default)]
pub struct Adopted {
    /// For the UDP addresses of the configuration; one that has none here is opened anew.
    pub listen: Vec<UdpSocket>,
    /// For its TCP and TLS addresses, likewise.
    pub streams: Vec<TcpListener>,
    /// Relayed addresses, which the engine opens again.
    pub relayed: Vec<UdpSocket>,
}

/// Whoever keeps sockets for the relay after this one.
pub trait Keeper: Send {
    /// A relayed socket is open. Called on the shard: it must not wait.
    fn opened(&mut self, address: SocketAddr, socket: BorrowedFd<'_>);

    /// It is about to be closed.
    fn closed(&mut self, address: SocketAddr);
}

impl Adopted {
    pub(super) fn take_listen(&mut self, address: SocketAddr) -> Option<UdpSocket> {
        take(&mut self.listen, |socket| socket.local_addr().ok() == Some(address))
    }

    pub(super) fn take_stream(&mut self, address: SocketAddr) -> Option<TcpListener> {
        take(&mut self.streams, |socket| socket.local_addr().ok() == Some(address))
    }

    /// By address: there may be thousands.
    pub(super) fn take_all_relayed(&mut self) -> HashMap<SocketAddr, UdpSocket> {
        let relayed = self.relayed.drain(..);
        relayed.filter_map(|socket| Some((socket.local_addr().ok()?, socket))).collect()
    }
}

fn take<T>(sockets: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> Option<T> {
    let at = sockets.iter().position(is_it)?;
    Some(sockets.swap_remove(at))
}
