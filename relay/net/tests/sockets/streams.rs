//! Messages on TCP: framed right, answered right, nobody held up.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::door::{Door, channel_data, connect, echoing, open_tcp, read, stun, tcp};
use crate::lab::{BYTES, ROUNDS, until};
use ringfence_net::SendRefusal;
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Sockets;
use ringfence_wire::datagram::{LocalSocket, Outbox, Transmit};
use ringfence_wire::framing;

fn some_messages() -> Vec<Vec<u8>> {
    let data = |bytes| channel_data(&BYTES[..bytes]);
    vec![stun(0), data(5), data(0), stun(8), data(16), data(3)]
}

/// Messages as the step sees them: without padding.
fn unpadded(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let cut = |message: &Vec<u8>| {
        let framed = framing::first(message).unwrap().unwrap();
        message[..framed.message_bytes].to_vec()
    };
    messages.iter().map(cut).collect()
}

fn payloads(door: &Door) -> Vec<Vec<u8>> {
    door.messages.iter().map(|(_, message)| message.clone()).collect()
}

#[test]
fn messages_come_whole_wherever_the_stream_is_cut() {
    let mut backend = open_tcp();
    let mut door = Door::default();
    let (messages, bytes) = (some_messages(), some_messages().concat());
    for cut in 0..=bytes.len() {
        door.messages.clear();
        let mut client = connect(&backend);
        for part in [&bytes[..cut], &bytes[cut..]] {
            client.write_all(part).unwrap();
            for _ in 0..3 {
                backend.wait(Some(Duration::ZERO)).unwrap();
                let _pending = backend.turn(&mut door, ROUNDS).unwrap();
            }
        }
        until(&mut backend, &mut door, |_, door| door.messages.len() >= messages.len());
        assert_eq!(payloads(&door), unpadded(&messages), "cut at {cut}");
        assert_eq!(read(&mut client, bytes.len()), bytes);
    }
}

#[test]
fn a_stream_may_come_byte_by_byte() {
    let mut backend = open_tcp();
    let (mut client, mut door) = (connect(&backend), Door::default());
    for byte in some_messages().concat() {
        client.write_all(&[byte]).unwrap();
        backend.wait(None).unwrap();
        let _pending = backend.turn(&mut door, ROUNDS).unwrap();
    }
    until(&mut backend, &mut door, |_, door| door.messages.len() == 6);
    assert_eq!(payloads(&door), unpadded(&some_messages()));
    let streams = backend.counters().streams;
    let bytes = some_messages().concat().len() as u64;
    assert_eq!((streams.messages_in, streams.bytes_in, streams.bytes_out), (6, bytes, bytes));
}

#[test]
fn messages_of_all_lengths_are_echoed_bit_exact_by_both_families() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let mut backend = Sockets::open(&tcp(address)).unwrap();
        let mut bytes = Vec::new();
        for at in 0..300 {
            let longest = if at % 50 == 7 { 65_535 } else { at * 7 };
            bytes.extend(channel_data(&BYTES[..longest]));
            bytes.extend(stun(u16::try_from(at).unwrap() * 4));
        }
        let (mut door, client) = (Door::default(), connect(&backend));
        let remote = client.local_addr().unwrap();
        let answer = echoing(client, bytes.clone());
        until(&mut backend, &mut door, |_, door| !door.closed.is_empty());
        assert!(answer.join().unwrap() == bytes);
        assert_eq!((door.asked, door.messages.len()), (vec![remote], 600));
        assert_eq!(backend.counters().sent.refused, [0; SendRefusal::ALL.len()]);
    }
}

#[test]
fn a_flood_of_the_shortest_messages_is_taken_in_bit_by_bit() {
    let mut backend = open_tcp();
    let (client, mut door) = (connect(&backend), Door::default());
    let bytes = channel_data(b"").repeat(50_000);
    let answer = echoing(client, bytes.clone());
    until(&mut backend, &mut door, |_, door| !door.closed.is_empty());
    assert!(answer.join().unwrap() == bytes);
    assert_eq!(door.messages.len(), 50_000);
}

/// Numbered messages, so that a reader can tell which it got.
static NUMBERED: [[u8; 1004]; 2000] = {
    let mut messages = [[7; 1004]; 2000];
    let mut at = 0;
    while at < messages.len() {
        let [low, high, ..] = at.to_le_bytes();
        let header = [0x40, 1, 0x03, 0xE8, high, low];
        let mut byte = 0;
        while byte < header.len() {
            messages[at][byte] = header[byte];
            byte += 1;
        }
        at += 1;
    }
    messages
};

fn say_hello(backend: &mut Sockets, door: &mut Door) -> (TcpStream, LocalSocket) {
    let mut client = connect(backend);
    let before = door.messages.len();
    client.write_all(&stun(0)).unwrap();
    until(backend, door, |_, door| door.messages.len() > before);
    read(&mut client, 20);
    (client, door.messages[before].0)
}

#[test]
fn a_remote_that_does_not_read_loses_whole_messages_and_holds_up_nobody() {
    let (mut backend, mut door) = (open_tcp(), Door::default());
    let (mut slow, stream) = say_hello(&mut backend, &mut door);
    let to = slow.local_addr().unwrap();
    for payload in &NUMBERED {
        backend.emit(|outbox| outbox.forward(Transmit { payload, to, from: stream }));
    }
    let lost = backend.counters().sent.refused_for(SendRefusal::BufferFull);
    assert!((1..2000).contains(&lost), "{lost} of 2000 lost");
    say_hello(&mut backend, &mut door);

    // Now it reads: in order, with gaps, but no message is cut.
    let kept = 2000 - usize::try_from(lost).unwrap();
    let reader = std::thread::spawn(move || {
        let messages: Vec<_> = (0..kept).map(|_| read(&mut slow, 1004)).collect();
        (slow, messages)
    });
    until(&mut backend, &mut door, |_, _| reader.is_finished());
    let (mut client, messages) = reader.join().unwrap();
    assert!(messages.iter().all(|message| NUMBERED.iter().any(|sent| sent[..] == message[..])));
    assert!(messages.is_sorted_by_key(|message| (message[4], message[5])));

    // And is served again.
    client.write_all(&channel_data(b"again")).unwrap();
    until(&mut backend, &mut door, |_, door| door.messages.len() == 3);
    assert_eq!(read(&mut client, 12), channel_data(b"again"));
}

#[test]
fn several_streams_share_a_batch() {
    let (mut backend, mut door) = (open_tcp(), Door::default());
    let mut clients: Vec<_> = (0..20).map(|_| say_hello(&mut backend, &mut door)).collect();
    let before = door.messages.len();
    for (at, (client, _)) in clients.iter_mut().enumerate() {
        client.write_all(&channel_data(&BYTES[..at * 50])).unwrap();
    }
    until(&mut backend, &mut door, |_, door| door.messages.len() == before + 20);
    for (at, (client, stream)) in clients.iter_mut().enumerate() {
        let message = channel_data(&BYTES[..at * 50]);
        assert_eq!(read(client, message.len()), message);
        assert_eq!(door.messages.iter().filter(|(from, _)| from == stream).count(), 2);
    }
}

#[test]
fn a_stream_that_is_gone_is_no_socket() {
    let (mut backend, mut door) = (open_tcp(), Door::default());
    let (client, stream) = say_hello(&mut backend, &mut door);
    let to = client.local_addr().unwrap();
    backend.emit(|outbox| {
        outbox.close(stream);
        outbox.send_own(b"late", to, stream);
        outbox.send_own(b"never there", to, LocalSocket::Stream(77));
        outbox.authenticated(LocalSocket::Stream(77), true);
        outbox.close(LocalSocket::Stream(77));
    });
    assert_eq!(backend.counters().sent.refused_for(SendRefusal::NoSuchSocket), 2);
}
