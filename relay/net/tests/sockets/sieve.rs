//! A queue that strangers would fill, with a sieve before it.

use std::net::{SocketAddr, UdpSocket};

use crate::lab::{ROUNDS, Record, client, config, drive};
use ringfence_net::backend::{Backend, Pending};
use ringfence_net::sockets::{Share, Sockets, SocketsConfig};
use ringfence_wire::datagram::LocalSocket;

/// Room for a hundred small packets or so.
const QUEUE_BYTES: u32 = 32 << 10;

const PACKETS: u64 = 50;

/// Between two packets of whoever is in.
const STRANGE: usize = 40;

fn open() -> (Sockets, SocketAddr) {
    let config = SocketsConfig { receive_buffer_bytes: QUEUE_BYTES, ..config(&["127.0.0.1:0"]) };
    let backend = Sockets::open(&config).unwrap();
    let to = backend.local_addresses()[0];
    (backend, to)
}

/// Nobody reads meanwhile.
fn flood(to: SocketAddr, admitted: &UdpSocket) {
    let stranger = client("127.0.0.1:0");
    for _ in 0..PACKETS {
        (0..STRANGE).for_each(|_| assert_eq!(stranger.send_to(&[0x80; 172], to).unwrap(), 172));
        assert_eq!(admitted.send_to(b"media", to).unwrap(), 5);
    }
}

fn heard(record: &Record) -> usize {
    record.payloads.iter().filter(|payload| *payload == b"media").count()
}

#[test]
fn a_flood_costs_whoever_is_in_nothing_and_without_a_sieve_most_of_it() {
    let admitted = client("127.0.0.1:0");
    let source = (LocalSocket::Listen(0), admitted.local_addr().unwrap());

    let (mut backend, to) = open();
    backend.put_sieve([source].into_iter(), Share::LEAST).unwrap();
    flood(to, &admitted);
    let mut record = Record::default();
    drive(&mut backend, &mut record, PACKETS);
    assert_eq!(heard(&record), 50);
    let queues = backend.receive_queues();
    let thrown: u32 = queues.iter().map(|queue| queue.read().unwrap().dropped).sum();
    assert_eq!(thrown, 2_000, "what is kept out is counted");

    backend.lift_sieve();
    flood(to, &admitted);
    drive(&mut backend, &mut record, PACKETS + 1);
    while backend.turn(&mut record, ROUNDS).unwrap() == Pending::Maybe {}
    assert!(heard(&record) < 75, "the queue holds more than was thought: {}", heard(&record));
}

#[test]
fn whoever_is_in_at_one_socket_is_a_stranger_at_another() {
    let mut backend = Sockets::open(&config(&["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"])).unwrap();
    let to = backend.local_addresses().to_vec();
    let admitted = [client("127.0.0.1:0"), client("127.0.0.1:0"), client("[::1]:0")];
    let sources = admitted
        .iter()
        .zip(0..)
        .map(|(socket, number)| (LocalSocket::Listen(number), socket.local_addr().unwrap()));
    backend.put_sieve(sources, Share::LEAST).unwrap();
    for (socket, payload) in admitted.iter().zip([b"one", b"two", b"six"]) {
        for &to in to.iter().filter(|to| to.is_ipv4() == socket.local_addr().unwrap().is_ipv4()) {
            assert_eq!(socket.send_to(payload, to).unwrap(), 3);
        }
    }
    let mut record = Record::default();
    drive(&mut backend, &mut record, 3);
    let mut locals = record.locals.clone();
    locals.sort_by_key(|local| format!("{local:?}"));
    assert_eq!(locals, [0, 1, 2].map(LocalSocket::Listen));
}
