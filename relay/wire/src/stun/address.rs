//! MAPPED-ADDRESS, XOR-MAPPED-ADDRESS and every later attribute of either form.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::header::{MAGIC_COOKIE, TransactionId};

pub(super) const FAMILY_IPV4: u8 = 0x01;
pub(super) const FAMILY_IPV6: u8 = 0x02;

/// Whether the value holds a family of ours and exactly as many bytes as that family takes.
pub(super) fn is_sound(value: &[u8]) -> bool {
    decode(value).is_some()
}

/// Address in the clear (RFC 8489 section 14.1).
pub(super) fn decode(value: &[u8]) -> Option<SocketAddr> {
    let (&[_reserved, family, p0, p1], octets) = value.split_first_chunk()?;
    let ip: IpAddr = match family {
        FAMILY_IPV4 => Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?).into(),
        FAMILY_IPV6 => Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes([p0, p1])))
}

/// Address that was masked so that middleboxes do not rewrite it (RFC 8489 section 14.2).
pub(super) fn decode_xor(value: &[u8], id: TransactionId) -> Option<SocketAddr> {
    let masked = decode(value)?;
    let ip: IpAddr = match masked.ip() {
        IpAddr::V4(ip) => Ipv4Addr::from(xor(ip.octets(), id)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from(xor(ip.octets(), id)).into(),
    };
    let port = u16::from_be_bytes(xor(masked.port().to_be_bytes(), id));
    Some(SocketAddr::new(ip, port))
}

/// Masks, or unmasks, with the magic cookie followed by the transaction id.
pub(super) fn xor<const N: usize>(mut bytes: [u8; N], id: TransactionId) -> [u8; N] {
    for (byte, mask) in bytes.iter_mut().zip(MAGIC_COOKIE.into_iter().chain(id.0)) {
        *byte ^= mask;
    }
    bytes
}
