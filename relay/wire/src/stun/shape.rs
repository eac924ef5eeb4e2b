//! What an attribute's value must look like for its fields to be readable.

use core::ops::RangeInclusive;

use super::{address, error_code::ErrorCode};

/// Checked once, when a message is read or an attribute written; whoever reads a field later finds
/// either nothing or something sound.
pub(super) enum Shape {
    /// Any bytes, so many of them.
    Bytes(RangeInclusive<usize>),
    /// Family, port and address of that family (RFC 8489 sections 14.1 and 14.2).
    Address,
    /// Class, number and reason phrase (RFC 8489 section 14.8).
    ErrorCode,
    /// Attribute types, two bytes each (RFC 8489 section 14.13).
    Types,
}

impl Shape {
    pub(super) fn fits(&self, value: &[u8]) -> bool {
        match self {
            Self::Bytes(lengths) => lengths.contains(&value.len()),
            Self::Address => address::is_sound(value),
            Self::ErrorCode => value.len() <= ERROR_BYTES_MAX && ErrorCode::decode(value).is_some(),
            Self::Types => value.len().is_multiple_of(2),
        }
    }
}

/// RFC 8489 section 14.3: USERNAME is "less than 509 bytes".
pub(super) const USERNAME: Shape = Shape::Bytes(0..=508);
/// RFC 8489 sections 14.9, 14.10 and 14.14: "fewer than 128 characters, which can be as long as 763
/// bytes".
pub(super) const TEXT: Shape = Shape::Bytes(0..=763);
/// Four bytes of code, then a reason phrase of the same 763 bytes (RFC 8489 section 14.8).
const ERROR_BYTES_MAX: usize = 4 + 763;
pub(super) const FLAG: Shape = Shape::Bytes(0..=0);
pub(super) const U32: Shape = Shape::Bytes(4..=4);
pub(super) const U64: Shape = Shape::Bytes(8..=8);
