//! A received message.

use core::{error, fmt};

use super::attribute::{Attribute, AttributeType};
use super::content::Content;
use super::header::{Header, TransactionId};
use super::message_type::{Class, Method};

/// Attributes that a message may have. A TURN request has a dozen; a datagram of empty attributes
/// could hold 16,000, each of which costs us a turn of a loop.
pub const ATTRIBUTES_MAX: usize = 32;

/// Attribute types that are remembered for a 420 answer. One suffices to refuse the message, and a
/// longer list would only help a sender to have more bytes returned.
pub const UNKNOWN_MAX: usize = 8;

/// A STUN message (RFC 8489 section 5), its attributes as views into the datagram.
///
/// Of attributes that appear more than once the first counts. Those after MESSAGE-INTEGRITY or
/// MESSAGE-INTEGRITY-SHA256 are not covered by it and do not exist here, so what a successful
/// verification has covered is all that can be read.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    header: Header,
    pub(super) content: Content<'a>,
}

impl<'a> Message<'a> {
    /// Reads a datagram that is one whole message. Nothing is verified yet.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong; such a datagram is dropped, never answered.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let (header, attributes) = Header::split(datagram)?;
        Ok(Self { header, content: Content::walk(datagram, attributes)? })
    }

    /// Request, indication, success or error.
    pub fn class(&self) -> Class {
        self.header.class
    }

    /// What it is about.
    pub fn method(&self) -> Method {
        self.header.method
    }

    /// Its transaction.
    pub fn transaction_id(&self) -> TransactionId {
        self.header.transaction_id
    }

    /// An attribute's value without padding, of the shape that the attribute has.
    pub fn value(&self, attribute: Attribute) -> Option<&'a [u8]> {
        self.content.value(attribute)
    }

    /// The values of every attribute of this type, in order and without a look at their shapes.
    pub(super) fn values(&self, attribute: Attribute) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.content.values(attribute)
    }

    /// Types of attributes that must be understood and are not: at most [`UNKNOWN_MAX`], each once,
    /// in the order they came. Not empty means 420 for a request and silence for anything else
    /// (RFC 8489 section 6.3).
    pub fn unknown_required(&self) -> &[AttributeType] {
        self.content.unknown()
    }

    /// Whether there is a MESSAGE-INTEGRITY; not whether it is right.
    pub fn has_integrity(&self) -> bool {
        self.content.integrity.is_some()
    }

    /// Whether there is a MESSAGE-INTEGRITY-SHA256; not whether it is right.
    pub fn has_integrity_sha256(&self) -> bool {
        self.content.integrity_sha256.is_some()
    }

    /// Whether there is a FINGERPRINT; not whether it is right.
    pub fn has_fingerprint(&self) -> bool {
        self.content.fingerprint.is_some()
    }
}

/// Why a datagram is no STUN message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ParseError {
    /// Shorter than a header.
    Truncated,
    /// First two bits not zero, or not the magic cookie.
    NotStun,
    /// The header's length is no multiple of 4, or not what follows the header.
    Length,
    /// An attribute runs past the end.
    Attribute,
    /// More than [`ATTRIBUTES_MAX`].
    TooManyAttributes,
    /// A value that its attribute cannot have.
    Value(AttributeType),
    /// Something follows FINGERPRINT, which "MUST be the last attribute" (RFC 8489 section 14.7).
    AfterFingerprint,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("shorter than a STUN header"),
            Self::NotStun => f.write_str("no STUN magic cookie"),
            Self::Length => f.write_str("STUN length is not that of the datagram"),
            Self::Attribute => f.write_str("attribute runs past the message"),
            Self::TooManyAttributes => write!(f, "more than {ATTRIBUTES_MAX} attributes"),
            Self::Value(AttributeType(kind)) => write!(f, "bad value of attribute {kind:#06x}"),
            Self::AfterFingerprint => f.write_str("FINGERPRINT is not the last attribute"),
        }
    }
}

impl error::Error for ParseError {}
