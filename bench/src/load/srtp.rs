//! Real encryption of the payloads (RFC 3711), by a crate that shares no code with the relay.

use std::time::{Duration, Instant};

use webrtc_srtp::context::Context;
use webrtc_srtp::protection_profile::ProtectionProfile;

use super::speaker::HEADER_BYTES;

const PROFILE: ProtectionProfile = ProtectionProfile::Aes128CmHmacSha1_80;

/// What AES_CM_128_HMAC_SHA1_80 puts behind each packet.
pub const TAG_BYTES: usize = 10;

const KEY: [u8; 16] = *b"bench master key";
const SALT: [u8; 14] = *b"bench's a salt";

/// Every so many packets of a lane one is decrypted: often enough that none is 2^15 numbers away from
/// the one before, which would break the count of roll-overs.
const CHECKED_EVERY: u64 = 64;

/// Encrypts what is sent, packet by packet, and keeps the time that takes.
pub(super) struct Encryption {
    lanes: Vec<Context>,
    packets: u64,
    took: Duration,
}

/// Decrypts some of what arrives.
pub(super) struct Verification {
    lanes: Vec<Context>,
    pub(super) broken: u64,
}

impl Encryption {
    pub(super) fn new(lanes: usize) -> anyhow::Result<Self> {
        Ok(Self { lanes: contexts(lanes)?, packets: 0, took: Duration::ZERO })
    }

    /// Encrypts a packet in place; its last bytes become the tag.
    pub(super) fn encrypt(&mut self, lane: usize, packet: &mut [u8]) -> anyhow::Result<()> {
        let began = Instant::now();
        let plain_bytes = packet.len() - TAG_BYTES;
        // Otherwise it would be what the packet before became.
        packet[HEADER_BYTES..plain_bytes].fill(0xA5);
        packet.copy_from_slice(&self.lanes[lane].encrypt_rtp(&packet[..plain_bytes])?);
        (self.packets, self.took) = (self.packets + 1, self.took + began.elapsed());
        Ok(())
    }

    /// Nanoseconds that a packet took on average.
    pub(super) fn ns_per_packet(&self) -> f64 {
        self.took.as_secs_f64() * 1e9 / self.packets.max(1) as f64
    }
}

impl Verification {
    pub(super) fn new(lanes: usize) -> anyhow::Result<Self> {
        Ok(Self { lanes: contexts(lanes)?, broken: 0 })
    }

    /// Looks at some.
    pub(super) fn see(&mut self, lane: usize, number: u64, packet: &[u8]) {
        if number.is_multiple_of(CHECKED_EVERY) {
            let plain = self.lanes[lane].decrypt_rtp(packet);
            let same = plain.is_ok_and(|plain| {
                plain.len() + TAG_BYTES == packet.len()
                    && plain[HEADER_BYTES..].iter().all(|&byte| byte == 0xA5)
            });
            self.broken += u64::from(!same);
        }
    }
}

fn contexts(lanes: usize) -> anyhow::Result<Vec<Context>> {
    let one = |_| Context::new(&KEY, &SALT, PROFILE, None, None);
    Ok((0..lanes).map(one).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::super::schedule::Schedule;
    use super::super::shape::Shape;
    use super::super::speaker::{Speaker, read_header};
    use super::*;

    #[test]
    fn headers_stay_readable_and_a_changed_byte_shows() {
        let schedule = Schedule::new(&Shape::burst(200, 2), 1, 1000);
        let mut speaker = Speaker::new(&schedule, Some(Encryption::new(1).unwrap()));
        let mut verification = Verification::new(1).unwrap();
        for turn in 0..70_000 {
            let place = schedule.place(turn);
            let packet = &mut speaker.speak(&place).unwrap()[..200].to_vec();
            assert_eq!(read_header(packet), Some((0, place.first)));
            assert_ne!(packet[12..24], [0xA5; 12]);
            verification.see(0, place.first, packet);
            assert_eq!(verification.broken, 0, "packet {}", place.first);
            if turn == 69_984 {
                packet[100] ^= 1;
                verification.see(0, place.first, packet);
                assert_eq!(verification.broken, 1);
                verification.broken = 0;
            }
        }
        assert!(speaker.encryption().unwrap().ns_per_packet() > 0.0);
    }
}
