//! What comes in goes out, bit-exact and in order.

use std::net::UdpSocket;

use crate::lab::{BYTES, Echo, FanOut, client, drive, open, receive};
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Offload;

/// Payloads of all lengths from empty to a full Ethernet frame.
fn payloads() -> Vec<&'static [u8]> {
    (0..200).map(|at| &BYTES[at * 50..at * 50 + at * 7]).collect()
}

fn send_all(from: &UdpSocket, to: std::net::SocketAddr, payloads: &[&[u8]]) {
    for payload in payloads {
        assert_eq!(from.send_to(payload, to).unwrap(), payload.len());
    }
}

#[test]
fn an_echo_returns_the_same_bytes_in_the_same_order() {
    for address in ["127.0.0.1:0", "127.9.8.7:0", "[::1]:0"] {
        for offload in [Offload::Auto, Offload::Off] {
            let mut backend = open(&[address], offload);
            let from = client(address);
            send_all(&from, backend.local_addresses()[0], &payloads());
            drive(&mut backend, &mut Echo::default(), 200);
            assert_eq!(receive(&from, 200), payloads());
            let (sent, bytes) = (backend.counters().sent, payloads().concat().len());
            assert_eq!((sent.datagrams, sent.bytes), (200, bytes as u64));
        }
    }
}

#[test]
fn batches_hold_up_to_64_messages() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Off);
    let from = client("127.0.0.1:0");
    send_all(&from, backend.local_addresses()[0], &payloads());
    let mut echo = Echo::default();
    drive(&mut backend, &mut echo, 200);
    assert_eq!(echo.batches.iter().max(), Some(&64));
    assert_eq!(echo.batches.iter().sum::<usize>(), 200);
    assert_eq!(backend.counters().received.batches, echo.batches.len() as u64);
}

#[test]
fn a_fan_out_larger_than_any_batch_reaches_everyone_in_order() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let from = client("127.0.0.1:0");
    let listeners: Vec<_> = (0..150).map(|_| client("127.0.0.1:0")).collect();
    let to = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
    let sent: Vec<&[u8]> = (0..20).map(|at| &BYTES[at * 300..at * 300 + 100 + at % 3]).collect();
    send_all(&from, backend.local_addresses()[0], &sent);
    drive(&mut backend, &mut FanOut(to), 20);
    for listener in &listeners {
        assert_eq!(receive(listener, 20), sent);
    }
}

#[test]
fn two_families_in_one_batch_each_leave_by_their_own_socket() {
    let mut backend = open(&["127.0.0.1:0", "[::1]:0"], Offload::Auto);
    let clients = [client("127.0.0.1:0"), client("[::1]:0")];
    for (from, &to) in clients.iter().zip(backend.local_addresses()) {
        from.connect(to).unwrap();
        assert_eq!(from.send(&BYTES[..77]).unwrap(), 77);
    }
    drive(&mut backend, &mut Echo::default(), 2);
    clients.iter().for_each(|from| assert_eq!(receive(from, 1), [&BYTES[..77]]));
}
