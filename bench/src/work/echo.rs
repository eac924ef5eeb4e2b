//! Plain UDP that comes back to where it came from: the work of the floors.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::Work;
use super::sockets::{Sinks, Sockets, party_address};

/// The third part of the first party's address on loopback.
const HALL: u8 = 16;

/// Lanes to a reflector, each from a socket of its own.
pub struct Echo {
    sockets: Sockets,
}

impl Echo {
    /// Lanes with even numbers lead to the first address, as those of a TURN server's clients do; the
    /// others share what other addresses there are, as those of its peers do.
    ///
    /// # Errors
    /// Those of the sockets; there is no address.
    pub fn open(servers: &[SocketAddr], lanes: usize, sinks: Sinks) -> anyhow::Result<Self> {
        anyhow::ensure!(!servers.is_empty(), "an echo needs an address");
        let parties = (0..lanes).map(|lane| party_address(servers[0].ip(), HALL, lane));
        let sockets = Sockets::open(&parties.collect::<io::Result<Vec<_>>>()?, sinks)?;
        for lane in 0..lanes {
            sockets.connect(lane, server_of(servers, lane))?;
        }
        Ok(Self { sockets })
    }
}

fn server_of(servers: &[SocketAddr], lane: usize) -> SocketAddr {
    match servers {
        [_, others @ ..] if lane % 2 == 1 && !others.is_empty() => others[lane / 2 % others.len()],
        _ => servers[0],
    }
}

impl Work for Echo {
    fn lanes(&self) -> usize {
        self.sockets.len()
    }

    fn send(&mut self, lane: usize, packets: &[u8], packet_bytes: usize) -> io::Result<()> {
        self.sockets.send(lane, packets, packet_bytes)
    }

    fn receive(&mut self, heard: &mut dyn FnMut(&[u8], Instant)) -> io::Result<bool> {
        self.sockets.receive(&mut |_, packet, at| heard(packet, at))
    }

    fn own_drops(&self) -> u64 {
        self.sockets.own_drops()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_lane_leads_to_the_first_address() {
        let servers: Vec<SocketAddr> =
            (1..=3).map(|port| SocketAddr::from(([127, 1, 0, 9], port))).collect();
        let ports: Vec<u16> = (0..6).map(|lane| server_of(&servers, lane).port()).collect();
        assert_eq!(ports, [1, 2, 1, 3, 1, 2]);
        assert_eq!(server_of(&servers[..1], 1).port(), 1);
    }
}
