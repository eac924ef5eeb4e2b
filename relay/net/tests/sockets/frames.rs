//! Datagrams between a header and padding: bit-exact, and in trains like any other.

use std::net::SocketAddr;

use crate::lab::{BYTES, Record, client, drive, open, open_relayed, receive};
use ringfence_net::SendRefusal;
use ringfence_net::backend::Backend;
use ringfence_net::sockets::{Offload, Sockets};
use ringfence_wire::datagram::{FRAME_HEADER_BYTES_MAX, Frame, LocalSocket, Outbox, Transmit};

/// What a frame is made of: header, payload, bytes of padding.
type Parts = (Vec<u8>, &'static [u8], usize);

fn whole((header, payload, padding_bytes): &Parts) -> Vec<u8> {
    [header, *payload, &[0; 3][..*padding_bytes]].concat()
}

fn emit(backend: &mut Sockets, frames: &[Parts], to: SocketAddr, from: LocalSocket) {
    backend.emit(|outbox| {
        for (header, payload, padding_bytes) in frames {
            let frame = Frame { header, padding_bytes: *padding_bytes };
            outbox.frame(frame, Transmit { payload, to, from });
        }
    });
}

/// ChannelData of one length each but for the last, which is shorter. Payloads do not adjoin.
fn channel_data(count: usize, bytes: usize, last: usize) -> Vec<Parts> {
    let parts = |at: usize| {
        let length = if at + 1 == count { last } else { bytes };
        let [low, high] = u16::try_from(length).unwrap().to_le_bytes();
        let from = at * (bytes + 9);
        (vec![0x40, at.to_le_bytes()[0], high, low], &BYTES[from..from + length], 0)
    };
    (0..count).map(parts).collect()
}

#[test]
fn frames_are_trains_that_a_receiver_takes_apart_right() {
    for any in ["127.0.0.1:0", "[::1]:0"] {
        for relayed in [false, true] {
            let mut sending = open(&[any], Offload::Auto);
            let mut receiving = open(&[any], Offload::Auto);
            let to = receiving.local_addresses()[0];
            let from = match relayed {
                true => open_relayed(&mut sending, any).0,
                false => LocalSocket::Listen(0),
            };
            let frames = channel_data(11, 1000, 123);
            emit(&mut sending, &frames, to, from);
            let sent = sending.counters().sent;
            assert_eq!((sent.trains, sent.calls, sent.datagrams), (1, 1, 11));

            let mut record = Record::default();
            drive(&mut receiving, &mut record, 11);
            assert_eq!(record.payloads, frames.iter().map(whole).collect::<Vec<_>>());
            assert_eq!(receiving.counters().received.trains, 1);
        }
    }
}

#[test]
fn relayed_sockets_receive_trains() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let (from, _) = open_relayed(&mut backend, "127.0.0.1:0");
    let (_, to) = open_relayed(&mut backend, "127.0.0.1:0");
    let frames = channel_data(20, 500, 500);
    emit(&mut backend, &frames, to, from);
    let mut record = Record::default();
    drive(&mut backend, &mut record, 20);
    assert_eq!(record.payloads, frames.iter().map(whole).collect::<Vec<_>>());
    assert_eq!(backend.counters().received.trains, 1);
}

/// The application data of ChannelData that came in as a train: equal lengths, headers between.
#[test]
fn payloads_cut_out_of_a_train_leave_as_a_train() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let peer = client("127.0.0.1:0");
    let to = peer.local_addr().unwrap();
    let (from, _) = open_relayed(&mut backend, "127.0.0.1:0");
    let payloads: Vec<&'static [u8]> = BYTES[..30_600].chunks(612).map(|one| &one[4..]).collect();
    backend.emit(|outbox| {
        payloads.iter().for_each(|payload| outbox.forward(Transmit { payload, to, from }));
    });
    assert_eq!(receive(&peer, 50), payloads);
    let sent = backend.counters().sent;
    assert_eq!((sent.trains, sent.calls), (1, 1));
}

#[test]
fn headers_and_padding_of_all_lengths_arrive_bit_exact_in_order() {
    for offload in [Offload::Auto, Offload::Off] {
        let mut backend = open(&["127.0.0.1:0"], offload);
        let (from, _) = open_relayed(&mut backend, "127.0.0.1:0");
        let peer = client("127.0.0.1:0");
        // Long runs of one length, more pieces than one call takes, empty payloads, empty headers.
        let parts = |at: usize| {
            let header = vec![at.to_le_bytes()[0]; (at / 40) % (FRAME_HEADER_BYTES_MAX + 1)];
            (header, &BYTES[at * 20..at * 20 + (at / 60) % 18], (at / 80) % 4)
        };
        let frames: Vec<_> = (0..3000).map(parts).collect();
        for some in frames.chunks(1500) {
            emit(&mut backend, some, peer.local_addr().unwrap(), from);
            assert_eq!(receive(&peer, 1500), some.iter().map(whole).collect::<Vec<_>>());
        }
        let sent = backend.counters().sent;
        assert_eq!((sent.trains > 20, sent.datagrams), (offload == Offload::Auto, 3000));
    }
}

#[test]
fn frames_that_no_frame_may_be_are_counted_and_not_sent() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let peer = client("127.0.0.1:0");
    let frames: [Parts; 4] = [
        (vec![1; FRAME_HEADER_BYTES_MAX + 1], b"header", 0),
        (vec![1; 4], b"padding", 4),
        (vec![1; 40], &BYTES[..65_500], 0),
        (vec![1; FRAME_HEADER_BYTES_MAX], b"good", 3),
    ];
    emit(&mut backend, &frames, peer.local_addr().unwrap(), LocalSocket::Listen(0));
    assert_eq!(receive(&peer, 1), [whole(&frames[3])]);
    assert_eq!(backend.counters().sent.refused_for(SendRefusal::TooLong), 3);
}
