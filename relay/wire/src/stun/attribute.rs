//! The attributes that this crate understands: one table, one line each.

use super::shape::{self, Shape};

/// The 16 bits that name an attribute on the wire, understood or not (RFC 8489 section 14).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AttributeType(pub u16);

impl AttributeType {
    /// MESSAGE-INTEGRITY (RFC 8489 section 14.5).
    pub const MESSAGE_INTEGRITY: Self = Self(0x0008);
    /// MESSAGE-INTEGRITY-SHA256 (RFC 8489 section 14.6).
    pub const MESSAGE_INTEGRITY_SHA256: Self = Self(0x001c);
    /// FINGERPRINT (RFC 8489 section 14.7).
    pub const FINGERPRINT: Self = Self(0x8028);

    /// Whether a receiver that does not understand the attribute must refuse the message (RFC 8489
    /// section 14).
    pub const fn is_comprehension_required(self) -> bool {
        self.0 < 0x8000
    }
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $shape:expr;)+) => {
        /// An attribute whose value a message carries and a caller may read or write.
        ///
        /// MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT are not among them: those
        /// close a message and are reached only by computing or verifying them. Attributes that are
        /// not acted upon are left out on purpose, so that a message which requires one is refused.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Attribute {
            $($(#[$doc])* $name,)+
        }

        impl Attribute {
            /// Each of them once, in the order of their discriminants.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$name),+];

            /// Its type on the wire.
            pub const fn kind(self) -> AttributeType {
                AttributeType(match self { $(Self::$name => $code,)+ })
            }

            /// The attribute of that type, if it is understood.
            pub const fn of(kind: AttributeType) -> Option<Self> {
                match kind.0 {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }

            pub(super) const fn shape(self) -> Shape {
                match self { $(Self::$name => $shape,)+ }
            }
        }
    };
}

attributes! {
    /// MAPPED-ADDRESS (RFC 8489 section 14.1).
    MappedAddress = 0x0001: Shape::Address;
    /// USERNAME (RFC 8489 section 14.3).
    Username = 0x0006: shape::USERNAME;
    /// ERROR-CODE (RFC 8489 section 14.8).
    ErrorCode = 0x0009: Shape::ErrorCode;
    /// UNKNOWN-ATTRIBUTES (RFC 8489 section 14.13).
    UnknownAttributes = 0x000a: Shape::Types;
    /// CHANNEL-NUMBER (RFC 8656 section 18.1).
    ChannelNumber = 0x000c: shape::U32;
    /// LIFETIME in seconds (RFC 8656 section 18.2).
    Lifetime = 0x000d: shape::U32;
    /// XOR-PEER-ADDRESS (RFC 8656 section 18.3), of which CreatePermission may have several:
    /// [`Message::xor_addresses`](super::Message::xor_addresses).
    XorPeerAddress = 0x0012: Shape::Address;
    /// DATA (RFC 8656 section 18.4).
    Data = 0x0013: Shape::Bytes(0..=65_535);
    /// REALM (RFC 8489 section 14.9).
    Realm = 0x0014: shape::TEXT;
    /// NONCE (RFC 8489 section 14.10).
    Nonce = 0x0015: shape::TEXT;
    /// XOR-RELAYED-ADDRESS (RFC 8656 section 18.5).
    XorRelayedAddress = 0x0016: Shape::Address;
    /// REQUESTED-ADDRESS-FAMILY (RFC 8656 section 18.6).
    RequestedAddressFamily = 0x0017: shape::U32;
    /// EVEN-PORT (RFC 8656 section 18.7).
    EvenPort = 0x0018: Shape::Bytes(1..=1);
    /// REQUESTED-TRANSPORT (RFC 8656 section 18.8).
    RequestedTransport = 0x0019: shape::U32;
    /// DONT-FRAGMENT (RFC 8656 section 18.9).
    DontFragment = 0x001a: shape::FLAG;
    /// XOR-MAPPED-ADDRESS (RFC 8489 section 14.2).
    XorMappedAddress = 0x0020: Shape::Address;
    /// RESERVATION-TOKEN (RFC 8656 section 18.10).
    ReservationToken = 0x0022: shape::U64;
    /// PRIORITY (RFC 8445 section 7.1.1).
    Priority = 0x0024: shape::U32;
    /// USE-CANDIDATE (RFC 8445 section 7.1.2).
    UseCandidate = 0x0025: shape::FLAG;
    /// ADDITIONAL-ADDRESS-FAMILY (RFC 8656 section 18.11).
    AdditionalAddressFamily = 0x8000: shape::U32;
    /// ADDRESS-ERROR-CODE (RFC 8656 section 18.12).
    AddressErrorCode = 0x8001: Shape::Bytes(4..=4 + 763);
    /// SOFTWARE (RFC 8489 section 14.14).
    Software = 0x8022: shape::TEXT;
    /// ALTERNATE-SERVER (RFC 8489 section 14.15).
    AlternateServer = 0x8023: Shape::Address;
    /// ICE-CONTROLLED (RFC 8445 section 7.1.3).
    IceControlled = 0x8029: shape::U64;
    /// ICE-CONTROLLING (RFC 8445 section 7.1.3).
    IceControlling = 0x802a: shape::U64;
    /// ADDITIONAL-ADDRESS-FAMILY under the number it had before it was registered, which coturn's
    /// clients still send.
    AdditionalAddressFamilyDraft = 0x8032: shape::U32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_maps_types_to_attributes_and_back() {
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::of(attribute.kind()), Some(attribute));
            assert_eq!(Attribute::ALL.get(attribute as usize), Some(&attribute));
        }
    }

    #[test]
    fn closing_attributes_cannot_be_had_as_plain_values() {
        for kind in [
            AttributeType::MESSAGE_INTEGRITY,
            AttributeType::MESSAGE_INTEGRITY_SHA256,
            AttributeType::FINGERPRINT,
        ] {
            assert_eq!(Attribute::of(kind), None);
        }
    }

    #[test]
    fn comprehension_is_required_below_0x8000() {
        assert!(AttributeType(0x7fff).is_comprehension_required());
        assert!(!AttributeType(0x8000).is_comprehension_required());
    }
}
