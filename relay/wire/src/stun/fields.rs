//! The attributes of a message as typed fields. `None` means absent: a malformed one has already
//! made [`Message::parse`] refuse the message.

use core::net::SocketAddr;

use super::{Attribute, AttributeType, ErrorCode, Message, address};

impl<'a> Message<'a> {
    /// USERNAME: bytes as sent, UTF-8 only if the sender is honest.
    pub fn username(&self) -> Option<&'a [u8]> {
        self.value(Attribute::Username)
    }

    /// REALM: bytes as sent.
    pub fn realm(&self) -> Option<&'a [u8]> {
        self.value(Attribute::Realm)
    }

    /// NONCE: bytes as sent.
    pub fn nonce(&self) -> Option<&'a [u8]> {
        self.value(Attribute::Nonce)
    }

    /// SOFTWARE: bytes as sent.
    pub fn software(&self) -> Option<&'a [u8]> {
        self.value(Attribute::Software)
    }

    /// PRIORITY of the candidate that the check may discover.
    pub fn priority(&self) -> Option<u32> {
        self.value(Attribute::Priority)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Whether USE-CANDIDATE nominates this pair.
    pub fn use_candidate(&self) -> bool {
        self.value(Attribute::UseCandidate).is_some()
    }

    /// Tie-breaker of ICE-CONTROLLING.
    pub fn ice_controlling(&self) -> Option<u64> {
        self.value(Attribute::IceControlling)?.try_into().ok().map(u64::from_be_bytes)
    }

    /// Tie-breaker of ICE-CONTROLLED.
    pub fn ice_controlled(&self) -> Option<u64> {
        self.value(Attribute::IceControlled)?.try_into().ok().map(u64::from_be_bytes)
    }

    /// MAPPED-ADDRESS. Not canonical: fold it before judging it.
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        address::decode(self.value(Attribute::MappedAddress)?)
    }

    /// XOR-MAPPED-ADDRESS, unmasked. Not canonical: fold it before judging it.
    pub fn xor_mapped_address(&self) -> Option<SocketAddr> {
        self.xor_address(Attribute::XorMappedAddress)
    }

    /// Any attribute of XOR-MAPPED-ADDRESS's form, unmasked; `None` for one of another form.
    pub fn xor_address(&self, attribute: Attribute) -> Option<SocketAddr> {
        address::decode_xor(self.value(attribute)?, self.transaction_id())
    }

    /// ERROR-CODE.
    pub fn error_code(&self) -> Option<ErrorCode> {
        ErrorCode::decode(self.value(Attribute::ErrorCode)?)
    }

    /// What a 420 answer says was not understood: UNKNOWN-ATTRIBUTES.
    pub fn unknown_attributes(&self) -> impl Iterator<Item = AttributeType> + use<'a> {
        let value = self.value(Attribute::UnknownAttributes).unwrap_or_default();
        let (types, _) = value.as_chunks();
        types.iter().map(|kind| AttributeType(u16::from_be_bytes(*kind)))
    }
}
