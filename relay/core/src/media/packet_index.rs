//! Packet numbering as SRTP counts it (RFC 3711 section 3.3.1).

use serde::{Deserialize, Serialize};

/// 48-bit packet index: the rollover counter, then the sequence number of RTP.
///
/// Whoever joins late needs the rollover counter to decrypt, and cannot learn it from the packets.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(from = "u64", into = "u64")]
pub struct PacketIndex(u64);

const ROUND: u64 = 1 << 16;
/// Half of the 16-bit sequence space: how far `nearest` reaches.
const HALF: u64 = ROUND / 2;
const QUARTER: u64 = ROUND / 4;

impl PacketIndex {
    /// The index of these two parts.
    pub fn new(rollover_counter: u32, sequence: u16) -> Self {
        Self((u64::from(rollover_counter) << 16) | u64::from(sequence))
    }

    /// ROC: how often the sequence number has wrapped.
    pub fn rollover_counter(self) -> u32 {
        u32::try_from(self.0 >> 16).unwrap_or(u32::MAX)
    }

    /// SEQ: the 16 bits that RTP carries.
    pub fn sequence(self) -> u16 {
        u16::try_from(self.0 % ROUND).unwrap_or_default()
    }

    /// The index of a packet with this sequence number, given that the highest so far is `self`:
    /// whichever is nearest (RFC 3711 section 3.3.1 and appendix A).
    #[must_use]
    pub fn nearest(self, sequence: u16) -> Self {
        let same_round = self.0 - self.0 % ROUND + u64::from(sequence);
        if same_round + HALF < self.0 {
            Self((same_round + ROUND) & INDEX_MASK)
        } else if same_round > self.0 + HALF && same_round >= ROUND {
            Self(same_round - ROUND)
        } else {
            Self(same_round)
        }
    }

    /// Whether `later` lies in another quarter of the sequence space. Telling others at each
    /// crossing is enough for them to continue the count: what they were told is less than a quarter
    /// old, so a packet that is up to a quarter further still lies within the reach of `nearest`.
    pub fn crosses_quarter(self, later: Self) -> bool {
        self.0 / QUARTER != later.0 / QUARTER
    }

    /// The index that many packets further on.
    pub(crate) fn later_by(self, packets: u64) -> Self {
        Self((self.0 + packets) & INDEX_MASK)
    }

    /// Packets from `earlier` to `self`, both counted; zero when it lies behind.
    pub(crate) fn span_from(self, earlier: Self) -> u64 {
        (self.0 + 1).saturating_sub(earlier.0)
    }
}

const INDEX_MASK: u64 = (1 << 48) - 1;

impl From<u64> for PacketIndex {
    /// Of more than 48 bits, the lower ones.
    fn from(index: u64) -> Self {
        Self(index & INDEX_MASK)
    }
}

impl From<PacketIndex> for u64 {
    fn from(index: PacketIndex) -> Self {
        index.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_follows_the_sequence_over_its_end_and_back() {
        let high = PacketIndex::new(0, 65_535);
        let wrapped = high.nearest(2);
        assert_eq!((wrapped.rollover_counter(), wrapped.sequence()), (1, 2));
        assert_eq!(wrapped.nearest(65_534), PacketIndex::new(0, 65_534));
    }

    #[test]
    fn a_late_packet_before_the_first_wrap_stays_in_round_zero() {
        assert_eq!(PacketIndex::new(0, 3).nearest(65_000).rollover_counter(), 0);
    }

    #[test]
    fn a_count_continues_exactly_a_quarter_round_after_it_was_told() {
        let mut told = PacketIndex::new(0, 40_000);
        let mut highest = told;
        for truth in 40_001..440_000_u64 {
            let next = highest.nearest(sequence_of(truth));
            if highest.crosses_quarter(next) {
                told = next;
            }
            highest = next;
            let ahead = truth + QUARTER - 1;
            let continued = told.nearest(sequence_of(ahead));
            assert_eq!((highest.0, continued.0), (truth, ahead));
        }
    }

    fn sequence_of(index: u64) -> u16 {
        u16::try_from(index % ROUND).unwrap()
    }
}
