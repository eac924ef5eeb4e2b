//! TURN clients with an allocation each, which lets one peer send, on a channel.

use std::net::SocketAddr;
use std::time::Duration;

use ringfence_wire::datagram::{Datagram, LocalSocket};

use super::{Shard, client_address, peer_address};
use crate::turn_world::{Client, Reply, codec};

/// All allocations of one engine.
pub struct CrowdedTurn {
    /// The engine that they are on.
    pub shard: Shard,
    /// How many there are.
    pub allocations: u32,
}

/// No more than so many strangers are answered, all together.
const STRANGER_INTERVAL: Duration = Duration::from_micros(100);

/// Of every client.
const CHANNEL: u16 = 0x4000;

impl CrowdedTurn {
    /// So many allocations. Client `number` has the relayed socket `number + 1`.
    ///
    /// # Panics
    /// If a request is refused.
    pub fn allocated(allocations: u32) -> Self {
        let mut all = Self { shard: Shard::empty(), allocations: 0 };
        (0..allocations).for_each(|_| all.allocate());
        all
    }

    /// One client more.
    ///
    /// # Panics
    /// If a request is refused.
    pub fn allocate(&mut self) {
        let number = self.allocations;
        self.shard.now = self.shard.now + STRANGER_INTERVAL;
        let mut client = Client::new(&client_address(number).to_string());
        let id = client.transaction();
        let stranger = client.unsigned(codec::ALLOCATE, id, &[]);
        client.nonce = Reply(self.shard.ask(client.address, &stranger)).nonce();
        self.request(&mut client, codec::ALLOCATE, &[codec::udp()]);
        // An IPv4 address is masked by the cookie alone.
        let peer = codec::peer(peer_address(number), &[0; 12]);
        self.request(&mut client, codec::CREATE_PERMISSION, std::slice::from_ref(&peer));
        self.request(&mut client, codec::CHANNEL_BIND, &[codec::channel_number(CHANNEL), peer]);
        self.allocations += 1;
    }

    /// ChannelData with a payload of `bytes`.
    pub fn channel_data(bytes: usize) -> Vec<u8> {
        codec::channel_data(CHANNEL, &vec![0xA5; bytes])
    }

    /// A message as it arrives from the client of that number.
    pub fn from_client(number: u32, message: &[u8]) -> Datagram<'_> {
        Datagram::single(message, client_address(number), LocalSocket::Listen(0))
    }

    /// A payload as it arrives from the peer of the client of that number.
    pub fn from_peer(number: u32, payload: &[u8]) -> Datagram<'_> {
        Datagram::single(payload, peer_address(number), LocalSocket::Relayed(number + 1))
    }

    fn request(&mut self, client: &mut Client, method: u16, wish: &[codec::Attribute]) {
        let id = client.transaction();
        let asked = client.signed(method, id, wish);
        let from: SocketAddr = client.address;
        let reply = Reply(self.shard.ask(from, &asked));
        assert!(reply.is_success(), "{method:#x} of {from}: {}", reply.code());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_and_its_peer_hear_each_other() {
        let mut turn = CrowdedTurn::allocated(5);
        let (message, payload) = (CrowdedTurn::channel_data(160), [1; 160]);
        let both = (0..5).flat_map(|number| {
            let out = CrowdedTurn::from_client(number, &message);
            [out, CrowdedTurn::from_peer(number, &payload)]
        });
        assert_eq!(turn.shard.batch(Duration::ZERO, both), 10);
    }
}
