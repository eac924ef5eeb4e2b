//! Rooms of equal size whose participants are all latched and have all been heard.

use std::time::Duration;

use ringfence_wire::datagram::{Datagram, LocalSocket};

use super::{Shard, client_address};
use crate::sim::endpoint::{Stay, connectivity_check};
use crate::sim::guests::request;
use crate::sim::stun::{self, Forge, Heard};

/// All rooms on one engine.
pub struct CrowdedRooms {
    /// The engine that they are on.
    pub shard: Shard,
    /// Of each room.
    pub participants: u32,
    /// All of them together.
    pub crowd: u32,
}

impl CrowdedRooms {
    /// So many rooms of so many participants, who are numbered room by room.
    ///
    /// # Panics
    /// If somebody cannot be latched.
    pub fn latched(rooms: u32, participants: u32) -> Self {
        let crowd = rooms * participants;
        let mut all = Self { shard: Shard::empty(), participants, crowd };
        (0..crowd).for_each(|number| all.latch(number));
        (0..crowd).for_each(|number| all.claim(number));
        all
    }

    /// An RTP packet of the participant of that number, of `bytes` in all, at least 12.
    pub fn packet(number: u32, sequence: u16, bytes: usize) -> Vec<u8> {
        let mut packet = vec![0xA5; bytes];
        Self::stamp(&mut packet, number, sequence);
        packet
    }

    /// Makes `packet` the one of that participant with that sequence number, 20 ms apart.
    pub fn stamp(packet: &mut [u8], number: u32, sequence: u16) {
        packet[..2].copy_from_slice(&[0x80, 111]);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(sequence) * 960).to_be_bytes());
        packet[8..12].copy_from_slice(&number.to_be_bytes());
    }

    /// A packet as it arrives from the participant of that number.
    pub fn datagram(number: u32, packet: &[u8]) -> Datagram<'_> {
        Datagram::single(packet, client_address(number), LocalSocket::Listen(0))
    }

    /// From joining over the check and the path check to the answer.
    fn latch(&mut self, number: u32) {
        let (room, name) = (number / self.participants, number % self.participants);
        let join = request(&format!("r{room}"), &format!("p{name}"));
        let joined = self.shard.registry.join(self.shard.now, &join).expect("it may join");
        let stay = Stay {
            participant: joined.participant,
            room: join.room,
            name: join.participant,
            credentials: joined.credentials,
            ice: join.ice,
            expires: joined.expires,
        };
        self.shard.settle();
        let address = client_address(number);
        let asked = self.shard.ask(address, &connectivity_check(&stay, [9; 12]));
        let asked = Heard::read(&asked).expect("a path check").transaction;
        let password = stay.ice.as_ref().map(|ice| ice.password().as_bytes()).unwrap_or_default();
        let answer = Forge::new(stun::SUCCESS, asked).integrity(password).finish();
        let success = self.shard.ask(address, &answer);
        let success = Heard::read(&success).expect("the check is answered");
        assert_eq!(success.message_type, stun::SUCCESS, "participant {number}");
    }

    /// Has its SSRC from here on.
    fn claim(&mut self, number: u32) {
        let packet = Self::packet(number, 0, 172);
        self.shard.batch(Duration::ZERO, [Self::datagram(number, &packet)].into_iter());
        self.shard.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_heard_by_the_others_of_the_room() {
        let mut rooms = CrowdedRooms::latched(3, 4);
        let packets: Vec<_> = (0..12).map(|number| CrowdedRooms::packet(number, 1, 172)).collect();
        let datagrams = (0..12).zip(&packets).map(|(n, packet)| CrowdedRooms::datagram(n, packet));
        assert_eq!(rooms.shard.batch(Duration::ZERO, datagrams), 36);
    }
}
