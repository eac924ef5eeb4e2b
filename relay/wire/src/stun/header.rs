//! The 20 bytes that every STUN message begins with (RFC 8489 section 5).

use super::message::ParseError;
use super::message_type::{self, Class, Method};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 20;

/// Bytes 4 to 8 of every message, in network order.
pub const MAGIC_COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();

/// 96 bits that tie a response to its request; whoever asks draws them from a CSPRNG.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TransactionId(pub [u8; 12]);

/// The header without cookie and length, which are checked and then implied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) class: Class,
    pub(super) method: Method,
    pub(super) transaction_id: TransactionId,
}

impl Header {
    /// Splits a datagram into header and attributes.
    pub(super) fn split(datagram: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let (&header, attributes) = datagram.split_first_chunk().ok_or(ParseError::Truncated)?;
        let [t0, t1, l0, l1, c0, c1, c2, c3, transaction_id @ ..]: [u8; HEADER_BYTES] = header;
        let message_type = message_type::decode(u16::from_be_bytes([t0, t1]));
        let (class, method) = message_type.ok_or(ParseError::NotStun)?;
        if [c0, c1, c2, c3] != MAGIC_COOKIE {
            return Err(ParseError::NotStun);
        }
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if length != attributes.len() || !length.is_multiple_of(4) {
            return Err(ParseError::Length);
        }
        Ok((Self { class, method, transaction_id: TransactionId(transaction_id) }, attributes))
    }

    /// The header of a message that has no attributes yet.
    pub(super) fn encode(self) -> [u8; HEADER_BYTES] {
        let [t0, t1] = message_type::encode(self.class, self.method).to_be_bytes();
        let [c0, c1, c2, c3] = MAGIC_COOKIE;
        let TransactionId([i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11]) = self.transaction_id;
        [t0, t1, 0, 0, c0, c1, c2, c3, i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11]
    }
}
