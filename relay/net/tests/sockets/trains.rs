//! Segmentation offload: trains out, trains in, and taken apart again.

use crate::lab::{BYTES, FanOut, Record, client, drive, emit, open, receive};
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Offload;

/// Nine datagrams of 1,000 bytes and a last one of 123.
fn segments() -> Vec<&'static [u8]> {
    BYTES[..9_123].chunks(1000).collect()
}

#[test]
fn a_train_is_received_whole_and_taken_apart_right() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let mut sending = open(&[address], Offload::Auto);
        let mut receiving = open(&[address], Offload::Auto);
        let to = receiving.local_addresses()[0];
        let train: Vec<_> = segments().into_iter().map(|segment| (segment, to)).collect();
        emit(&mut sending, &train);
        assert_eq!((sending.counters().sent.trains, sending.counters().sent.calls), (1, 1));

        let mut record = Record::default();
        drive(&mut receiving, &mut record, 10);
        assert_eq!(record.payloads, segments());
        let received = receiving.counters().received;
        assert_eq!((received.trains, received.batches, received.bytes), (1, 1, 9_123));
    }
}

#[test]
fn a_relayed_train_reaches_a_plain_socket_as_its_datagrams() {
    let mut sending = open(&["127.0.0.1:0"], Offload::Auto);
    let mut relay = open(&["127.0.0.1:0"], Offload::Auto);
    let plain = [client("127.0.0.1:0"), client("127.0.0.1:0")];
    let to = relay.local_addresses()[0];
    emit(&mut sending, &segments().into_iter().map(|one| (one, to)).collect::<Vec<_>>());
    let everyone = plain.iter().map(|socket| socket.local_addr().unwrap()).collect();
    drive(&mut relay, &mut FanOut(everyone), 10);

    plain.iter().for_each(|socket| assert_eq!(receive(socket, 10), segments()));
    let sent = relay.counters().sent;
    assert_eq!((sent.trains, sent.datagrams, sent.calls), (2, 20, 1));
}

#[test]
fn destinations_that_take_turns_still_get_trains() {
    let mut sending = open(&["127.0.0.1:0"], Offload::Auto);
    let sockets = [client("127.0.0.1:0"), client("127.0.0.1:0"), client("127.0.0.1:0")];
    let to = sockets.each_ref().map(|socket| socket.local_addr().unwrap());
    let payload = |at: usize| &BYTES[at * 200..at * 200 + 150];
    emit(&mut sending, &(0..60).map(|at| (payload(at), to[at % 3])).collect::<Vec<_>>());
    let sent = sending.counters().sent;
    assert_eq!((sent.trains, sent.datagrams, sent.calls), (3, 60, 1));
    for (number, socket) in sockets.iter().enumerate() {
        let expected: Vec<_> = (0..20).map(|round| payload(round * 3 + number)).collect();
        assert_eq!(receive(socket, 20), expected);
    }
}

#[test]
fn order_is_kept_for_each_destination_while_sizes_change() {
    let mut sending = open(&["127.0.0.1:0"], Offload::Auto);
    let sockets = [client("127.0.0.1:0"), client("127.0.0.1:0"), client("127.0.0.1:0")];
    let to = sockets.each_ref().map(|socket| socket.local_addr().unwrap());
    let mut expected = [const { Vec::new() }; 3];
    let mut datagrams = Vec::new();
    // Runs of one destination and size, shorter and longer neighbours, and empty ones between.
    for at in 0..300 {
        let (whose, bytes) = ((at / 7 + at / 31) % 3, [90, 90, 90, 40, 120, 0][(at / 2) % 6]);
        let payload = &BYTES[at * 200..at * 200 + bytes];
        expected[whose].push(payload);
        datagrams.push((payload, to[whose]));
    }
    emit(&mut sending, &datagrams);
    assert!(sending.counters().sent.trains > 20);
    for (socket, expected) in sockets.iter().zip(expected) {
        assert_eq!(receive(socket, expected.len()), expected);
    }
}

#[test]
fn offload_switched_off_neither_sends_nor_receives_trains() {
    let mut sending = open(&["127.0.0.1:0"], Offload::Off);
    let mut receiving = open(&["127.0.0.1:0"], Offload::Off);
    let report = receiving.reports().next().unwrap();
    assert_eq!((report.coalesces, report.train_segment_bytes_max), (false, 0));
    let to = receiving.local_addresses()[0];
    emit(&mut sending, &segments().into_iter().map(|one| (one, to)).collect::<Vec<_>>());
    assert_eq!((sending.counters().sent.trains, sending.counters().sent.datagrams), (0, 10));

    // A train from elsewhere arrives split by the kernel.
    let mut other = open(&["127.0.0.1:0"], Offload::Auto);
    emit(&mut other, &segments().into_iter().map(|one| (one, to)).collect::<Vec<_>>());
    let mut record = Record::default();
    drive(&mut receiving, &mut record, 20);
    assert_eq!(record.payloads, [segments(), segments()].concat());
    assert_eq!(receiving.counters().received.trains, 0);
}
