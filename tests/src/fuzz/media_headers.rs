//! RTP and RTCP headers, read a second time from the figures of RFC 3550.

use ringfence_wire::rtcp::{RtcpError, RtcpHeader};
use ringfence_wire::rtp::{RtpError, RtpHeader, RtpTimestamp, SequenceNumber, Ssrc};

/// One datagram as either.
pub(super) fn run(datagram: &[u8]) {
    assert_eq!(RtpHeader::peek(datagram), rtp(datagram));
    assert_eq!(RtcpHeader::peek(datagram), rtcp(datagram));
    // A start of a packet is a packet only if all of its header is there.
    if let Ok(header) = RtpHeader::peek(datagram) {
        assert_eq!(RtpHeader::peek(&datagram[..header.header_bytes]), Ok(header));
        assert!(RtpHeader::peek(&datagram[..header.header_bytes - 1]).is_err());
    }
}

/// RFC 3550 sections 5.1 and 5.3.1.
fn rtp(datagram: &[u8]) -> Result<RtpHeader, RtpError> {
    let word = |at: usize| number(datagram, at, 4);
    if datagram.len() < 12 {
        return Err(RtpError::Truncated);
    }
    let bits = |from: u32, count: u32| word(0) << from >> (32 - count);
    if bits(0, 2) != 2 {
        return Err(RtpError::Version);
    }
    let fixed_and_csrcs = 12 + 4 * bits(4, 4) as usize;
    if datagram.len() < fixed_and_csrcs {
        return Err(RtpError::Csrcs);
    }
    let mut header_bytes = fixed_and_csrcs;
    if bits(3, 1) == 1 {
        header_bytes += 4;
        if datagram.len() < header_bytes {
            return Err(RtpError::Extension);
        }
        header_bytes += 4 * number(datagram, header_bytes - 2, 2) as usize;
    }
    if datagram.len() < header_bytes {
        return Err(RtpError::Extension);
    }
    Ok(RtpHeader {
        marker: bits(8, 1) == 1,
        payload_type: u8::try_from(bits(9, 7)).expect("7 bits"),
        sequence: SequenceNumber(u16::try_from(bits(16, 16)).expect("16 bits")),
        timestamp: RtpTimestamp(word(4)),
        ssrc: Ssrc(word(8)),
        header_bytes,
    })
}

/// RFC 3550 section 6.4.1.
fn rtcp(datagram: &[u8]) -> Result<RtcpHeader, RtcpError> {
    if datagram.len() < 8 {
        return Err(RtcpError::Truncated);
    }
    let bits = |from: u32, count: u32| number(datagram, 0, 4) << from >> (32 - count);
    let packet_bytes = 4 * (bits(16, 16) as usize + 1);
    if bits(0, 2) != 2 {
        return Err(RtcpError::Version);
    }
    if !(192..224).contains(&bits(8, 8)) {
        return Err(RtcpError::PacketType);
    }
    if packet_bytes < 8 || packet_bytes > datagram.len() {
        return Err(RtcpError::Length);
    }
    Ok(RtcpHeader {
        count: u8::try_from(bits(3, 5)).expect("5 bits"),
        packet_type: u8::try_from(bits(8, 8)).expect("8 bits"),
        packet_bytes,
        sender: Ssrc(number(datagram, 4, 4)),
    })
}

/// In network order.
fn number(datagram: &[u8], at: usize, bytes: usize) -> u32 {
    datagram[at..at + bytes].iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_reading_knows_an_extension_and_contributors() {
        let mut packet =
            vec![0x91, 0xE0, 1, 2, 0, 0, 0, 3, 0, 0, 0, 4, 9, 9, 9, 9, 0xBE, 0xDE, 0, 1];
        packet.extend([7; 4]);
        let read = rtp(&packet).unwrap();
        assert_eq!((read.header_bytes, read.marker, read.payload_type), (24, true, 0x60));
        assert_eq!((read.sequence.0, read.timestamp.0, read.ssrc.0), (0x0102, 3, 4));
        packet.pop();
        assert_eq!(rtp(&packet), Err(RtpError::Extension));
    }
}
