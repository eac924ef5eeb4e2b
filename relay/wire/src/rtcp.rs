//! The first header of a compound RTCP packet: with the sender's SSRC, its eight bytes are all that
//! SRTCP leaves in the clear (RFC 3711 section 3.4).

use core::{error, fmt};

use crate::rtp::{Ssrc, VERSION_2, VERSION_MASK};

/// First header of a compound packet (RFC 3550 section 6.4.1, RFC 4585 section 6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RtcpHeader {
    /// Report count, source count or feedback format, by packet type: 0..=31.
    pub count: u8,
    /// Packet type, 192..=223 (RFC 5761 section 4).
    pub packet_type: u8,
    /// Bytes of the first packet with its header: 8 or more, a multiple of 4, never more than the
    /// datagram.
    pub packet_bytes: usize,
    /// SSRC of whoever sent the packet.
    pub sender: Ssrc,
}

impl RtcpHeader {
    /// Reads the first header of an RTCP or SRTCP datagram.
    ///
    /// Any packet type of the range may come first, as reduced-size RTCP allows (RFC 5506). A packet
    /// without a sender SSRC may not: nobody could be charged with it.
    ///
    /// # Errors
    /// [`RtcpError`], in the order of its variants.
    #[inline]
    pub fn peek(datagram: &[u8]) -> Result<Self, RtcpError> {
        let (&clear, _) = datagram.split_first_chunk().ok_or(RtcpError::Truncated)?;
        let [first, packet_type, l0, l1, s0, s1, s2, s3] = clear;
        if first & VERSION_MASK != VERSION_2 {
            return Err(RtcpError::Version);
        }
        if !PACKET_TYPES.contains(&packet_type) {
            return Err(RtcpError::PacketType);
        }
        let packet_bytes = packet_bytes(u16::from_be_bytes([l0, l1]));
        if !(clear.len()..=datagram.len()).contains(&packet_bytes) {
            return Err(RtcpError::Length);
        }
        let sender = Ssrc(u32::from_be_bytes([s0, s1, s2, s3]));
        Ok(Self { count: first & COUNT, packet_type, packet_bytes, sender })
    }
}

/// Why a datagram is no RTCP packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RtcpError {
    /// Shorter than header and sender SSRC, 8 bytes.
    Truncated,
    /// Version is not 2.
    Version,
    /// Packet type outside 192..=223.
    PacketType,
    /// The first packet has no sender SSRC, or runs past the end of the datagram.
    Length,
}

impl fmt::Display for RtcpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "shorter than an RTCP header",
            Self::Version => "RTCP version is not 2",
            Self::PacketType => "packet type is not RTCP's",
            Self::Length => "first RTCP packet does not fit the datagram",
        })
    }
}

impl error::Error for RtcpError {}

const COUNT: u8 = 0b0001_1111;
const PACKET_TYPES: core::ops::RangeInclusive<u8> = 192..=223;

/// "The length of this RTCP packet in 32-bit words minus one" (RFC 3550 section 6.4.1).
fn packet_bytes(length_field: u16) -> usize {
    usize::from(length_field).saturating_add(1).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receiver report with one block would be 32 bytes; this one is empty, then an SRTCP trailer.
    const REPORT: [u8; 12] = [0x81, 201, 0, 1, 0xde, 0xad, 0xbe, 0xef, 0x80, 0, 0, 1];

    #[test]
    fn first_header_is_read_field_by_field() {
        let expected =
            RtcpHeader { count: 1, packet_type: 201, packet_bytes: 8, sender: Ssrc(0xdead_beef) };
        assert_eq!(RtcpHeader::peek(&REPORT), Ok(expected));
    }

    #[test]
    fn cut_header_is_refused() {
        for length in 0..8 {
            assert_eq!(RtcpHeader::peek(&REPORT[..length]), Err(RtcpError::Truncated));
        }
    }

    #[test]
    fn only_version_2_is_rtcp() {
        for version in [0, 1, 3] {
            let mut packet = REPORT;
            packet[0] = version << 6;
            assert_eq!(RtcpHeader::peek(&packet), Err(RtcpError::Version));
        }
    }

    #[test]
    fn packet_types_are_those_that_demultiplexing_gives_to_rtcp() {
        for packet_type in 0..=u8::MAX {
            let mut packet = REPORT;
            packet[1] = packet_type;
            let by_demux = crate::demux::Kind::of(&packet) == crate::demux::Kind::Rtcp;
            assert_eq!(RtcpHeader::peek(&packet).is_ok(), by_demux, "{packet_type}");
        }
    }

    #[test]
    fn length_must_hold_an_ssrc_and_fit_the_datagram() {
        for (words, sane) in [(0, false), (1, true), (2, true), (3, false), (u16::MAX, false)] {
            let mut packet = REPORT;
            packet[2..4].copy_from_slice(&words.to_be_bytes());
            let peeked = RtcpHeader::peek(&packet);
            assert_eq!(peeked.is_ok(), sane, "{words} words");
            assert!(sane || peeked == Err(RtcpError::Length));
        }
    }
}
