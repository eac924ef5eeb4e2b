//! Batches for an engine without sockets, threads or a clock: a crowd whose flows take turns in an order
//! that no cache foresees.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{CrowdedRooms, CrowdedTurn};

/// Datagrams of a full receive batch.
pub const BATCH: usize = 64;
/// Of a packet of a participant, or the payload of a TURN client's or a peer's.
pub const PACKET_BYTES: usize = 172;

/// Batches between two turns of the control side.
const SETTLED_EVERY: u32 = 1024;
/// From one batch to the next: 5 million packets a second.
const BATCH_INTERVAL: Duration = Duration::from_nanos(12_800);

/// Rooms full of speakers.
pub struct RoomsLoad {
    rooms: CrowdedRooms,
    turns: Turns,
    packets: Vec<[u8; PACKET_BYTES]>,
}

/// Allocations, each with a peer.
pub struct TurnLoad {
    turn: CrowdedTurn,
    turns: Turns,
    message: Vec<u8>,
    payload: [u8; PACKET_BYTES],
}

/// Whose turn it is: all flows in one order, again and again, each with a run of packets.
struct Turns {
    order: Vec<u32>,
    at: usize,
    round: u16,
    run: usize,
    batches: u32,
}

impl RoomsLoad {
    /// `flows` participants in rooms of equal size, who send `run` packets in a row.
    pub fn new(flows: u32, participants: u32, run: usize) -> Self {
        let rooms = CrowdedRooms::latched(flows / participants, participants);
        let turns = Turns::new(rooms.crowd, run);
        Self { rooms, turns, packets: vec![[0xA5; PACKET_BYTES]; BATCH] }
    }

    /// One batch; how many copies left.
    pub fn batch(&mut self) -> u64 {
        if self.turns.is_time_to_settle() {
            self.rooms.shard.settle();
        }
        let mut speakers = [0; BATCH];
        for (packet, speaker) in self.packets.iter_mut().zip(&mut speakers) {
            let sequence;
            (*speaker, sequence) = self.turns.next();
            CrowdedRooms::stamp(packet, *speaker, sequence);
        }
        let datagrams = speakers.iter().zip(&self.packets);
        let datagrams = datagrams.map(|(&speaker, packet)| CrowdedRooms::datagram(speaker, packet));
        self.rooms.shard.batch(BATCH_INTERVAL, datagrams)
    }
}

impl TurnLoad {
    /// So many allocations, whose clients or peers send `run` packets in a row.
    pub fn new(allocations: u32, run: usize) -> Self {
        Self {
            turn: CrowdedTurn::allocated(allocations),
            turns: Turns::new(allocations, run),
            message: CrowdedTurn::channel_data(PACKET_BYTES),
            payload: [0xA5; PACKET_BYTES],
        }
    }

    /// One batch from clients; how many packets left for peers.
    pub fn outward(&mut self) -> u64 {
        let clients = self.turns.batch();
        let out = |&number: &u32| CrowdedTurn::from_client(number, &self.message);
        self.turn.shard.batch(BATCH_INTERVAL, clients.iter().map(out))
    }

    /// One batch from peers; how many packets left for clients.
    pub fn inward(&mut self) -> u64 {
        let peers = self.turns.batch();
        let inward = |&number: &u32| CrowdedTurn::from_peer(number, &self.payload);
        self.turn.shard.batch(BATCH_INTERVAL, peers.iter().map(inward))
    }
}

impl Turns {
    fn new(flows: u32, run: usize) -> Self {
        let mut order: Vec<u32> = (0..flows).collect();
        let mut dice = ChaCha8Rng::seed_from_u64(4);
        for last in (1..order.len()).rev() {
            let other = dice.next_u64() % (last as u64 + 1);
            order.swap(last, usize::try_from(other).unwrap_or(last));
        }
        Self { order, at: 0, round: 1, run, batches: 0 }
    }

    /// Who sends next, and the sequence number of its packet.
    fn next(&mut self) -> (u32, u16) {
        let flow = self.order[self.at / self.run];
        let place = u16::try_from(self.at % self.run).unwrap_or_default();
        let sequence = self.round.wrapping_add(place);
        self.at += 1;
        if self.at == self.order.len() * self.run {
            self.at = 0;
            self.round = sequence.wrapping_add(1);
        }
        (flow, sequence)
    }

    fn batch(&mut self) -> [u32; BATCH] {
        std::array::from_fn(|_| self.next().0)
    }

    fn is_time_to_settle(&mut self) -> bool {
        self.batches = (self.batches + 1) % SETTLED_EVERY;
        self.batches == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_of_a_batch_is_passed_on_round_after_round() {
        let mut rooms = RoomsLoad::new(40, 4, 2);
        let mut turn = TurnLoad::new(20, 1);
        for _ in 0..10 {
            assert_eq!(rooms.batch(), 3 * BATCH as u64);
            assert_eq!(turn.outward(), BATCH as u64);
            assert_eq!(turn.inward(), BATCH as u64);
        }
    }
}
