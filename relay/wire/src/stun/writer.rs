//! A message to send, written into a caller's slice.

use core::marker::PhantomData;
use core::net::{IpAddr, SocketAddr};
use core::{error, fmt};

use super::attribute::{Attribute, AttributeType};
use super::covered::Covered;
use super::error_code::ErrorCode;
use super::fingerprint::{FINGERPRINT_BYTES, fingerprint};
use super::header::{HEADER_BYTES, Header, TransactionId};
use super::integrity::{IntegrityKey, IntegrityKeySha256};
use super::message_type::{Class, Method};
use super::{address, address::xor};

/// Writes one message: attributes, then what closes it, in an order that the types enforce.
///
/// ```
/// use ringfence_wire::stun::{Attribute, Class, IntegrityKey, Method, TransactionId, Writer};
/// # use ringfence_wire::stun::{Message, WriteError};
/// let mut buffer = [0; 128];
/// let key = IntegrityKey::short_term(b"VOkJxbRl1RmTxUk/WvJxBt");
/// let bytes = Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([7; 12]))?
///     .bytes(Attribute::Username, b"them:us")?
///     .integrity(&key)?
///     .fingerprint()?
///     .finish();
/// assert!(Message::parse(bytes).is_ok_and(|message| message.verify_integrity(&key).is_ok()));
/// # Ok::<(), WriteError>(())
/// ```
///
/// Nothing can follow the integrity attribute but the fingerprint:
///
/// ```compile_fail,E0599
/// # use ringfence_wire::stun::{Attribute, Class, IntegrityKey, Method, TransactionId, WriteError, Writer};
/// # let mut buffer = [0; 128];
/// # let key = IntegrityKey::short_term(b"VOkJxbRl1RmTxUk/WvJxBt");
/// Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([7; 12]))?
///     .integrity(&key)?
///     .bytes(Attribute::Username, b"them:us")?;
/// # Ok::<(), WriteError>(())
/// ```
///
/// and nothing the fingerprint:
///
/// ```compile_fail,E0277
/// # use ringfence_wire::stun::{Attribute, Class, IntegrityKeySha256, Method, TransactionId, WriteError, Writer};
/// # let mut buffer = [0; 128];
/// # let key = IntegrityKeySha256::short_term(b"VOkJxbRl1RmTxUk/WvJxBt");
/// Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([7; 12]))?
///     .fingerprint()?
///     .integrity_sha256(&key)?;
/// # Ok::<(), WriteError>(())
/// ```
#[must_use = "a message that is not finished is not sent"]
#[derive(Debug)]
pub struct Writer<'b, Stage = stage::Open> {
    buffer: &'b mut [u8],
    used: usize,
    transaction_id: TransactionId,
    stage: PhantomData<Stage>,
}

/// How far a message has got, and so what may still be added (RFC 8489 sections 14.5 to 14.7).
pub mod stage {
    /// Attributes may be added.
    #[derive(Debug)]
    pub struct Open;
    /// Ends in MESSAGE-INTEGRITY.
    #[derive(Debug)]
    pub struct Signed;
    /// Ends in MESSAGE-INTEGRITY-SHA256.
    #[derive(Debug)]
    pub struct SignedSha256;
    /// Ends in FINGERPRINT.
    #[derive(Debug)]
    pub struct Sealed;

    /// Stages that MESSAGE-INTEGRITY-SHA256 may follow.
    pub trait Signable {}
    impl Signable for Open {}
    impl Signable for Signed {}

    /// Stages that FINGERPRINT may follow.
    pub trait Sealable {}
    impl Sealable for Open {}
    impl Sealable for Signed {}
    impl Sealable for SignedSha256 {}
}

impl<'b> Writer<'b> {
    /// Begins a message.
    ///
    /// # Errors
    /// [`WriteError::Full`] if the header does not fit.
    pub fn new(
        buffer: &'b mut [u8],
        class: Class,
        method: Method,
        transaction_id: TransactionId,
    ) -> Result<Self, WriteError> {
        let mut writer = Self { buffer, used: 0, transaction_id, stage: PhantomData };
        writer.put(&Header { class, method, transaction_id }.encode())?;
        Ok(writer)
    }

    /// Adds an attribute by its raw value; padding is zero.
    ///
    /// # Errors
    /// [`WriteError`]; [`WriteError::Value`] if no message with that value would be read again.
    pub fn bytes(mut self, attribute: Attribute, value: &[u8]) -> Result<Self, WriteError> {
        self.add(attribute, [value])?;
        Ok(self)
    }

    /// Adds an attribute without a value, such as USE-CANDIDATE.
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn flag(self, attribute: Attribute) -> Result<Self, WriteError> {
        self.bytes(attribute, &[])
    }

    /// Adds a 32-bit number, such as PRIORITY.
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn u32(self, attribute: Attribute, number: u32) -> Result<Self, WriteError> {
        self.bytes(attribute, &number.to_be_bytes())
    }

    /// Adds a 64-bit number, such as ICE-CONTROLLING.
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn u64(self, attribute: Attribute, number: u64) -> Result<Self, WriteError> {
        self.bytes(attribute, &number.to_be_bytes())
    }

    /// Adds a masked address, such as XOR-MAPPED-ADDRESS (RFC 8489 section 14.2).
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn xor_address(
        mut self,
        attribute: Attribute,
        address: SocketAddr,
    ) -> Result<Self, WriteError> {
        let id = self.transaction_id;
        let port = xor(address.port().to_be_bytes(), id);
        match address.ip() {
            IpAddr::V4(ip) => {
                self.add(attribute, [&[0, address::FAMILY_IPV4][..], &port, &xor(ip.octets(), id)])
            }
            IpAddr::V6(ip) => {
                self.add(attribute, [&[0, address::FAMILY_IPV6][..], &port, &xor(ip.octets(), id)])
            }
        }?;
        Ok(self)
    }

    /// Adds an address in the clear, such as ALTERNATE-SERVER (RFC 8489 section 14.1).
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn address(
        mut self,
        attribute: Attribute,
        address: SocketAddr,
    ) -> Result<Self, WriteError> {
        let port = address.port().to_be_bytes();
        match address.ip() {
            IpAddr::V4(ip) => {
                self.add(attribute, [&[0, address::FAMILY_IPV4][..], &port, &ip.octets()])
            }
            IpAddr::V6(ip) => {
                self.add(attribute, [&[0, address::FAMILY_IPV6][..], &port, &ip.octets()])
            }
        }?;
        Ok(self)
    }

    /// Adds ADDRESS-ERROR-CODE without a reason phrase (RFC 8656 section 18.12).
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn address_error_code(mut self, family: u8, code: ErrorCode) -> Result<Self, WriteError> {
        let [_, _, hundreds, rest] = code.encode();
        self.add(Attribute::AddressErrorCode, [&[family, 0, hundreds, rest]])?;
        Ok(self)
    }

    /// Adds ERROR-CODE. An empty reason phrase keeps the answer no longer than what it answers.
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn error_code(mut self, code: ErrorCode, reason: &str) -> Result<Self, WriteError> {
        self.add(Attribute::ErrorCode, [&code.encode(), reason.as_bytes()])?;
        Ok(self)
    }

    /// Adds UNKNOWN-ATTRIBUTES, as a 420 answer must.
    ///
    /// # Errors
    /// As [`Writer::bytes`].
    pub fn unknown_attributes(mut self, types: &[AttributeType]) -> Result<Self, WriteError> {
        let value = types.iter().map(|kind| kind.0.to_be_bytes());
        self.add(Attribute::UnknownAttributes, value)?;
        Ok(self)
    }

    /// Adds MESSAGE-INTEGRITY over all that was written so far.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn integrity(
        mut self,
        key: &IntegrityKey,
    ) -> Result<Writer<'b, stage::Signed>, WriteError> {
        let tag = key.tag(&self.covered(IntegrityKey::TAG_BYTES)?);
        self.attribute(AttributeType::MESSAGE_INTEGRITY, [tag])?;
        Ok(self.into_stage())
    }

    fn add<P: AsRef<[u8]>>(
        &mut self,
        attribute: Attribute,
        value: impl IntoIterator<Item = P>,
    ) -> Result<(), WriteError> {
        let written = self.attribute(attribute.kind(), value)?;
        if attribute.shape().fits(written) { Ok(()) } else { Err(WriteError::Value(attribute)) }
    }
}

impl<'b, Stage> Writer<'b, Stage> {
    /// Adds MESSAGE-INTEGRITY-SHA256, whole, over all that was written so far.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn integrity_sha256(
        mut self,
        key: &IntegrityKeySha256,
    ) -> Result<Writer<'b, stage::SignedSha256>, WriteError>
    where
        Stage: stage::Signable,
    {
        let tag = key.tag(&self.covered(IntegrityKeySha256::TAG_BYTES)?);
        self.attribute(AttributeType::MESSAGE_INTEGRITY_SHA256, [tag])?;
        Ok(self.into_stage())
    }

    /// Adds FINGERPRINT over all that was written so far.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn fingerprint(mut self) -> Result<Writer<'b, stage::Sealed>, WriteError>
    where
        Stage: stage::Sealable,
    {
        let crc = fingerprint(&self.covered(FINGERPRINT_BYTES)?);
        self.attribute(AttributeType::FINGERPRINT, [crc])?;
        Ok(self.into_stage())
    }

    /// The message.
    pub fn finish(self) -> &'b [u8] {
        self.buffer.get(..self.used).unwrap_or_default()
    }

    fn into_stage<Next>(self) -> Writer<'b, Next> {
        let Self { buffer, used, transaction_id, .. } = self;
        Writer { buffer, used, transaction_id, stage: PhantomData }
    }

    /// What a closing attribute with a value of that many bytes covers.
    fn covered(&self, value_bytes: usize) -> Result<Covered<'_>, WriteError> {
        let written = self.buffer.get(..self.used).unwrap_or_default();
        let closing_bytes = ATTRIBUTE_HEADER_BYTES.saturating_add(value_bytes);
        Covered::new(written, closing_bytes).ok_or(WriteError::TooLong)
    }

    /// Writes an attribute whole and returns its value. On an error the writer is dropped, and with
    /// it whatever was half written.
    fn attribute<P: AsRef<[u8]>>(
        &mut self,
        kind: AttributeType,
        value: impl IntoIterator<Item = P>,
    ) -> Result<&[u8], WriteError> {
        self.put(&kind.0.to_be_bytes())?;
        let length_at = self.used;
        self.put(&[0; 2])?;
        let value_at = self.used;
        for part in value {
            self.put(part.as_ref())?;
        }
        let value_end = self.used;
        self.set_length(length_at, value_end.saturating_sub(value_at))?;
        self.pad()?;
        self.set_length(MESSAGE_LENGTH_AT, self.used.saturating_sub(HEADER_BYTES))?;
        Ok(self.buffer.get(value_at..value_end).unwrap_or_default())
    }

    /// Padding is sent as zero (RFC 8489 section 14), over whatever the buffer held.
    fn pad(&mut self) -> Result<(), WriteError> {
        while !self.used.is_multiple_of(4) {
            self.put(&[0])?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let room = self.buffer.get_mut(self.used..).ok_or(WriteError::Full)?;
        room.get_mut(..bytes.len()).ok_or(WriteError::Full)?.copy_from_slice(bytes);
        self.used = self.used.saturating_add(bytes.len());
        Ok(())
    }

    fn set_length(&mut self, at: usize, bytes: usize) -> Result<(), WriteError> {
        let length = u16::try_from(bytes).map_err(|_| WriteError::TooLong)?;
        let slot = self.buffer.get_mut(at..).and_then(|tail| tail.first_chunk_mut());
        *slot.ok_or(WriteError::Full)? = length.to_be_bytes();
        Ok(())
    }
}

/// Why a message could not be written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WriteError {
    /// The caller's slice is too short.
    Full,
    /// More bytes than a 16-bit length can say.
    TooLong,
    /// A value that the attribute cannot have.
    Value(Attribute),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("buffer is too short for the message"),
            Self::TooLong => f.write_str("message is too long for STUN"),
            Self::Value(attribute) => write!(f, "{attribute:?} cannot have that value"),
        }
    }
}

impl error::Error for WriteError {}

const ATTRIBUTE_HEADER_BYTES: usize = 4;
const MESSAGE_LENGTH_AT: usize = 2;
