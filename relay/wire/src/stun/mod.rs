//! STUN messages (RFC 8489): read in one pass into a fixed index of borrowed views, written into a
//! caller's slice.
//!
//! A new attribute, TURN's too, is one line in the table of [`Attribute`].

mod address;
mod attribute;
mod content;
mod covered;
mod error_code;
mod fields;
mod fingerprint;
mod header;
mod integrity;
mod message;
mod message_type;
mod shape;
mod writer;

pub use attribute::{Attribute, AttributeType};
pub use error_code::ErrorCode;
pub use fingerprint::FingerprintError;
pub use header::{HEADER_BYTES, MAGIC_COOKIE, TransactionId};
pub use integrity::{IntegrityError, IntegrityKey, IntegrityKeySha256};
pub use message::{ATTRIBUTES_MAX, Message, ParseError, UNKNOWN_MAX};
pub use message_type::{Class, Method};
pub use writer::{WriteError, Writer, stage};
