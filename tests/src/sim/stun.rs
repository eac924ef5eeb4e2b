//! STUN as the endpoints speak it, written and read without the relay's own codec.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// 96 bits that tie an answer to its request.
pub type Transaction = [u8; 12];

/// Binding request, as a message type.
pub const REQUEST: u16 = 0x0001;
/// Binding indication.
pub const INDICATION: u16 = 0x0011;
/// Binding success response.
pub const SUCCESS: u16 = 0x0101;
/// Binding error response.
pub const ERROR: u16 = 0x0111;

/// USERNAME.
pub const USERNAME: u16 = 0x0006;
/// ERROR-CODE.
pub const ERROR_CODE: u16 = 0x0009;
/// XOR-MAPPED-ADDRESS.
pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// PRIORITY.
pub const PRIORITY: u16 = 0x0024;
/// ICE-CONTROLLING.
pub const ICE_CONTROLLING: u16 = 0x802a;
/// An attribute that must be understood and that nobody does.
pub const UNHEARD_OF: u16 = 0x7abc;

const INTEGRITY: u16 = 0x0008;
const FINGERPRINT: u16 = 0x8028;
const COOKIE: u32 = 0x2112_a442;
const HEADER_BYTES: usize = 20;

/// Writes a message.
pub struct Forge(Vec<u8>);

impl Forge {
    /// A message without attributes.
    pub fn new(message_type: u16, transaction: Transaction) -> Self {
        let mut bytes = message_type.to_be_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend(COOKIE.to_be_bytes());
        bytes.extend(transaction);
        Self(bytes)
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).expect("a short attribute");
        self.0.extend(kind.to_be_bytes());
        self.0.extend(length.to_be_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self.announce(0);
        self
    }

    /// Adds MESSAGE-INTEGRITY.
    #[must_use]
    pub fn integrity(mut self, key: &[u8]) -> Self {
        self.announce(24);
        let tag = tag(key, &self.0);
        self.attribute(INTEGRITY, &tag)
    }

    /// Adds FINGERPRINT.
    #[must_use]
    pub fn fingerprint(mut self) -> Self {
        self.announce(8);
        let crc = crc32fast::hash(&self.0) ^ 0x5354_554e;
        self.attribute(FINGERPRINT, &crc.to_be_bytes())
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Sets the header's length as if that many bytes more followed.
    fn announce(&mut self, more: usize) {
        let length = u16::try_from(self.0.len() - HEADER_BYTES + more).expect("a short message");
        self.0[2..4].copy_from_slice(&length.to_be_bytes());
    }
}

/// A message that was read.
pub struct Heard<'a> {
    /// Class and method.
    pub message_type: u16,
    /// Its transaction.
    pub transaction: Transaction,
    bytes: &'a [u8],
    attributes: Vec<(u16, Range<usize>)>,
}

impl<'a> Heard<'a> {
    /// Reads a message; `None` if it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let whole = header[4..8] == COOKIE.to_be_bytes() && bytes.len() == HEADER_BYTES + length;
        let attributes = whole.then(|| attributes(bytes))??;
        Some(Self {
            message_type: u16::from_be_bytes([header[0], header[1]]),
            transaction: header[8..].try_into().ok()?,
            bytes,
            attributes,
        })
    }

    /// Types and places of all its attributes, in order.
    pub fn attributes(&self) -> &[(u16, Range<usize>)] {
        &self.attributes
    }

    /// An attribute's value.
    pub fn value(&self, kind: u16) -> Option<&'a [u8]> {
        let (_, range) = self.attributes.iter().find(|(other, _)| *other == kind)?;
        self.bytes.get(range.clone())
    }

    /// The values of every attribute of this type, in order.
    pub fn values(&self, kind: u16) -> impl Iterator<Item = &'a [u8]> {
        let found = self.attributes.iter().filter(move |(other, _)| *other == kind);
        found.filter_map(|(_, range)| self.bytes.get(range.clone()))
    }

    /// Whether it is signed, by whomever.
    pub fn is_signed(&self) -> bool {
        self.value(INTEGRITY).is_some()
    }

    /// Whether it is signed with this key.
    pub fn signed_with(&self, key: &[u8]) -> bool {
        let place = self
            .attributes
            .iter()
            .find(|(kind, _)| *kind == INTEGRITY)
            .map(|(_, range)| range.clone());
        place.is_some_and(|range| {
            let mut covered = self.bytes[..range.start - 4].to_vec();
            let length = u16::try_from(range.end - HEADER_BYTES).expect("a short message");
            covered[2..4].copy_from_slice(&length.to_be_bytes());
            self.bytes[range] == tag(key, &covered)
        })
    }

    /// XOR-MAPPED-ADDRESS.
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        self.unmasked(self.value(XOR_MAPPED_ADDRESS)?)
    }

    /// An address of the form of XOR-MAPPED-ADDRESS.
    pub fn unmasked(&self, value: &[u8]) -> Option<SocketAddr> {
        let mask: Vec<u8> = COOKIE.to_be_bytes().into_iter().chain(self.transaction).collect();
        let clear = |bytes: &[u8]| -> Vec<u8> {
            bytes.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect()
        };
        let port = u16::from_be_bytes(clear(value.get(2..4)?).try_into().ok()?);
        let ip = clear(value.get(4..)?);
        let ip: IpAddr = match ip.len() {
            4 => <[u8; 4]>::try_from(ip).ok()?.into(),
            _ => <[u8; 16]>::try_from(ip).ok()?.into(),
        };
        Some(SocketAddr::new(ip, port))
    }
}

fn attributes(bytes: &[u8]) -> Option<Vec<(u16, Range<usize>)>> {
    let mut found = Vec::new();
    let mut at = HEADER_BYTES;
    while at < bytes.len() {
        let head = bytes.get(at..at + 4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        bytes.get(at + 4..at + 4 + length)?;
        found.push((u16::from_be_bytes([head[0], head[1]]), at + 4..at + 4 + length));
        at += 4 + length.next_multiple_of(4);
    }
    Some(found)
}

fn tag(key: &[u8], covered: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(covered);
    mac.finalize().into_bytes().into()
}
