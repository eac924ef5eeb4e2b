//! ERROR-CODE: the number without the prose.

/// Number of an error response, 300..=699 (RFC 8489 section 14.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ErrorCode(u16);

impl ErrorCode {
    /// 300 Try Alternate (RFC 8489 section 14.8).
    pub const TRY_ALTERNATE: Self = Self(300);
    /// 400 Bad Request (RFC 8489 section 14.8).
    pub const BAD_REQUEST: Self = Self(400);
    /// 401 Unauthenticated (RFC 8489 section 14.8).
    pub const UNAUTHENTICATED: Self = Self(401);
    /// 403 Forbidden (RFC 8656 section 19).
    pub const FORBIDDEN: Self = Self(403);
    /// 420 Unknown Attribute (RFC 8489 section 14.8).
    pub const UNKNOWN_ATTRIBUTE: Self = Self(420);
    /// 437 Allocation Mismatch (RFC 8656 section 19).
    pub const ALLOCATION_MISMATCH: Self = Self(437);
    /// 438 Stale Nonce (RFC 8489 section 14.8).
    pub const STALE_NONCE: Self = Self(438);
    /// 440 Address Family not Supported (RFC 8656 section 19).
    pub const ADDRESS_FAMILY_NOT_SUPPORTED: Self = Self(440);
    /// 441 Wrong Credentials (RFC 8656 section 19).
    pub const WRONG_CREDENTIALS: Self = Self(441);
    /// 442 Unsupported Transport Protocol (RFC 8656 section 19).
    pub const UNSUPPORTED_TRANSPORT: Self = Self(442);
    /// 443 Peer Address Family Mismatch (RFC 8656 section 19).
    pub const PEER_FAMILY_MISMATCH: Self = Self(443);
    /// 486 Allocation Quota Reached (RFC 8656 section 19).
    pub const ALLOCATION_QUOTA: Self = Self(486);
    /// 487 Role Conflict (RFC 8445 section 7.1.3).
    pub const ROLE_CONFLICT: Self = Self(487);
    /// 500 Server Error (RFC 8489 section 14.8).
    pub const SERVER_ERROR: Self = Self(500);
    /// 508 Insufficient Capacity (RFC 8656 section 19).
    pub const INSUFFICIENT_CAPACITY: Self = Self(508);

    /// The error of that number; `None` outside 300..=699.
    pub const fn new(number: u16) -> Option<Self> {
        if matches!(number, 300..=699) { Some(Self(number)) } else { None }
    }

    /// Its number, hundreds and all.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The 21 bits before the class are reserved and not looked at.
    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (&[_, _, hundreds, rest], _reason) = value.split_first_chunk()?;
        let hundreds = u16::from(hundreds & 0b111);
        if rest > 99 {
            return None;
        }
        Self::new(hundreds.saturating_mul(100).saturating_add(rest.into()))
    }

    pub(super) fn encode(self) -> [u8; 4] {
        let [_, hundreds] = (self.0 / 100).to_be_bytes();
        let [_, rest] = (self.0 % 100).to_be_bytes();
        [0, 0, hundreds, rest]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_as_they_were_written() {
        for number in 300..=699 {
            let code = ErrorCode::new(number).map(ErrorCode::encode);
            let back = code.and_then(|value| ErrorCode::decode(&value)).map(ErrorCode::number);
            assert_eq!(back, Some(number));
        }
    }

    #[test]
    fn numbers_outside_the_classes_are_refused() {
        assert_eq!(ErrorCode::new(299), None);
        assert_eq!(ErrorCode::new(700), None);
        for value in [[0, 0, 2, 99], [0, 0, 7, 0], [0, 0, 4, 100], [0, 0, 3, 255]] {
            assert_eq!(ErrorCode::decode(&value), None, "{value:?}");
        }
        assert_eq!(ErrorCode::decode(&[0, 0, 4]), None);
    }

    #[test]
    fn reserved_bits_and_reason_phrase_change_nothing() {
        let value = [0xff, 0xff, 0xfc, 1, b'n', b'o'];
        assert_eq!(ErrorCode::decode(&value), Some(ErrorCode::UNAUTHENTICATED));
    }
}
