//! ChannelData, Data indications, and where one message ends on a stream and the next begins.

use std::net::SocketAddr;

use ringfence_wire::channel_data::{ChannelData, ChannelNumber, ChannelNumbers, header};
use ringfence_wire::data_indication::DataIndication;
use ringfence_wire::framing::{self, MESSAGE_BYTES_MAX};
use ringfence_wire::stun::{Message, TransactionId};

use crate::sim::dice::Dice;
use crate::sim::stun::Forge;
use crate::turn_world::codec::{self, Carried};

/// A stream as it came, or one that is made of whole messages.
pub(super) fn run(bytes: &[u8]) {
    let mut dice = Dice::told(bytes);
    match dice.percent(50) {
        true => received(&dice.take_told()),
        false => written(&mut dice),
    }
}

fn received(stream: &[u8]) {
    more_bytes_change_nothing(stream);
    let mut rest = stream;
    while let Ok(Some(framed)) = framing::first(rest) {
        assert!(framed.stream_bytes >= framed.message_bytes.max(4));
        assert!(framed.stream_bytes - framed.message_bytes < 4);
        let Some(message) = rest.get(..framed.message_bytes) else {
            return;
        };
        one_message(message);
        rest = rest.get(framed.stream_bytes..).unwrap_or_default();
    }
}

/// What a stream begins with is known by its first four bytes, and not known wrongly before.
fn more_bytes_change_nothing(stream: &[u8]) {
    let whole = framing::first(stream);
    for cut in 0..stream.len().min(8) {
        let part = framing::first(&stream[..cut]);
        match cut {
            0..4 => assert!(part == Ok(None) || part.is_err() && whole.is_err(), "{part:?}"),
            _ => assert_eq!(part, whole),
        }
    }
}

fn one_message(message: &[u8]) {
    if message[0] < 0x40 {
        assert!(Message::parse(message).is_err() || message.len().is_multiple_of(4));
        return;
    }
    let number = u16::from_be_bytes([message[0], message[1]]);
    let old = ChannelData::parse(message, ChannelNumbers::Rfc5766).expect("framed as ChannelData");
    assert_eq!((old.channel.number(), old.payload), (number, &message[4..]));
    let new = ChannelData::parse(message, ChannelNumbers::Rfc8656).ok();
    assert_eq!(new, Some(old).filter(|_| number < 0x5000));
    let carried = new.map(|data| Carried::Channel(data.channel.number(), data.payload.to_vec()));
    assert_eq!(Carried::read(message), carried);
}

/// Messages one after another come apart again, however the stream was cut.
fn written(dice: &mut Dice) {
    let messages: Vec<Vec<u8>> = (0..dice.below(8)).map(|_| message(dice)).collect();
    let padded = messages.iter().map(|message| {
        let mut padded = message.clone();
        let zeros = framing::padding_bytes(message.len());
        assert_eq!((message.len() + zeros) % 4, 0);
        padded.resize(message.len() + zeros, 0);
        padded
    });
    let stream: Vec<u8> = padded.flatten().collect();
    let mut apart = Vec::new();
    let mut rest = &stream[..];
    while let Some(framed) = framing::first(rest).expect("messages") {
        assert!(framed.message_bytes <= MESSAGE_BYTES_MAX);
        apart.push(rest[..framed.message_bytes].to_vec());
        rest = &rest[framed.stream_bytes..];
    }
    assert_eq!(apart, messages);
    received(&stream);
}

fn message(dice: &mut Dice) -> Vec<u8> {
    let length = dice.below(40);
    let payload = dice.some_bytes(length);
    match dice.below(3) {
        0 => Forge::new(0x0016, dice.bytes()).attribute(codec::DATA, &payload).finish(),
        1 => indication(dice, &payload),
        _ => channel_data(dice, &payload),
    }
}

fn channel_data(dice: &mut Dice, payload: &[u8]) -> Vec<u8> {
    let number = 0x4000 + u16::try_from(dice.below(0x1000)).expect("12 bits");
    let channel = ChannelNumber::new(number).expect("a channel");
    let ours = [&header(channel, payload.len()).expect("short")[..], payload].concat();
    assert_eq!(ours, codec::channel_data(number, payload));
    ours
}

fn indication(dice: &mut Dice, payload: &[u8]) -> Vec<u8> {
    let port = u16::try_from(dice.below(0x1_0000)).expect("16 bits");
    let peer: SocketAddr = match dice.percent(50) {
        true => (dice.bytes::<4>(), port).into(),
        false => (dice.bytes::<16>(), port).into(),
    };
    let around = DataIndication::new(TransactionId(dice.bytes()), peer, payload.len());
    let around = around.expect("short");
    let frame = around.frame();
    let message = [frame.header, payload, &vec![0; frame.padding_bytes]].concat();
    assert_eq!(Carried::read(&message), Some(Carried::Indication(peer, payload.to_vec())));
    assert_eq!(Message::parse(&message).expect("a message").data(), Some(payload));
    message
}
