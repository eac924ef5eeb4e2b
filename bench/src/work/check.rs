//! Whether work works: what tests ask of every kind.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Work;

/// A hang is a failure after this long; nothing is timed by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends three packets on each lane, each bytes of its own, and waits until all copies of them have
/// arrived unchanged, and no others.
pub(super) fn every_lane_is_heard(work: &mut dyn Work) {
    let mut missing = BTreeMap::new();
    for lane in 0..work.lanes() {
        let packets: Vec<Vec<u8>> = (0..3).map(|number| packet(lane, number)).collect();
        work.send(lane, &packets.concat(), PACKET_BYTES).unwrap();
        missing.extend(packets.into_iter().map(|packet| (packet, work.copies(lane))));
        work.flush().unwrap();
    }
    let began = Instant::now();
    while !missing.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{} packets were not heard", missing.len());
        let mut hear = |packet: &[u8], _: Instant| {
            let left = missing.get_mut(packet).expect("nobody sent that, or not so often");
            *left -= 1;
            if *left == 0 {
                missing.remove(packet);
            }
        };
        work.receive(&mut hear).unwrap();
    }
    assert_eq!(work.own_drops(), 0);
}

const PACKET_BYTES: usize = 172;

fn packet(lane: usize, number: u8) -> Vec<u8> {
    let mut packet = vec![0xA5; PACKET_BYTES];
    packet[..8].copy_from_slice(&[0x80, 111, 0, number, 0, 0, 0, number]);
    packet[8..12].copy_from_slice(&u32::try_from(lane).unwrap().to_be_bytes());
    packet
}
