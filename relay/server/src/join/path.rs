//! The relay's side: one connected socket and the state machine that keeps it heard.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::net::UdpSocket;

use super::args::LocalAddress;
use super::door::{Ticket, seed};
use super::failure::Failure;
use crate::endpoint::{Endpoint, Received, State};
use crate::relay::Clock;

/// A path to one of the relay's addresses.
pub(super) struct Path {
    pub(super) socket: UdpSocket,
    pub(super) relay: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) endpoint: Endpoint,
    clock: Clock,
}

impl Path {
    /// Begins to check. Of the relay's addresses those of `from`'s family are tried in turn.
    pub(super) async fn begin(
        ticket: &Ticket,
        from: Option<LocalAddress>,
        attempt: usize,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let fits =
            |relay: &&SocketAddr| from.is_none_or(|from| from.0.is_ipv4() == relay.is_ipv4());
        let relays: Vec<_> = ticket.addresses.iter().filter(fits).collect();
        let relay = relays.get(attempt % relays.len().max(1)).copied().copied();
        let no_family = "the relay has no address of the family of --from";
        let relay = relay.ok_or(Failure::usage(no_family))?;
        let from = from.unwrap_or(LocalAddress::any_towards(relay)).0;
        let socket = connect(from, relay).await;
        let refused = |error| Failure::system(&format!("a socket from {from} to {relay}"), &error);
        let socket = socket.map_err(refused)?;
        let local = socket.local_addr().map_err(refused)?;
        let endpoint = Endpoint::new(clock.now(), relay, &ticket.credentials, seed()?);
        Ok(Self { socket, relay, local, endpoint, clock })
    }

    /// Takes in one waiting datagram; `None` if there is none.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, Received)> {
        loop {
            match self.socket.try_recv(buffer) {
                Ok(bytes) => {
                    let datagram = buffer.get(..bytes).unwrap_or_default();
                    let received = self.endpoint.handle_datagram(self.clock.now(), datagram);
                    return Some((bytes, received));
                }
                // One report of the network for each: there may be datagrams behind it.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => self.doubt(),
                Err(_) => return None,
            }
        }
    }

    /// Sends a packet of the application; false if the system does not take it.
    pub(super) fn send(&mut self, packet: &[u8]) -> bool {
        let sent = self.socket.try_send(packet);
        if matches!(&sent, Err(error) if error.kind() == ErrorKind::ConnectionRefused) {
            self.doubt();
        }
        sent.is_ok()
    }

    /// Does what is due and says how far the path has got.
    pub(super) fn tend(&mut self) -> State {
        self.endpoint.handle_timeout(self.clock.now());
        while let Some(message) = self.endpoint.poll_transmit() {
            // What the system does not take is sent again by the endpoint's own timers.
            let _ = self.send(&message);
        }
        self.endpoint.state()
    }

    fn doubt(&mut self) {
        self.endpoint.handle_unreachable(self.clock.now());
    }
}

async fn connect(from: SocketAddr, relay: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(from).await?;
    socket.connect(relay).await?;
    Ok(socket)
}
