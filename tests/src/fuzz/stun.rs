//! STUN: what the relay reads is what is there, the first of two attributes counts, and what stands
//! behind the integrity changes nothing.

use std::ops::Range;

use ringfence_wire::stun::{
    Attribute, AttributeType, Class, IntegrityError, IntegrityKey, Message, Method, TransactionId,
    UNKNOWN_MAX, WriteError, Writer,
};

use crate::sim::dice::Dice;
use crate::sim::stun::{Forge, Heard, Transaction, UNHEARD_OF};

const KEY: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";
const HEADER_BYTES: usize = 20;
const INTEGRITY: u16 = 0x0008;
const INTEGRITY_SHA256: u16 = 0x001c;
const FINGERPRINT: u16 = 0x8028;
const CLOSING: [u16; 3] = [INTEGRITY, INTEGRITY_SHA256, FINGERPRINT];

/// A datagram as it came, or a message that is made of the bytes.
pub(super) fn run(bytes: &[u8]) {
    let mut dice = Dice::told(bytes);
    match dice.percent(50) {
        true => received(&dice.take_told()),
        false => written(&mut dice),
    }
}

/// All that is read of a message.
#[derive(PartialEq, Debug)]
struct Reading {
    values: Vec<Option<Vec<u8>>>,
    unknown: Vec<AttributeType>,
    peers: Vec<Option<std::net::SocketAddr>>,
    integrity: Result<(), IntegrityError>,
}

impl Reading {
    fn of(message: &Message<'_>) -> Self {
        let value = |attribute: &Attribute| message.value(*attribute).map(<[u8]>::to_vec);
        Self {
            values: Attribute::ALL.iter().map(value).collect(),
            unknown: message.unknown_required().to_vec(),
            peers: message.xor_addresses(Attribute::XorPeerAddress).collect(),
            integrity: message.verify_integrity(&IntegrityKey::short_term(KEY)),
        }
    }
}

fn received(datagram: &[u8]) {
    let Ok(message) = Message::parse(datagram) else {
        return;
    };
    let heard = Heard::read(datagram).expect("what the relay reads is a message");
    assert_eq!(type_of(message.class(), message.method()), heard.message_type);
    assert_eq!(message.transaction_id().0, heard.transaction);
    let all = heard.attributes();
    let closed_at = all.iter().position(|(kind, _)| CLOSING.contains(kind)).unwrap_or(all.len());
    let (readable, closing) = all.split_at(closed_at);
    first_attribute_wins(&message, datagram, readable);
    unknown_is_told(&message, readable);
    assert_eq!(peers(&heard, readable), Reading::of(&message).peers);
    let has = |wanted| closing.iter().any(|(kind, _)| *kind == wanted);
    let first = closing.first().map(|(kind, _)| *kind);
    assert_eq!(message.has_integrity(), first == Some(INTEGRITY));
    assert_eq!(message.has_integrity_sha256(), has(INTEGRITY_SHA256));
    assert_eq!(message.has_fingerprint(), has(FINGERPRINT));
    if let Some((INTEGRITY | INTEGRITY_SHA256, value)) = closing.first() {
        a_tail_changes_nothing(&message, &datagram[..value.end], readable.len());
    }
}

fn first_attribute_wins(message: &Message<'_>, datagram: &[u8], readable: &[(u16, Range<usize>)]) {
    for attribute in Attribute::ALL {
        let first = readable.iter().find(|(kind, _)| *kind == attribute.kind().0);
        let expected = first.map(|(_, range)| &datagram[range.clone()]);
        assert_eq!(message.value(attribute), expected, "{attribute:?}");
    }
}

fn unknown_is_told(message: &Message<'_>, readable: &[(u16, Range<usize>)]) {
    let mut unknown = Vec::new();
    for kind in readable.iter().map(|(kind, _)| AttributeType(*kind)) {
        let matters = kind.0 < 0x8000 && Attribute::of(kind).is_none();
        if matters && !unknown.contains(&kind) && unknown.len() < UNKNOWN_MAX {
            unknown.push(kind);
        }
    }
    assert_eq!(message.unknown_required(), unknown);
}

fn peers(heard: &Heard<'_>, readable: &[(u16, Range<usize>)]) -> Vec<Option<std::net::SocketAddr>> {
    let peer = Attribute::XorPeerAddress.kind().0;
    let count = readable.iter().filter(|(kind, _)| *kind == peer).count();
    let sound = |value: &&[u8]| matches!((value.get(1), value.len()), (Some(1), 8) | (Some(2), 20));
    let address = |value: &[u8]| Some(value).filter(sound).and_then(|value| heard.unmasked(value));
    heard.values(peer).take(count).map(address).collect()
}

/// The same up to the integrity, which ends `head`, and then what an attacker might add.
fn a_tail_changes_nothing(message: &Message<'_>, head: &[u8], attributes: usize) {
    const TAIL: [(u16, &[u8]); 4] = [
        (UNHEARD_OF, b""),
        (crate::sim::stun::USERNAME, b"mallory:mallory"),
        // Too long for a LIFETIME.
        (0x000d, b"forever!"),
        (INTEGRITY, &[0; 20]),
    ];
    let before = Reading::of(message);
    let mut longer = head.to_vec();
    for (kind, value) in TAIL.iter().take(31 - attributes.min(31)) {
        longer.extend(kind.to_be_bytes());
        longer.extend(u16::try_from(value.len()).expect("short").to_be_bytes());
        longer.extend(*value);
        longer.resize(longer.len().next_multiple_of(4), 0);
    }
    for mut datagram in [head.to_vec(), longer] {
        let Ok(length) = u16::try_from(datagram.len() - HEADER_BYTES) else {
            return;
        };
        datagram[2..4].copy_from_slice(&length.to_be_bytes());
        let message = Message::parse(&datagram).expect("a tail is not looked at");
        assert_eq!(Reading::of(&message), before);
    }
}

/// The relay's writer and an independent one write the same, the reader reads it back, and no changed
/// bit goes unnoticed.
fn written(dice: &mut Dice) {
    let id: Transaction = dice.bytes();
    let class = *dice.pick(&[Class::Request, Class::Indication, Class::Success, Class::Error]);
    let number = u16::try_from(dice.below(0x1000)).expect("12 bits");
    let method = Method::new(number).expect("12 bits");
    let mut buffer = [0xFF; 4096];
    let writer = Writer::new(&mut buffer, class, method, TransactionId(id));
    let mut writer = writer.expect("a header fits");
    let mut forge = Forge::new(type_of(class, method), id);
    for _ in 0..dice.below(12) {
        let (attribute, value) = (*dice.pick(&Attribute::ALL), value(dice));
        if is_sound(attribute, &value) {
            writer = writer.bytes(attribute, &value).expect("a sound value");
            forge = forge.attribute(attribute.kind().0, &value);
        }
    }
    let key = IntegrityKey::short_term(KEY);
    let ours = writer.integrity(&key).and_then(Writer::fingerprint).expect("it fits").finish();
    assert_eq!(ours, forge.integrity(KEY).fingerprint().finish());
    let message = Message::parse(ours).expect("what is written is read");
    assert_eq!(message.verify_integrity(&key), Ok(()));
    assert_eq!(message.verify_fingerprint(), Ok(()));
    let other = IntegrityKey::short_term(b"not the key");
    assert_eq!(message.verify_integrity(&other), Err(IntegrityError::Mismatch));
    received(ours);
    a_changed_bit_is_noticed(ours, &key, dice);
}

fn a_changed_bit_is_noticed(message: &[u8], key: &IntegrityKey, dice: &mut Dice) {
    const FINGERPRINT_BYTES: usize = 8;
    let (mut changed, at) = (message.to_vec(), dice.below(message.len()));
    changed[at] ^= 1 << dice.below(8);
    if let Ok(read) = Message::parse(&changed) {
        assert!(read.verify_fingerprint().is_err(), "bit of byte {at}");
        let covered = at < message.len() - FINGERPRINT_BYTES;
        assert_eq!(read.verify_integrity(key).is_err(), covered, "bit of byte {at}");
    }
}

/// The writer refuses what the reader would.
fn is_sound(attribute: Attribute, value: &[u8]) -> bool {
    let alone = Forge::new(1, [1; 12]).attribute(attribute.kind().0, value).finish();
    let is_read = Message::parse(&alone).is_ok();
    let mut buffer = [0; 1024];
    let writer = Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([1; 12]));
    match writer.expect("a header fits").bytes(attribute, value) {
        Ok(writer) => assert_eq!(writer.finish(), alone),
        Err(error) => assert_eq!(error, WriteError::Value(attribute)),
    }
    is_read
}

/// Of a length and a beginning that some attribute has.
fn value(dice: &mut Dice) -> Vec<u8> {
    let length = match dice.percent(80) {
        true => *dice.pick(&[0, 1, 4, 4, 4, 8, 8, 20]),
        false => dice.below(80),
    };
    let mut value = dice.some_bytes(length);
    if let [reserved, family, _, _, ..] = value.as_mut_slice()
        && dice.percent(50)
    {
        (*reserved, *family) = (0, *dice.pick(&[1, 2]));
    }
    value
}

/// RFC 8489 section 5, figure 3.
fn type_of(class: Class, method: Method) -> u16 {
    let class = match class {
        Class::Request => 0,
        Class::Indication => 0x010,
        Class::Success => 0x100,
        Class::Error => 0x110,
    };
    let bits = |from: u16, mask: u16, shift: u16| (method.number() >> from & mask) << shift;
    bits(0, 0xf, 0) | bits(4, 0x7, 5) | bits(7, 0x1f, 9) | class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_types_are_those_of_the_registry() {
        assert_eq!(type_of(Class::Request, Method::ALLOCATE), 0x0003);
        assert_eq!(type_of(Class::Error, Method::CHANNEL_BIND), 0x0119);
        assert_eq!(type_of(Class::Success, Method::new(0xfff).unwrap()), 0x3fef);
    }

    #[test]
    #[should_panic(expected = "Username")]
    fn it_notices_if_a_later_attribute_wins() {
        let twice = |names: [&[u8]; 2]| {
            let empty = Forge::new(1, [1; 12]);
            names.into_iter().fold(empty, |forge, name| forge.attribute(6, name)).finish()
        };
        let (sent, read_as) = (twice([b"a", b"b"]), twice([b"b", b"a"]));
        let heard = Heard::read(&sent).unwrap();
        first_attribute_wins(&Message::parse(&read_as).unwrap(), &sent, heard.attributes());
    }
}
