//! As many participants or allocations as asked for, on one engine without sockets, threads or a
//! clock: for benches, instruction counts and the memory test.

mod host;
mod load;
mod rooms;
mod shard;
mod turn;

pub use host::Host;
pub use load::{BATCH, PACKET_BYTES, RoomsLoad, TurnLoad};
pub use rooms::CrowdedRooms;
pub use shard::Shard;
pub use turn::CrowdedTurn;

use std::net::SocketAddr;

/// Addresses of the small world's europe that are not the relay's.
const HOSTS: u32 = 64 * 256;

/// The address of participant or client `number`: below 1,000,000, no two are the same.
fn client_address(number: u32) -> SocketAddr {
    address(64, number)
}

/// The address of the peer of client `number`.
fn peer_address(number: u32) -> SocketAddr {
    address(128, number)
}

fn address(first: u8, number: u32) -> SocketAddr {
    let [.., third, fourth] = (number % HOSTS).to_be_bytes();
    let port = u16::try_from(PORT_MIN + number / HOSTS).unwrap_or(u16::MAX);
    SocketAddr::from(([127, 1, first + third, fourth], port))
}

/// The lowest port of clients and peers.
const PORT_MIN: u32 = 40_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_have_one_address() {
        let both = (0..100_000).flat_map(|number| [client_address(number), peer_address(number)]);
        assert_eq!(both.collect::<BTreeSet<_>>().len(), 200_000);
    }
}
