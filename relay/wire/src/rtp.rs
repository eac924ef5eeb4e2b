//! The RTP header, the one part of a media packet that a relay can read: SRTP leaves it in the
//! clear and encrypts the rest (RFC 3711 section 3.1).

use core::{error, fmt};

/// Synchronization source (RFC 3550 section 3): who speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ssrc(pub u32);

/// Place of a packet in its source's stream, wrapping at 2^16 (RFC 3550 section 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SequenceNumber(pub u16);

/// Sampling instant in units of the payload format's clock, wrapping at 2^32 (RFC 3550 section 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RtpTimestamp(pub u32);

/// Fields of the fixed header (RFC 3550 section 5.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RtpHeader {
    /// Marker bit; its meaning is the payload format's.
    pub marker: bool,
    /// Payload type, 0..=127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: SequenceNumber,
    /// Timestamp.
    pub timestamp: RtpTimestamp,
    /// Who sends.
    pub ssrc: Ssrc,
    /// Bytes of fixed header, CSRC list and header extension together; never more than the datagram.
    pub header_bytes: usize,
}

impl RtpHeader {
    /// Reads the header of an RTP or SRTP datagram and checks that all of it is there.
    ///
    /// The padding count is not looked at: SRTP encrypts it. Nor is the payload, which may be empty.
    ///
    /// # Errors
    /// [`RtpError`], in the order of its variants.
    #[inline]
    pub fn peek(datagram: &[u8]) -> Result<Self, RtpError> {
        let (&fixed, after_fixed) = datagram.split_first_chunk().ok_or(RtpError::Truncated)?;
        let [first, second, q0, q1, t0, t1, t2, t3, s0, s1, s2, s3] = fixed;
        if first & VERSION_MASK != VERSION_2 {
            return Err(RtpError::Version);
        }
        let payload = after_extension(first, after_csrcs(first, after_fixed)?)?;
        Ok(Self {
            marker: second & MARKER != 0,
            payload_type: second & !MARKER,
            sequence: SequenceNumber(u16::from_be_bytes([q0, q1])),
            timestamp: RtpTimestamp(u32::from_be_bytes([t0, t1, t2, t3])),
            ssrc: Ssrc(u32::from_be_bytes([s0, s1, s2, s3])),
            header_bytes: datagram.len().saturating_sub(payload.len()),
        })
    }
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RtpError {
    /// Shorter than the 12 bytes of the fixed header.
    Truncated,
    /// Version is not 2.
    Version,
    /// The CSRC list runs past the end of the datagram.
    Csrcs,
    /// The header extension runs past the end of the datagram.
    Extension,
}

impl fmt::Display for RtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "shorter than an RTP header",
            Self::Version => "RTP version is not 2",
            Self::Csrcs => "CSRC list runs past the datagram",
            Self::Extension => "header extension runs past the datagram",
        })
    }
}

impl error::Error for RtpError {}

pub(crate) const VERSION_MASK: u8 = 0b1100_0000;
pub(crate) const VERSION_2: u8 = 0b1000_0000;
const EXTENSION: u8 = 0b0001_0000;
const CSRC_COUNT: u8 = 0b0000_1111;
const MARKER: u8 = 0b1000_0000;
/// CSRCs and extension words are 32 bits wide (RFC 3550 sections 5.1 and 5.3.1).
const WORD_BYTES: usize = 4;

fn after_csrcs(first: u8, rest: &[u8]) -> Result<&[u8], RtpError> {
    let csrcs = usize::from(first & CSRC_COUNT);
    rest.get(csrcs.saturating_mul(WORD_BYTES)..).ok_or(RtpError::Csrcs)
}

fn after_extension(first: u8, rest: &[u8]) -> Result<&[u8], RtpError> {
    if first & EXTENSION == 0 {
        return Ok(rest);
    }
    let (&[_, _, w0, w1], rest) = rest.split_first_chunk().ok_or(RtpError::Extension)?;
    let words = usize::from(u16::from_be_bytes([w0, w1]));
    rest.get(words.saturating_mul(WORD_BYTES)..).ok_or(RtpError::Extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: [u8; 14] =
        [0x80, 0xe0, 0x12, 0x34, 0, 0, 0x10, 0, 0xde, 0xad, 0xbe, 0xef, 0xaa, 0xbb];

    #[test]
    fn fixed_header_is_read_field_by_field() {
        let expected = RtpHeader {
            marker: true,
            payload_type: 0x60,
            sequence: SequenceNumber(0x1234),
            timestamp: RtpTimestamp(0x1000),
            ssrc: Ssrc(0xdead_beef),
            header_bytes: 12,
        };
        assert_eq!(RtpHeader::peek(&PLAIN), Ok(expected));
    }

    #[test]
    fn datagram_cut_inside_the_fixed_header_is_refused() {
        for length in 0..12 {
            assert_eq!(RtpHeader::peek(&PLAIN[..length]), Err(RtpError::Truncated));
        }
        assert!(RtpHeader::peek(&PLAIN[..12]).is_ok());
    }

    #[test]
    fn only_version_2_is_rtp() {
        for version in [0, 1, 3] {
            let mut packet = PLAIN;
            packet[0] = version << 6;
            assert_eq!(RtpHeader::peek(&packet), Err(RtpError::Version));
        }
    }

    #[test]
    fn csrcs_that_do_not_fit_are_refused() {
        let mut packet = [0; 12 + 15 * 4];
        packet[0] = 0x8f;
        assert_eq!(RtpHeader::peek(&packet).map(|header| header.header_bytes), Ok(packet.len()));
        assert_eq!(RtpHeader::peek(&packet[..packet.len() - 1]), Err(RtpError::Csrcs));
    }

    #[test]
    fn extension_that_does_not_fit_is_refused() {
        let mut packet = [0; 12 + 4 + 4 + 8];
        packet[0] = 0x91;
        packet[16..20].copy_from_slice(&[0xbe, 0xde, 0, 2]);
        assert_eq!(RtpHeader::peek(&packet).map(|header| header.header_bytes), Ok(packet.len()));
        for length in 16..packet.len() {
            assert_eq!(RtpHeader::peek(&packet[..length]), Err(RtpError::Extension), "{length}");
        }
        packet[18..20].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(RtpHeader::peek(&packet), Err(RtpError::Extension));
    }

    #[test]
    fn padding_bit_is_left_to_the_receiver() {
        let mut packet = PLAIN;
        packet[0] |= 0x20;
        packet[13] = 0xff;
        assert!(RtpHeader::peek(&packet).is_ok());
    }
}
