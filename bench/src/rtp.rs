//! The packets of a load: RTP (RFC 3550 section 5.1) whose SSRC names the lane, and whose timestamp is the
//! packet's number in it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Without contributing sources.
pub(crate) const HEADER_BYTES: usize = 12;

/// Version 2, a dynamic payload type: what rooms are introduced with is another.
const VERSION_AND_TYPE: [u8; 2] = [0x80, 111];

/// Writes a packet over one of at least [`HEADER_BYTES`]. Its payload looks encrypted, as the relay looks at
/// that.
pub(crate) fn write(packet: &mut [u8], lane: usize, number: u32, dice: &mut ChaCha8Rng) {
    begin(packet, lane, number);
    dice.fill_bytes(&mut packet[HEADER_BYTES..]);
}

/// Its header alone.
pub(crate) fn begin(packet: &mut [u8], lane: usize, number: u32) {
    let [.., s0, s1] = number.to_be_bytes();
    packet[..2].copy_from_slice(&VERSION_AND_TYPE);
    packet[2..4].copy_from_slice(&[s0, s1]);
    packet[4..8].copy_from_slice(&number.to_be_bytes());
    packet[8..HEADER_BYTES].copy_from_slice(&u32::try_from(lane).unwrap_or(u32::MAX).to_be_bytes());
}

/// Whose packet of a load it is; `None` for any other.
pub(crate) fn lane(packet: &[u8]) -> Option<usize> {
    let rest = packet.strip_prefix(&VERSION_AND_TYPE)?;
    let ssrc = rest.get(6..)?.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*ssrc)).ok()
}

/// How many whole packets are due.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
pub(crate) fn whole(packets: f64) -> u64 {
    packets as u64
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_packet_says_whose_it_is() {
        let (mut packet, mut dice) = (vec![0; 172], ChaCha8Rng::seed_from_u64(0));
        write(&mut packet, 7, 70_000, &mut dice);
        assert_eq!(lane(&packet), Some(7));
        assert_eq!(packet[2..4], (70_000_u32 - 65_536).to_be_bytes()[2..]);
        assert_eq!(lane(&packet[..11]), None);
        packet[1] = 96;
        assert_eq!(lane(&packet), None);
    }
}
