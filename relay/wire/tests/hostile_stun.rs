//! What a stranger may try on the STUN parser.

mod forge;

use forge::{append, repair_length, request, seal};
use proptest::prelude::*;
use ringfence_wire::stun::{
    ATTRIBUTES_MAX, Attribute, AttributeType, Class, FingerprintError, IntegrityError,
    IntegrityKey, IntegrityKeySha256, Message, Method, ParseError, TransactionId, UNKNOWN_MAX,
    WriteError, Writer,
};

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const MESSAGE_INTEGRITY_SHA256: u16 = 0x001c;
const PRIORITY: u16 = 0x0024;
const FINGERPRINT: u16 = 0x8028;

fn key() -> IntegrityKey {
    IntegrityKey::short_term(b"a password of ours")
}

fn key_sha256() -> IntegrityKeySha256 {
    IntegrityKeySha256::short_term(b"a password of ours")
}

fn signed() -> Vec<u8> {
    let mut buffer = [0; 256];
    Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([9; 12]))
        .and_then(|writer| writer.bytes(Attribute::Username, b"relay:alice"))
        .and_then(|writer| writer.u32(Attribute::Priority, 17))
        .and_then(|writer| writer.integrity(&key()))
        .map(|writer| writer.finish().to_vec())
        .unwrap()
}

/// All that a caller can read of a message, whether it carries a fingerprint excepted.
fn readable<'a>(message: &Message<'a>) -> impl PartialEq + core::fmt::Debug + use<'a> {
    (
        message.class(),
        message.method(),
        message.transaction_id(),
        Attribute::ALL.map(|attribute| message.value(attribute)),
        message.unknown_required().to_vec(),
    )
}

#[test]
fn length_must_be_the_datagrams_and_whole_words() {
    let bytes = signed();
    for cut in 0..bytes.len() {
        let expected = if cut < 20 { ParseError::Truncated } else { ParseError::Length };
        assert_eq!(Message::parse(&bytes[..cut]).err(), Some(expected), "{cut}");
    }
    let mut longer = bytes;
    longer.extend([0; 4]);
    assert_eq!(Message::parse(&longer).err(), Some(ParseError::Length));
    let mut odd = request(&[]);
    odd.extend([0x80, 0xff]);
    repair_length(&mut odd);
    assert_eq!(Message::parse(&odd).err(), Some(ParseError::Length));
}

#[test]
fn cookie_and_top_bits_make_it_stun() {
    for (at, bit) in [(0, 0x80), (0, 0x40), (4, 1), (5, 1), (6, 1), (7, 1)] {
        let mut bytes = signed();
        bytes[at] ^= bit;
        assert_eq!(Message::parse(&bytes).err(), Some(ParseError::NotStun), "byte {at}");
    }
}

#[test]
fn attribute_may_not_run_past_the_message() {
    for length in [9_u16, 12, 0x7fff, 0xfffc, 0xffff] {
        let mut bytes = request(&[(USERNAME, b"eightish".to_vec())]);
        bytes[22..24].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Message::parse(&bytes).err(), Some(ParseError::Attribute), "{length}");
    }
}

#[test]
fn attributes_are_counted() {
    let optional = (0x80ff, Vec::new());
    let most = request(&vec![optional.clone(); ATTRIBUTES_MAX]);
    assert!(Message::parse(&most).is_ok());
    let more = request(&vec![optional; ATTRIBUTES_MAX + 1]);
    assert_eq!(Message::parse(&more).err(), Some(ParseError::TooManyAttributes));
}

#[test]
fn known_attribute_of_another_shape_is_refused() {
    let bad: [(u16, &[u8]); 14] = [
        (USERNAME, &[b'x'; 509]),
        (0x0009, &[0, 0, 7, 0]),
        (0x0009, &[4; 4 + 764]),
        (0x000a, &[0, 1, 0]),
        (0x0014, &[b'x'; 764]),
        (0x0020, &[0, 1, 0, 0, 1, 2, 3, 4, 5]),
        (0x0020, &[0, 3, 0, 0, 1, 2, 3, 4]),
        (0x0020, &[0, 2, 0, 0, 1, 2, 3, 4]),
        (PRIORITY, &[0, 0, 1]),
        (0x0025, &[1]),
        (0x802a, &[0; 4]),
        (MESSAGE_INTEGRITY, &[0; 16]),
        (MESSAGE_INTEGRITY_SHA256, &[0; 12]),
        (FINGERPRINT, &[0; 8]),
    ];
    for (kind, value) in bad {
        let bytes = request(&[(kind, value.to_vec())]);
        let expected = ParseError::Value(AttributeType(kind));
        assert_eq!(Message::parse(&bytes).err(), Some(expected), "{kind:#06x}");
    }
}

#[test]
fn nothing_may_follow_the_fingerprint() {
    for kind in [USERNAME, MESSAGE_INTEGRITY, FINGERPRINT, 0x80ff] {
        let bytes = request(&[(FINGERPRINT, vec![0; 4]), (kind, vec![0; 4])]);
        assert_eq!(Message::parse(&bytes).err(), Some(ParseError::AfterFingerprint));
    }
}

#[test]
fn ignored_attribute_does_not_hide_the_fingerprint_behind_it() {
    let mut bytes = signed();
    append(&mut bytes, PRIORITY, &[0xff; 4]);
    seal(&mut bytes);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.verify_fingerprint(), Ok(()));
    assert_eq!(message.priority(), Some(17));
    *bytes.last_mut().unwrap() ^= 1;
    let refusal = Message::parse(&bytes).unwrap().verify_fingerprint();
    assert_eq!(refusal, Err(FingerprintError::Mismatch));
}

#[test]
fn unknown_attributes_are_listed_once_each_and_not_without_end() {
    let optional = (0x80ff, Vec::new());
    let required = |kind| (kind, Vec::new());
    let bytes = request(&[required(0x7001), optional, required(0x7000), required(0x7001)]);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.unknown_required(), [AttributeType(0x7001), AttributeType(0x7000)]);
    let many: Vec<_> = (0x7000..0x7014).map(required).collect();
    let bytes = request(&many);
    assert_eq!(Message::parse(&bytes).unwrap().unknown_required().len(), UNKNOWN_MAX);
}

#[test]
fn truncated_sha256_tag_is_read_but_never_believed() {
    for tag_bytes in [16, 20, 28] {
        let mut buffer = [0; 128];
        let whole =
            Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([7; 12]))
                .and_then(|writer| writer.integrity_sha256(&key_sha256()))
                .map(Writer::finish)
                .unwrap();
        let bytes = request(&[(MESSAGE_INTEGRITY_SHA256, whole[24..24 + tag_bytes].to_vec())]);
        let message = Message::parse(&bytes).unwrap();
        let verdict = message.verify_integrity_sha256(&key_sha256());
        assert_eq!(verdict, Err(IntegrityError::Truncated));
    }
}

#[test]
fn integrity_after_sha256_does_not_exist() {
    let mut bytes = request(&[(MESSAGE_INTEGRITY_SHA256, vec![0; 32])]);
    append(&mut bytes, MESSAGE_INTEGRITY, &[0; 20]);
    let message = Message::parse(&bytes).unwrap();
    assert!(message.has_integrity_sha256() && !message.has_integrity());
}

#[test]
fn both_integrity_attributes_and_the_fingerprint_each_verify() {
    let mut buffer = [0; 256];
    let bytes = Writer::new(&mut buffer, Class::Success, Method::BINDING, TransactionId([1; 12]))
        .and_then(|writer| writer.bytes(Attribute::Software, b"odd"))
        .and_then(|writer| writer.integrity(&key()))
        .and_then(|writer| writer.integrity_sha256(&key_sha256()))
        .and_then(Writer::fingerprint)
        .map(Writer::finish)
        .unwrap();
    let message = Message::parse(bytes).unwrap();
    assert_eq!(message.verify_integrity(&key()), Ok(()));
    assert_eq!(message.verify_integrity_sha256(&key_sha256()), Ok(()));
    assert_eq!(message.verify_fingerprint(), Ok(()));
}

#[test]
fn password_longer_than_a_hash_block_is_not_cut() {
    let long = [b'x'; 100];
    let mut buffer = [0; 128];
    let bytes = Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([1; 12]))
        .and_then(|writer| writer.integrity(&IntegrityKey::short_term(&long)))
        .map(Writer::finish)
        .unwrap();
    let message = Message::parse(bytes).unwrap();
    assert_eq!(message.verify_integrity(&IntegrityKey::short_term(&long)), Ok(()));
    let cut = IntegrityKey::short_term(&long[..64]);
    assert_eq!(message.verify_integrity(&cut), Err(IntegrityError::Mismatch));
}

#[test]
fn full_buffer_is_an_error_at_every_length() {
    let write = |buffer: &mut [u8]| {
        Writer::new(buffer, Class::Request, Method::BINDING, TransactionId([9; 12]))?
            .bytes(Attribute::Username, b"relay:alice")?
            .integrity(&key())?
            .integrity_sha256(&key_sha256())?
            .fingerprint()
            .map(|writer| writer.finish().len())
    };
    let needed = write(&mut [0; 256]).unwrap();
    for room in 0..needed {
        assert_eq!(write(&mut vec![0; room]), Err(WriteError::Full), "{room}");
    }
    assert_eq!(write(&mut vec![0; needed]), Ok(needed));
}

#[test]
fn lengths_are_never_cut_to_16_bits() {
    let mut buffer = vec![0; 70_000];
    let full = (0..86).try_fold(
        Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([9; 12])).unwrap(),
        |writer, _| writer.bytes(Attribute::Realm, &[b'x'; 763]),
    );
    assert_eq!(full.err(), Some(WriteError::TooLong));
}

#[test]
fn value_of_another_shape_is_not_written() {
    let mut buffer = [0; 128];
    let written = Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([9; 12]))
        .and_then(|writer| writer.u64(Attribute::Priority, 1))
        .map(Writer::finish);
    assert_eq!(written, Err(WriteError::Value(Attribute::Priority)));
}

fn any_attribute() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let kind = prop_oneof![
        Just(USERNAME),
        Just(PRIORITY),
        Just(MESSAGE_INTEGRITY),
        Just(MESSAGE_INTEGRITY_SHA256),
        any::<u16>(),
    ];
    (
        kind.prop_filter("ends the message", |kind| *kind != FINGERPRINT),
        any::<[u8; 32]>(),
        0..=32_usize,
    )
        .prop_map(|(kind, bytes, length)| (kind, bytes[..length].to_vec()))
        // A second tag that is no tag is refused rather than ignored.
        .prop_filter("not a tag", |(kind, value)| {
            *kind != MESSAGE_INTEGRITY_SHA256 || value.len() == 32
        })
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ringfence_wire::demux::Kind::of(&bytes);
        let _ = ringfence_wire::rtp::RtpHeader::peek(&bytes);
        let _ = ringfence_wire::rtcp::RtcpHeader::peek(&bytes);
        exercise(&bytes);
    }

    #[test]
    fn no_attributes_make_a_parser_panic(
        mut body in prop::collection::vec(any::<u8>(), 0..200),
        kinds in prop::collection::vec(any_attribute(), 0..6),
    ) {
        let mut bytes = request(&kinds);
        body.truncate(body.len() / 4 * 4);
        bytes.extend(body);
        repair_length(&mut bytes);
        exercise(&bytes);
    }

    #[test]
    fn header_sizes_never_exceed_the_datagram(mut bytes in prop::collection::vec(any::<u8>(), 12..200)) {
        bytes[0] = 0x80 | bytes[0] & 0x3f;
        if let Ok(header) = ringfence_wire::rtp::RtpHeader::peek(&bytes) {
            prop_assert!((12..=bytes.len()).contains(&header.header_bytes));
        }
        if let Ok(header) = ringfence_wire::rtcp::RtcpHeader::peek(&bytes) {
            prop_assert!((8..=bytes.len()).contains(&header.packet_bytes));
        }
    }

    #[test]
    fn tail_after_integrity_changes_nothing_that_can_be_read(
        tail in prop::collection::vec(any_attribute(), 0..6),
    ) {
        let whole = signed();
        let mut longer = whole.clone();
        tail.iter().for_each(|(kind, value)| append(&mut longer, *kind, value));
        let (whole, longer) = (Message::parse(&whole).unwrap(), Message::parse(&longer).unwrap());
        prop_assert_eq!(readable(&whole), readable(&longer));
        prop_assert_eq!(longer.verify_integrity(&key()), Ok(()));
    }

    #[test]
    fn of_duplicates_the_first_counts(first: u32, others: Vec<u32>, wrong_length in 0..16_usize) {
        let mut bytes = request(&[(PRIORITY, first.to_be_bytes().to_vec())]);
        for other in others.iter().take(20) {
            append(&mut bytes, PRIORITY, &other.to_be_bytes());
        }
        append(&mut bytes, PRIORITY, &vec![0; wrong_length]);
        prop_assert_eq!(Message::parse(&bytes).unwrap().priority(), Some(first));
    }
}

/// Reads and verifies everything.
fn exercise(bytes: &[u8]) {
    let Ok(message) = Message::parse(bytes) else {
        return;
    };
    let _ = (message.username(), message.priority(), message.use_candidate(), message.software());
    let _ = (message.ice_controlling(), message.ice_controlled(), message.error_code());
    let _ = (message.mapped_address(), message.xor_mapped_address(), message.unknown_required());
    let _ = (message.realm(), message.nonce(), message.unknown_attributes().count());
    let _ = Attribute::ALL.map(|attribute| message.xor_address(attribute));
    assert_ne!(message.verify_integrity(&key()), Ok(()), "nobody signed this");
    assert_ne!(message.verify_integrity_sha256(&key_sha256()), Ok(()), "nobody signed this");
    let _ = message.verify_fingerprint();
}
