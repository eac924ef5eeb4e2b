//! Writes the packets of a turn.

use super::schedule::{Place, Schedule};
use super::srtp::{Encryption, TAG_BYTES};

/// What tells a packet (RFC 3550 section 5.1): version and payload type, sequence number, timestamp,
/// SSRC.
pub(super) const HEADER_BYTES: usize = 12;

/// Version 2, no extension, no contributors; a dynamic payload type.
const VERSION_AND_TYPE: [u8; 2] = [0x80, 111];

/// Writes packets into a buffer that it keeps.
pub(super) struct Speaker {
    turn: Vec<u8>,
    encryption: Option<Encryption>,
}

impl Speaker {
    pub(super) fn new(schedule: &Schedule, encryption: Option<Encryption>) -> Self {
        Self { turn: vec![0xA5; schedule.turn_bytes_max()], encryption }
    }

    /// The packets of a turn, back to back.
    pub(super) fn speak(&mut self, place: &Place) -> anyhow::Result<&[u8]> {
        let bytes = place.turn.bytes_total();
        let packets = self.turn[..bytes].chunks_mut(place.turn.packet_bytes.min(bytes));
        for (packet, number) in packets.zip(place.first..) {
            write_header(packet, place.lane, number);
            if let Some(encryption) = &mut self.encryption {
                encryption.encrypt(place.lane, packet)?;
            }
        }
        Ok(&self.turn[..bytes])
    }

    pub(super) fn encryption(&self) -> Option<&Encryption> {
        self.encryption.as_ref()
    }
}

/// Lane and number of a packet; `None` if it is none of ours.
pub(super) fn read_header(packet: &[u8]) -> Option<(usize, u64)> {
    let (header, _) = packet.split_first_chunk::<HEADER_BYTES>()?;
    let [0x80, 111, _, _, n0, n1, n2, n3, lane @ ..] = *header else { return None };
    let lane = usize::try_from(u32::from_be_bytes(lane)).ok()?;
    Some((lane, u64::from(u32::from_be_bytes([n0, n1, n2, n3]))))
}

fn write_header(packet: &mut [u8], lane: usize, number: u64) {
    let [.., s0, s1] = number.to_be_bytes();
    let [.., n0, n1, n2, n3] = number.to_be_bytes();
    let [.., l0, l1, l2, l3] = (lane as u64).to_be_bytes();
    let [version, kind] = VERSION_AND_TYPE;
    let header = [version, kind, s0, s1, n0, n1, n2, n3, l0, l1, l2, l3];
    packet[..HEADER_BYTES].copy_from_slice(&header);
}

const _: () = assert!(HEADER_BYTES + TAG_BYTES < 32, "the shortest packet has both");

#[cfg(test)]
mod tests {
    use super::super::shape::{Mix, Shape};
    use super::*;

    #[test]
    fn each_packet_of_a_turn_says_its_lane_and_number() {
        let schedule = Schedule::new(&Shape { mix: Mix::Video, burst: 1 }, 3, 1000);
        let mut speaker = Speaker::new(&schedule, None);
        let place = schedule.place(2 + 3 * 500);
        let turn = speaker.speak(&place).unwrap();
        let told: Vec<_> = turn.chunks(place.turn.packet_bytes).map(read_header).collect();
        let meant: Vec<_> =
            (place.first..).take(told.len()).map(|number| Some((2, number))).collect();
        assert_eq!(told, meant);
        assert_eq!(told.len() as u64, place.turn.packets);
    }

    #[test]
    fn what_is_no_packet_of_ours_says_nothing() {
        assert_eq!(read_header(&[0x80, 111, 0]), None);
        assert_eq!(read_header(&[0; 172]), None);
    }
}
