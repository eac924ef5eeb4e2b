//! Where a crowd's datagrams go: counted, and forgotten but for the last of our own.

use std::hint::black_box;
use std::net::SocketAddr;

use ringfence_wire::datagram::{Frame, LocalSocket, OpenError, Outbox, Transmit};

/// Opens what it is asked to and counts what it is given.
#[derive(Default)]
pub struct Host {
    /// Datagrams of others, each time they are passed on.
    pub copies: u64,
    /// The last message of the relay's own.
    pub own: Vec<u8>,
    /// Relayed sockets, numbered from 1.
    pub opened: u32,
}

impl<'rx> Outbox<'rx> for Host {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        black_box(&transmit);
        self.copies += 1;
    }

    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>) {
        black_box((&frame, &transmit));
        self.copies += 1;
    }

    fn send_own(&mut self, bytes: &[u8], _: SocketAddr, _: LocalSocket) {
        self.own.clear();
        self.own.extend_from_slice(bytes);
    }

    fn open(&mut self, _: SocketAddr) -> Result<LocalSocket, OpenError> {
        self.opened += 1;
        Ok(LocalSocket::Relayed(self.opened))
    }
}
