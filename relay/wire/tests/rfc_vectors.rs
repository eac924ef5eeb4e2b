//! RFC 5769 and RFC 8489 appendix B.1, byte for byte; `vectors/README.md` names the keys.
//!
//! RFC 5769 pads 2.1 to 2.3 with spaces, as its sample software did. We send zeros, and padding is
//! covered by tag and fingerprint, so what we write differs there and must be equal in every other
//! byte. 2.4 pads with zeros and is written to the same bytes. B.1 is only read: its USERHASH and
//! PASSWORD-ALGORITHM are not in our table.

use core::net::SocketAddr;

use ringfence_wire::stun::{
    Attribute, AttributeType, Class, ErrorCode, FingerprintError, IntegrityError, IntegrityKey,
    IntegrityKeySha256, Message, Method, TransactionId, WriteError, Writer,
};

const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";
const ID_5769: TransactionId = TransactionId(*b"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae");
const ID_LONG_TERM: TransactionId =
    TransactionId(*b"\x78\xad\x34\x33\xc6\xad\x72\xc0\x29\xda\x41\x2e");
const MD5: [u8; 16] = *b"\xe8\xcaz\xd5\x9d^\xb0Q\x8e1)\x11\xd2\xda\xb2\xa9";
const SHA256: &[u8] = b"\xdd)Za;\x90X\xc3\xc2=m\xc7\x16[\xda\x07#\x04\xd9\x89\xc9\xd0\xaf:\
    \x8c~\x18KO\x9b\xb4\xa1";
const USERNAME: &str = "マトリックス";

#[test]
fn rfc5769_2_1_request_is_read_and_verified() {
    let bytes = vector(include_str!("vectors/rfc5769-2.1-request.hex"));
    let message = Message::parse(&bytes).unwrap();
    assert_eq!((message.class(), message.method()), (Class::Request, Method::BINDING));
    assert_eq!(message.transaction_id(), ID_5769);
    assert_eq!(message.software(), Some(&b"STUN test client"[..]));
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(message.ice_controlled(), Some(0x932f_f9b1_5126_3b36));
    assert_eq!(message.username(), Some(&b"evtj:h6vY"[..]));
    assert!(message.unknown_required().is_empty());
    assert_short_term(&bytes);
}

#[test]
fn rfc5769_2_2_response_maps_an_ipv4_address() {
    let bytes = vector(include_str!("vectors/rfc5769-2.2-ipv4-response.hex"));
    assert_response(&bytes, "192.0.2.1:32853");
}

#[test]
fn rfc5769_2_3_response_maps_an_ipv6_address() {
    let bytes = vector(include_str!("vectors/rfc5769-2.3-ipv6-response.hex"));
    assert_response(&bytes, "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

#[test]
fn rfc5769_2_4_long_term_request_is_read_and_verified() {
    let bytes = vector(include_str!("vectors/rfc5769-2.4-long-term-request.hex"));
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.username(), Some(USERNAME.as_bytes()));
    assert_eq!(message.nonce(), Some(&b"f//499k954d6OL34oL9FSTvy64sA"[..]));
    assert_eq!(message.realm(), Some(&b"example.org"[..]));
    assert_eq!(message.verify_integrity(&IntegrityKey::long_term(MD5)), Ok(()));
    assert_eq!(message.verify_fingerprint(), Err(FingerprintError::Absent));
}

#[test]
fn rfc8489_b_1_request_is_read_and_verified() {
    let bytes = vector(include_str!("vectors/rfc8489-b.1-sha256-request.hex"));
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.nonce(), Some(&b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"[..]));
    assert_eq!(message.realm(), Some(&b"example.org"[..]));
    let key = IntegrityKeySha256::long_term(SHA256);
    assert_eq!(message.verify_integrity_sha256(&key), Ok(()));
    let sha1 = IntegrityKey::long_term(MD5);
    assert_eq!(message.verify_integrity(&sha1), Err(IntegrityError::Absent));
    // USERHASH and PASSWORD-ALGORITHM: not understood, so a server must answer 420.
    assert_eq!(message.unknown_required(), [AttributeType(0x001e), AttributeType(0x001d)]);
    assert_every_bit_counts(&bytes, |message| message.verify_integrity_sha256(&key).is_ok());
}

#[test]
fn rfc5769_2_1_is_written_with_zero_padding() {
    let mut buffer = [0xaa; 256];
    let written = write_request(&mut buffer).unwrap();
    assert_same_but_padding(
        written,
        &vector(include_str!("vectors/rfc5769-2.1-request.hex")),
        73..76,
    );
}

#[test]
fn rfc5769_2_2_and_2_3_are_written_with_zero_padding() {
    for (text, address) in [
        (include_str!("vectors/rfc5769-2.2-ipv4-response.hex"), "192.0.2.1:32853"),
        (
            include_str!("vectors/rfc5769-2.3-ipv6-response.hex"),
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
        ),
    ] {
        let mut buffer = [0xaa; 256];
        let written = write_response(&mut buffer, address.parse().unwrap()).unwrap();
        assert_same_but_padding(written, &vector(text), 35..36);
    }
}

#[test]
fn rfc5769_2_4_is_written_to_the_same_bytes() {
    let mut buffer = [0xaa; 256];
    let written = Writer::new(&mut buffer, Class::Request, Method::BINDING, ID_LONG_TERM)
        .and_then(|writer| writer.bytes(Attribute::Username, USERNAME.as_bytes()))
        .and_then(|writer| writer.bytes(Attribute::Nonce, b"f//499k954d6OL34oL9FSTvy64sA"))
        .and_then(|writer| writer.bytes(Attribute::Realm, b"example.org"))
        .and_then(|writer| writer.integrity(&IntegrityKey::long_term(MD5)))
        .map(Writer::finish);
    let expected = vector(include_str!("vectors/rfc5769-2.4-long-term-request.hex"));
    assert_eq!(written, Ok(&expected[..]));
}

#[test]
fn error_answer_without_reason_is_as_short_as_the_rfc_allows() {
    let mut buffer = [0xaa; 64];
    let written = Writer::new(&mut buffer, Class::Error, Method::BINDING, ID_5769)
        .and_then(|writer| writer.error_code(ErrorCode::UNKNOWN_ATTRIBUTE, ""))
        .and_then(|writer| writer.unknown_attributes(&[AttributeType(0x7fff)]))
        .map(Writer::finish)
        .unwrap();
    assert_eq!(written[20..], *b"\x00\x09\0\x04\0\0\x04\x14\x00\x0a\0\x02\x7f\xff\0\0");
    let message = Message::parse(written).unwrap();
    assert_eq!(message.error_code(), Some(ErrorCode::UNKNOWN_ATTRIBUTE));
    assert!(message.unknown_attributes().eq([AttributeType(0x7fff)]));
}

fn write_request(buffer: &mut [u8]) -> Result<&[u8], WriteError> {
    Ok(Writer::new(buffer, Class::Request, Method::BINDING, ID_5769)?
        .bytes(Attribute::Software, b"STUN test client")?
        .u32(Attribute::Priority, 0x6e00_01ff)?
        .u64(Attribute::IceControlled, 0x932f_f9b1_5126_3b36)?
        .bytes(Attribute::Username, b"evtj:h6vY")?
        .integrity(&IntegrityKey::short_term(PASSWORD))?
        .fingerprint()?
        .finish())
}

fn write_response(buffer: &mut [u8], address: SocketAddr) -> Result<&[u8], WriteError> {
    Ok(Writer::new(buffer, Class::Success, Method::BINDING, ID_5769)?
        .bytes(Attribute::Software, b"test vector")?
        .xor_address(Attribute::XorMappedAddress, address)?
        .integrity(&IntegrityKey::short_term(PASSWORD))?
        .fingerprint()?
        .finish())
}

fn assert_response(bytes: &[u8], address: &str) {
    let message = Message::parse(bytes).unwrap();
    assert_eq!((message.class(), message.method()), (Class::Success, Method::BINDING));
    assert_eq!(message.software(), Some(&b"test vector"[..]));
    assert_eq!(message.xor_mapped_address(), Some(address.parse().unwrap()));
    assert_short_term(bytes);
}

fn assert_short_term(bytes: &[u8]) {
    let message = Message::parse(bytes).unwrap();
    let key = IntegrityKey::short_term(PASSWORD);
    assert_eq!(message.verify_integrity(&key), Ok(()));
    assert_eq!(message.verify_fingerprint(), Ok(()));
    let other = IntegrityKey::short_term(b"VOkJxbRl1RmTxUk/WvJxBu");
    assert_eq!(message.verify_integrity(&other), Err(IntegrityError::Mismatch));
    let covered = &bytes[..bytes.len() - 8];
    let mut signed = covered.to_vec();
    signed[3] = u8::try_from(covered.len() - 20).unwrap();
    assert_every_bit_counts(&signed, |message| message.verify_integrity(&key).is_ok());
    assert_every_bit_counts(bytes, |message| message.verify_fingerprint().is_ok());
}

/// No single flipped bit leaves a message that still verifies.
fn assert_every_bit_counts(bytes: &[u8], verifies: impl Fn(&Message<'_>) -> bool) {
    assert!(Message::parse(bytes).is_ok_and(|message| verifies(&message)));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!Message::parse(&flipped).is_ok_and(|message| verifies(&message)), "bit {bit}");
    }
}

/// `written` is the vector but for `padding`, zero where the vector has spaces, and for the 20 bytes
/// of tag and 4 of fingerprint that cover it.
fn assert_same_but_padding(written: &[u8], vector: &[u8], padding: core::ops::Range<usize>) {
    let tag = vector.len() - 28..vector.len() - 8;
    let crc = vector.len() - 4..vector.len();
    let mut expected = vector.to_vec();
    assert!(vector[padding.clone()].iter().all(|byte| *byte == b' '));
    expected[padding].fill(0);
    expected[tag.clone()].copy_from_slice(&written[tag]);
    expected[crc.clone()].copy_from_slice(&written[crc]);
    assert_eq!(written, expected);
    assert_short_term(written);
}

fn vector(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}
