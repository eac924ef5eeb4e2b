//! The Data indication that wraps a peer's packet (RFC 8656 section 11.3), as what goes in front of
//! the packet and what behind it, so that the packet itself stays where it is.

use core::net::SocketAddr;

use crate::datagram::{FRAME_HEADER_BYTES_MAX, Frame};
use crate::stun::{Attribute, Class, Method, TransactionId, Writer};

/// Everything of a Data indication but the packet.
#[derive(Clone, Copy, Debug)]
pub struct DataIndication {
    header: [u8; FRAME_HEADER_BYTES_MAX],
    header_bytes: usize,
    padding_bytes: usize,
}

impl DataIndication {
    /// Around a packet of so many bytes from `peer`; `None` if the message would be longer than
    /// STUN can say.
    pub fn new(id: TransactionId, peer: SocketAddr, payload_bytes: usize) -> Option<Self> {
        let mut header = [0; FRAME_HEADER_BYTES_MAX];
        let writer = Writer::new(&mut header, Class::Indication, Method::DATA, id).ok()?;
        let written = writer.xor_address(Attribute::XorPeerAddress, peer).ok()?.finish().len();
        let padding_bytes = payload_bytes.next_multiple_of(4).checked_sub(payload_bytes)?;
        let attributes = written.checked_sub(20)?.checked_add(4)?;
        let length = attributes.checked_add(payload_bytes)?.checked_add(padding_bytes)?;
        let value = u16::try_from(payload_bytes).ok()?.to_be_bytes();
        let kind = Attribute::Data.kind().0.to_be_bytes();
        header.get_mut(2..4)?.copy_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
        let data = header.get_mut(written..)?.first_chunk_mut()?;
        *data = [kind[0], kind[1], value[0], value[1]];
        Some(Self { header, header_bytes: written.checked_add(4)?, padding_bytes })
    }

    /// To be put around the packet.
    pub fn frame(&self) -> Frame<'_> {
        let header = self.header.get(..self.header_bytes).unwrap_or_default();
        Frame { header, padding_bytes: self.padding_bytes }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;
    use crate::stun::Message;

    #[test]
    fn a_framed_packet_is_a_whole_indication() {
        for peer in ["192.0.2.1:9", "[2001:db8::7]:65535"] {
            let peer: SocketAddr = peer.parse().unwrap();
            for payload_bytes in 0..9 {
                let payload = [b'x'; 9];
                let payload = &payload[..payload_bytes];
                let around =
                    DataIndication::new(TransactionId([3; 12]), peer, payload_bytes).unwrap();
                let frame = around.frame();
                let mut bytes: Vec<u8> = frame.header.to_vec();
                bytes.extend(payload);
                bytes.resize(bytes.len() + frame.padding_bytes, 0);
                let message = Message::parse(&bytes).unwrap();
                assert_eq!((message.class(), message.method()), (Class::Indication, Method::DATA));
                assert_eq!(message.data(), Some(payload));
                assert_eq!(message.xor_address(Attribute::XorPeerAddress), Some(peer));
            }
        }
    }

    #[test]
    fn a_packet_too_long_for_stun_has_no_indication() {
        let peer = "192.0.2.1:9".parse().unwrap();
        let id = TransactionId([0; 12]);
        assert!(DataIndication::new(id, peer, 65_507).is_some());
        assert!(DataIndication::new(id, peer, 65_520).is_none());
    }
}
