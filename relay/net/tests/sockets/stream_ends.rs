//! Every way in which a stream ends is told once, and counted.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::door::{Door, channel_data, connect, open_tcp, read, stun, tcp};
use crate::lab::{BYTES, ROUNDS, until};
use ringfence_net::StreamCounters;
use ringfence_net::backend::Backend;
use ringfence_net::sockets::{Sockets, SocketsConfig};
use ringfence_wire::datagram::{LocalSocket, Outbox, Transmit};

const STREAM: LocalSocket = LocalSocket::Stream(0);

/// A stream that has said hello.
fn open_stream(config: &SocketsConfig, door: &mut Door) -> (Sockets, TcpStream) {
    let mut backend = Sockets::open(config).unwrap();
    let mut client = connect(&backend);
    client.write_all(&stun(0)).unwrap();
    until(&mut backend, door, |_, door| door.messages.len() == 1);
    assert_eq!(read(&mut client, 20), stun(0));
    (backend, client)
}

/// Turns until the end was told, and then on for a while: not twice.
fn ended(backend: &mut Sockets, door: &mut Door) -> StreamCounters {
    until(backend, door, |_, door| !door.closed.is_empty());
    for _ in 0..5 {
        backend.wait(Some(Duration::from_millis(1))).unwrap();
        let _pending = backend.turn(door, ROUNDS).unwrap();
    }
    assert_eq!(door.closed, [STREAM]);
    let streams = backend.counters().streams;
    assert_eq!((streams.open, streams.accepted), (0, 1));
    streams
}

#[test]
fn the_remote_closes() {
    let mut door = Door::default();
    let (mut backend, client) = open_stream(&tcp("127.0.0.1:0"), &mut door);
    drop(client);
    assert_eq!(ended(&mut backend, &mut door).ended_other, 1);
}

#[test]
fn the_remote_closes_its_half_in_the_same_breath_and_still_gets_its_answer() {
    let (mut backend, mut door) = (open_tcp(), Door::default());
    let mut client = connect(&backend);
    client.write_all(&channel_data(b"last words")).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(ended(&mut backend, &mut door).ended_other, 1);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, channel_data(b"last words"));
}

#[test]
fn the_remote_resets() {
    let mut door = Door::default();
    let (mut backend, client) = open_stream(&tcp("127.0.0.1:0"), &mut door);
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(ended(&mut backend, &mut door).ended_other, 1);
}

#[test]
fn the_remote_speaks_something_else() {
    let too_long = [0, 1, 0xFF, 0xFC];
    for rubbish in [&b"\x80rubbish"[..], &[22, 3, 1], &[0, 1, 0, 3], &too_long] {
        let mut door = Door::default();
        let (mut backend, mut client) = open_stream(&tcp("127.0.0.1:0"), &mut door);
        client.write_all(&[&channel_data(b"good"), rubbish].concat()).unwrap();
        assert_eq!(ended(&mut backend, &mut door).ended_unframed, 1);
        assert_eq!(door.messages[1].1, b"\x40\x01\0\x04good", "what came before is taken");
    }
}

#[test]
fn the_step_closes_and_what_it_put_out_before_arrives() {
    let mut door = Door::default();
    let (mut backend, mut client) = open_stream(&tcp("127.0.0.1:0"), &mut door);
    let to = client.local_addr().unwrap();
    client.write_all(&channel_data(b"unread")).unwrap();
    let payload = &BYTES[..60_000];
    backend.emit(|outbox| {
        (0..4).for_each(|_| outbox.forward(Transmit { payload, to, from: STREAM }));
        (0..2).for_each(|_| outbox.close(STREAM));
    });
    backend.wait(None).unwrap();
    assert_eq!(ended(&mut backend, &mut door).ended_other, 1);
    let mut all = Vec::new();
    client.read_to_end(&mut all).unwrap();
    assert!(all == payload.repeat(4));
}

/// Sends until what is queued stays queued, as the remote does not read.
fn fill(backend: &mut Sockets, to: SocketAddr) {
    let sent = |backend: &Sockets| backend.counters().streams.bytes_out;
    let mut before = 0;
    while std::mem::replace(&mut before, sent(backend)) < sent(backend) || before < 100_000 {
        let payload = &BYTES[..60_000];
        backend.emit(|outbox| {
            (0..8).for_each(|_| outbox.forward(Transmit { payload, to, from: STREAM }));
        });
    }
}

#[test]
fn a_remote_that_closes_its_half_and_does_not_read_is_not_waited_for_long() {
    let mut door = Door::default();
    let (mut backend, client) = open_stream(&tcp("127.0.0.1:0"), &mut door);
    fill(&mut backend, client.local_addr().unwrap());
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(ended(&mut backend, &mut door).ended_other, 1);
}

#[test]
fn a_close_that_the_remote_does_not_let_finish_is_over_in_time() {
    let mut door = Door::default();
    let (mut backend, client) = open_stream(&tcp("127.0.0.1:0"), &mut door);
    fill(&mut backend, client.local_addr().unwrap());
    backend.emit(|outbox| outbox.close(STREAM));
    backend.wait(Some(Duration::ZERO)).unwrap();
    let _pending = backend.turn(&mut door, ROUNDS).unwrap();
    assert_eq!(door.closed, [], "it has a while");
    assert_eq!(ended(&mut backend, &mut door).ended_other, 1);
}

#[test]
fn nobody_authenticates() {
    let within = Duration::from_millis(200);
    let config = SocketsConfig { authenticate_within: within, ..tcp("127.0.0.1:0") };
    let mut door = Door { authenticates: false, ..Door::default() };
    let (mut backend, mut client) = open_stream(&config, &mut door);
    // Being told no again and again is no way to live on.
    for _ in 0..400 {
        backend.emit(|outbox| outbox.authenticated(STREAM, false));
        backend.wait(Some(Duration::from_millis(10))).unwrap();
        let _pending = backend.turn(&mut door, ROUNDS).unwrap();
        if !door.closed.is_empty() {
            break;
        }
    }
    assert_eq!(door.closed, [STREAM]);
    assert_eq!(ended(&mut backend, &mut door).ended_unauthenticated, 1);
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn who_has_authenticated_stays_until_told_otherwise() {
    let within = Duration::from_millis(50);
    let config = SocketsConfig { authenticate_within: within, ..tcp("127.0.0.1:0") };
    let mut door = Door::default();
    let mut backend = Sockets::open(&config).unwrap();
    // A second stream, which does not authenticate, shows that the time is over.
    let mut client = connect(&backend);
    client.write_all(&stun(0)).unwrap();
    until(&mut backend, &mut door, |_, door| door.messages.len() == 1);
    let idle = connect(&backend);
    until(&mut backend, &mut door, |_, door| !door.closed.is_empty());
    assert_eq!(door.closed, [LocalSocket::Stream(1)]);
    drop(idle);

    backend.emit(|outbox| outbox.authenticated(STREAM, false));
    until(&mut backend, &mut door, |_, door| door.closed.len() == 2);
    assert_eq!(door.closed[1], STREAM);
    assert_eq!(backend.counters().streams.ended_unauthenticated, 2);
}

#[test]
fn a_number_is_not_used_again_before_the_step_knows() {
    let (mut backend, mut door) = (open_tcp(), Door::default());
    let mut first = connect(&backend);
    first.write_all(&stun(0)).unwrap();
    until(&mut backend, &mut door, |_, door| door.messages.len() == 1);
    backend.emit(|outbox| outbox.close(STREAM));
    let mut second = connect(&backend);
    second.write_all(&stun(4)).unwrap();
    until(&mut backend, &mut door, |_, door| door.messages.len() == 2);
    assert_eq!(door.closed, [STREAM]);
    assert_eq!(door.messages[1], (STREAM, stun(4)));
}
