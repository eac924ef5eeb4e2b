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

    /// Every attribute of this type, in order, unmasked: CreatePermission may ask for several peers
    /// at once (RFC 8656 section 10.1). `None` stands for one that is no sound address.
    pub fn xor_addresses(
        &self,
        attribute: Attribute,
    ) -> impl Iterator<Item = Option<SocketAddr>> + use<'a> {
        let id = self.transaction_id();
        self.values(attribute).map(move |value| address::decode_xor(value, id))
    }

    /// CHANNEL-NUMBER, whatever the 16 bits behind it hold (RFC 8656 section 18.1).
    pub fn channel_number(&self) -> Option<u16> {
        let [n0, n1, _, _] = self.value(Attribute::ChannelNumber)?.try_into().ok()?;
        Some(u16::from_be_bytes([n0, n1]))
    }

    /// LIFETIME in seconds.
    pub fn lifetime_s(&self) -> Option<u32> {
        self.value(Attribute::Lifetime)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// DATA.
    pub fn data(&self) -> Option<&'a [u8]> {
        self.value(Attribute::Data)
    }

    /// REQUESTED-TRANSPORT: a protocol number of IANA's; 17 is UDP.
    pub fn requested_transport(&self) -> Option<u8> {
        self.value(Attribute::RequestedTransport)?.first().copied()
    }

    /// REQUESTED-ADDRESS-FAMILY: 1 is IPv4, 2 is IPv6.
    pub fn requested_address_family(&self) -> Option<u8> {
        self.value(Attribute::RequestedAddressFamily)?.first().copied()
    }

    /// ADDITIONAL-ADDRESS-FAMILY under either of its numbers: 2 is IPv6.
    pub fn additional_address_family(&self) -> Option<u8> {
        let draft = || self.value(Attribute::AdditionalAddressFamilyDraft);
        self.value(Attribute::AdditionalAddressFamily).or_else(draft)?.first().copied()
    }

    /// EVEN-PORT: whether the next higher port is to be reserved, too.
    pub fn even_port(&self) -> Option<bool> {
        self.value(Attribute::EvenPort)?.first().map(|bits| bits & 0x80 != 0)
    }

    /// RESERVATION-TOKEN.
    pub fn reservation_token(&self) -> Option<u64> {
        self.value(Attribute::ReservationToken)?.try_into().ok().map(u64::from_be_bytes)
    }

    /// Whether DONT-FRAGMENT is there.
    pub fn dont_fragment(&self) -> bool {
        self.value(Attribute::DontFragment).is_some()
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
