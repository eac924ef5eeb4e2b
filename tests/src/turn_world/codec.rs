//! TURN as clients speak it, written and read without the relay's own codec.

use std::net::{IpAddr, SocketAddr};

use crate::sim::stun::{Forge, Heard, Transaction};

/// Allocate, as the type of a request.
pub const ALLOCATE: u16 = 0x0003;
/// Refresh.
pub const REFRESH: u16 = 0x0004;
/// Send; what clients send is [`SEND_INDICATION`].
pub const SEND: u16 = 0x0006;
/// CreatePermission.
pub const CREATE_PERMISSION: u16 = 0x0008;
/// ChannelBind.
pub const CHANNEL_BIND: u16 = 0x0009;
/// Send, as the type of an indication.
pub const SEND_INDICATION: u16 = 0x0016;
/// Data, as the type of an indication.
pub const DATA_INDICATION: u16 = 0x0017;

/// USERNAME.
pub const USERNAME: u16 = 0x0006;
/// ERROR-CODE.
pub const ERROR_CODE: u16 = 0x0009;
/// UNKNOWN-ATTRIBUTES.
pub const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
/// CHANNEL-NUMBER.
pub const CHANNEL_NUMBER: u16 = 0x000c;
/// LIFETIME.
pub const LIFETIME: u16 = 0x000d;
/// XOR-PEER-ADDRESS.
pub const XOR_PEER_ADDRESS: u16 = 0x0012;
/// DATA.
pub const DATA: u16 = 0x0013;
/// REALM.
pub const REALM: u16 = 0x0014;
/// NONCE.
pub const NONCE: u16 = 0x0015;
/// XOR-RELAYED-ADDRESS.
pub const XOR_RELAYED_ADDRESS: u16 = 0x0016;
/// REQUESTED-ADDRESS-FAMILY.
pub const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
/// EVEN-PORT.
pub const EVEN_PORT: u16 = 0x0018;
/// REQUESTED-TRANSPORT.
pub const REQUESTED_TRANSPORT: u16 = 0x0019;
/// DONT-FRAGMENT.
pub const DONT_FRAGMENT: u16 = 0x001a;
/// RESERVATION-TOKEN.
pub const RESERVATION_TOKEN: u16 = 0x0022;
/// ADDITIONAL-ADDRESS-FAMILY.
pub const ADDITIONAL_ADDRESS_FAMILY: u16 = 0x8000;
/// ADDRESS-ERROR-CODE.
pub const ADDRESS_ERROR_CODE: u16 = 0x8001;
/// ALTERNATE-SERVER.
pub const ALTERNATE_SERVER: u16 = 0x8023;

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// An attribute to be written.
pub type Attribute = (u16, Vec<u8>);

/// REQUESTED-TRANSPORT for UDP.
pub fn udp() -> Attribute {
    (REQUESTED_TRANSPORT, vec![17, 0, 0, 0])
}

/// LIFETIME.
pub fn lifetime(seconds: u32) -> Attribute {
    (LIFETIME, seconds.to_be_bytes().to_vec())
}

/// REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY.
pub fn family(kind: u16, number: u8) -> Attribute {
    (kind, vec![number, 0, 0, 0])
}

/// EVEN-PORT, with or without its R bit.
pub fn even_port(reserve: bool) -> Attribute {
    (EVEN_PORT, vec![u8::from(reserve) << 7])
}

/// CHANNEL-NUMBER.
pub fn channel_number(number: u16) -> Attribute {
    (CHANNEL_NUMBER, [number.to_be_bytes(), [0, 0]].concat())
}

/// XOR-PEER-ADDRESS in a message of this transaction.
pub fn peer(address: SocketAddr, transaction: &Transaction) -> Attribute {
    (XOR_PEER_ADDRESS, masked(address, transaction))
}

/// The form of XOR-MAPPED-ADDRESS (RFC 8489 section 14.2).
pub fn masked(address: SocketAddr, transaction: &Transaction) -> Vec<u8> {
    let (family, octets) = match address.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let mask: Vec<u8> = COOKIE.iter().chain(transaction).copied().collect();
    let port = address.port().to_be_bytes();
    let hidden = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect()
    };
    [vec![0, family], hidden(&port), hidden(&octets)].concat()
}

/// A message of these attributes.
pub fn message(kind: u16, transaction: Transaction, attributes: &[Attribute]) -> Forge {
    let empty = Forge::new(kind, transaction);
    attributes.iter().fold(empty, |forge, (kind, value)| forge.attribute(*kind, value))
}

/// ChannelData without padding.
pub fn channel_data(number: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a datagram");
    [&number.to_be_bytes(), &length.to_be_bytes(), payload].concat()
}

/// What a message carries of an application's data, and how it says from whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Carried {
    /// A Data indication.
    Indication(SocketAddr, Vec<u8>),
    /// ChannelData.
    Channel(u16, Vec<u8>),
}

impl Carried {
    /// Reads what a client got; `None` for anything else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if let [n0 @ 0x40..=0x4f, n1, l0, l1, rest @ ..] = bytes {
            let length = usize::from(u16::from_be_bytes([*l0, *l1]));
            let payload = rest.get(..length)?.to_vec();
            return Some(Self::Channel(u16::from_be_bytes([*n0, *n1]), payload));
        }
        let heard = Heard::read(bytes).filter(|heard| heard.message_type == DATA_INDICATION)?;
        let from = heard.unmasked(heard.value(XOR_PEER_ADDRESS)?)?;
        Some(Self::Indication(from, heard.value(DATA)?.to_vec()))
    }

    /// The application's bytes.
    pub fn payload(&self) -> &[u8] {
        match self {
            Self::Indication(_, payload) | Self::Channel(_, payload) => payload,
        }
    }
}

/// An answer to a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply(pub Vec<u8>);

impl Reply {
    /// As a message.
    ///
    /// # Panics
    /// If it is none.
    pub fn heard(&self) -> Heard<'_> {
        Heard::read(&self.0).expect("an answer is a STUN message")
    }

    /// Whether it is a success.
    pub fn is_success(&self) -> bool {
        self.heard().message_type & 0x0110 == 0x0100
    }

    /// The number of its ERROR-CODE; 0 for a success.
    pub fn code(&self) -> u16 {
        self.heard().value(ERROR_CODE).map_or(0, code)
    }

    /// XOR-RELAYED-ADDRESS, each.
    pub fn relayed(&self) -> Vec<SocketAddr> {
        let heard = self.heard();
        heard.values(XOR_RELAYED_ADDRESS).filter_map(|value| heard.unmasked(value)).collect()
    }

    /// LIFETIME in seconds.
    pub fn lifetime(&self) -> Option<u32> {
        Some(u32::from_be_bytes(self.heard().value(LIFETIME)?.try_into().ok()?))
    }

    /// RESERVATION-TOKEN.
    pub fn token(&self) -> Option<Vec<u8>> {
        self.heard().value(RESERVATION_TOKEN).map(<[u8]>::to_vec)
    }

    /// ADDRESS-ERROR-CODE: family and code.
    pub fn address_error(&self) -> Option<(u8, u16)> {
        let heard = self.heard();
        let value = heard.value(ADDRESS_ERROR_CODE)?;
        Some((value[0], code(value)))
    }

    /// NONCE.
    pub fn nonce(&self) -> Option<Vec<u8>> {
        self.heard().value(NONCE).map(<[u8]>::to_vec)
    }
}

fn code(value: &[u8]) -> u16 {
    u16::from(value[2] & 7) * 100 + u16::from(value[3])
}
