//! What a speaker says: RTP packets of one length.

use std::time::Duration;

/// One RTP stream. The first eight payload bytes say when the packet should have been sent.
pub struct Voice {
    packet: Vec<u8>,
    sequence: u16,
}

const STAMP: std::ops::Range<usize> = 12..20;

impl Voice {
    /// A stream of packets of `bytes`, header included; at least 20.
    pub fn new(ssrc: u32, bytes: usize) -> Self {
        let mut packet = vec![0xA5; bytes.max(STAMP.end)];
        packet[..2].copy_from_slice(&[0x80, 111]);
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        Self { packet, sequence: 0 }
    }

    /// The next packet, meant to be sent at `since_start`.
    pub fn next(&mut self, since_start: Duration) -> &[u8] {
        let since_start_ns = u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX);
        // RFC 3551: 48 ticks a millisecond, as Opus has; wraps as RTP timestamps do.
        let timestamp = u32::try_from(since_start.as_millis() * 48 % (1 << 32)).unwrap_or(0);
        self.packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        self.packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        self.packet[STAMP].copy_from_slice(&since_start_ns.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        &self.packet
    }
}

/// When a packet should have been sent; `None` if it is not one of ours.
pub fn stamp(packet: &[u8]) -> Option<Duration> {
    let &[0x80, 111, ..] = packet else { return None };
    let stamp = packet.get(STAMP)?.first_chunk()?;
    Some(Duration::from_nanos(u64::from_be_bytes(*stamp)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_carries_its_time_and_other_bytes_carry_none() {
        let sent = Duration::from_nanos(12_345_678_901);
        let mut voice = Voice::new(7, 200);
        assert_eq!(stamp(voice.next(sent)), Some(sent));
        assert_eq!(stamp(&[0; 200]), None);
        assert_eq!(stamp(&[0x80, 111]), None);
    }
}
