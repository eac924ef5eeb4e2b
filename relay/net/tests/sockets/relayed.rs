//! Sockets that the step opens and closes.

use std::net::{SocketAddr, UdpSocket};

use crate::alone::alone;
use crate::lab::{
    BYTES, Echo, ROUNDS, Record, client, config, drive, free, open, open_relayed, receive, until,
};
use ringfence_net::backend::Backend;
use ringfence_net::sockets::{Offload, Sockets, SocketsConfig};
use ringfence_net::{RelayedCounters, SendRefusal};
use ringfence_wire::datagram::{Datagram, LocalSocket, OpenError, Outbox, Step, Transmit};

/// Opens an address with the first datagram, closes it when it gets an empty one, and echoes.
struct Opens {
    address: SocketAddr,
    opened: Option<Result<LocalSocket, OpenError>>,
}

impl Step for Opens {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        self.opened.get_or_insert_with(|| outbox.open(self.address));
        for Datagram { payload, remote: to, local: from, .. } in received {
            outbox.forward(Transmit { payload, to, from });
            if payload.is_empty() {
                outbox.close(from);
            }
        }
    }
}

#[test]
fn a_socket_opened_in_a_batch_echoes_until_it_is_closed_in_one() {
    for any in ["127.0.0.1:0", "[::1]:0"] {
        let mut backend = open(&[any], Offload::Auto);
        let mut step = Opens { address: free(any), opened: None };
        let from = client(any);
        from.send_to(b"open", backend.local_addresses()[0]).unwrap();
        drive(&mut backend, &mut step, 1);
        assert_eq!(step.opened, Some(Ok(LocalSocket::Relayed(0))));
        receive(&from, 1);

        let payloads: Vec<_> = (1..60).map(|at| &BYTES[at * 50..at * 70]).collect();
        for payload in payloads.iter().chain([&&BYTES[..0]]) {
            assert_eq!(from.send_to(payload, step.address).unwrap(), payload.len());
        }
        drive(&mut backend, &mut step, 61);
        assert_eq!(receive(&from, 59), payloads);
        // What was put out before the close leaves first.
        assert_eq!(receive(&from, 1), [b""]);
        let counters = RelayedCounters { open: 0, opened: 1, closed: 1, open_failed: 0 };
        assert_eq!(backend.counters().relayed, counters);
        drop(UdpSocket::bind(step.address).expect("the address is free again"));
    }
}

#[test]
fn ten_thousand_sockets_come_and_go_and_leave_nothing_behind() {
    let test = "relayed::ten_thousand_sockets_come_and_go_and_leave_nothing_behind";
    if !alone(test, "true") {
        return;
    }
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let address = free("127.0.0.3:0");
    let before = descriptors();
    for at in 0..10_000 {
        let socket = backend.emit(|outbox| outbox.open(address)).unwrap();
        assert_eq!(socket, LocalSocket::Relayed(0), "time {at}");
        backend.emit(|outbox| outbox.close(socket));
    }
    assert_eq!(descriptors(), before);

    let many = backend.emit(|outbox| (0..500).map(|at| outbox.open(nth(at))).collect::<Vec<_>>());
    assert_eq!(descriptors(), before + 500);
    backend.emit(|outbox| many.into_iter().for_each(|socket| outbox.close(socket.unwrap())));
    assert_eq!(descriptors(), before);
    let counters = RelayedCounters { open: 0, opened: 10_500, closed: 10_500, open_failed: 0 };
    assert_eq!(backend.counters().relayed, counters);
}

/// Nobody else has these addresses.
fn nth(at: u16) -> SocketAddr {
    SocketAddr::from(([127, 77, 3, 1], 20_000 + at))
}

#[test]
fn an_address_that_cannot_be_had_is_refused_and_costs_nothing() {
    let limits = SocketsConfig { relayed_max: 2, ..config(&["127.0.0.1:0"]) };
    let mut backend = Sockets::open(&limits).unwrap();
    let taken = client("127.0.0.1:0").local_addr().unwrap();
    let taken_by = UdpSocket::bind(taken).unwrap();
    let own = backend.local_addresses()[0];
    let not_ours = "192.0.2.1:4000".parse().unwrap();
    let no_port = "127.0.0.1:0".parse().unwrap();
    backend.emit(|outbox| {
        for address in [taken, own, not_ours, no_port] {
            assert_eq!(outbox.open(address), Err(OpenError::Unavailable), "{address}");
        }
    });
    drop(taken_by);
    let (first, _) = open_relayed(&mut backend, "127.0.0.1:0");
    let (second, address) = open_relayed(&mut backend, "127.0.0.1:0");
    backend.emit(|outbox| {
        assert_eq!(outbox.open(free("127.0.0.1:0")), Err(OpenError::Exhausted));
        outbox.close(second);
        assert_eq!(outbox.open(address), Ok(LocalSocket::Relayed(2)));
        [first, second, second].into_iter().for_each(|socket| outbox.close(socket));
        outbox.send_own(b"late", own, second);
    });
    assert_eq!(backend.counters().relayed.open, 1);
    assert_eq!(backend.counters().sent.refused_for(SendRefusal::NoSuchSocket), 1);
}

/// Closes a socket and opens another while datagrams of the first are still in the batch.
struct Replaces(Vec<LocalSocket>, SocketAddr);

impl Step for Replaces {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        for datagram in received {
            self.0.push(datagram.local);
            if self.0.len() == 1 {
                outbox.close(datagram.local);
                self.0.push(outbox.open(self.1).unwrap());
            }
        }
    }
}

#[test]
fn a_number_is_not_used_again_while_its_old_datagrams_are_in_the_batch() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Off);
    let (old, address) = open_relayed(&mut backend, "127.0.0.1:0");
    let from = client("127.0.0.1:0");
    (0..2).for_each(|_| assert_eq!(from.send_to(b"old", address).unwrap(), 3));
    let mut step = Replaces(Vec::new(), free("127.0.0.1:0"));
    drive(&mut backend, &mut step, 2);
    assert_eq!((step.0[0], step.0[2]), (old, old));
    assert_ne!(step.0[1], old);

    let next = backend.emit(|outbox| outbox.open(address)).unwrap();
    assert_eq!(next, old, "free again after the batch");
}

#[test]
fn one_batch_takes_in_what_waits_at_several_sockets() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Off);
    let from = client("127.0.0.1:0");
    let sockets: Vec<_> = (0..40).map(|_| open_relayed(&mut backend, "127.0.0.1:0")).collect();
    let mut record = Record::default();
    for (at, (_, address)) in sockets.iter().enumerate() {
        assert_eq!(from.send_to(&BYTES[..at], address).unwrap(), at);
    }
    drive(&mut backend, &mut record, 40);
    let received = backend.counters().received;
    assert!(received.batches <= 2 && received.calls == 40, "{received:?}");
    for (payload, local) in record.payloads.iter().zip(&record.locals) {
        assert_eq!(*local, sockets[payload.len()].0);
    }
}

#[test]
fn a_flooded_socket_leaves_the_others_their_share_of_each_batch() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Off);
    let flooded = backend.local_addresses()[0];
    let from = client("127.0.0.1:0");
    let sockets: Vec<_> = (0..10).map(|_| open_relayed(&mut backend, "127.0.0.1:0")).collect();
    (0..1000).for_each(|_| assert_eq!(from.send_to(b"flood", flooded).unwrap(), 5));
    for (_, address) in &sockets {
        assert_eq!(from.send_to(b"lone", address).unwrap(), 4);
    }
    // All are known to be readable before the first is served.
    (0..12).for_each(|_| assert!(backend.wait(None).unwrap()));
    let mut record = Record::default();
    let _pending = backend.turn(&mut record, 2.try_into().unwrap()).unwrap();
    let lone = record.payloads.iter().filter(|payload| *payload == b"lone").count();
    assert_eq!((lone, record.payloads.len()), (10, 128));
    drive(&mut backend, &mut record, 1010);
    assert_eq!(record.payloads.len(), 1010);
}

/// More sockets than there are send queues.
#[test]
fn each_of_a_hundred_sockets_written_in_turn_keeps_its_order() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let pairs: Vec<_> = (0..100)
        .map(|_| (open_relayed(&mut backend, "127.0.0.1:0").0, client("127.0.0.1:0")))
        .collect();
    let to: Vec<_> = pairs.iter().map(|(_, peer)| peer.local_addr().unwrap()).collect();
    let sent: Vec<&'static [u8]> =
        (0..12).map(|at| &BYTES[at * 90..at * 90 + 50 + at / 5]).collect();
    backend.emit(|outbox| {
        for payload in &sent {
            for ((from, _), to) in pairs.iter().zip(&to) {
                outbox.forward(Transmit { payload, to: *to, from: *from });
            }
        }
    });
    pairs.iter().for_each(|(_, peer)| assert_eq!(receive(peer, 12), sent));
    let counters = backend.counters().sent;
    assert_eq!((counters.datagrams, counters.refused), (1200, [0; SendRefusal::ALL.len()]));
}

#[test]
fn a_lone_listen_socket_still_fills_whole_batches() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Off);
    open_relayed(&mut backend, "127.0.0.1:0");
    let from = client("127.0.0.1:0");
    (0..256).for_each(|_| assert_eq!(from.send_to(b"x", backend.local_addresses()[0]).unwrap(), 1));
    let mut echo = Echo::default();
    drive(&mut backend, &mut echo, 256);
    assert_eq!(echo.batches, [64; 4]);
}

#[test]
fn a_closed_socket_that_was_ready_is_not_served() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Off);
    let (socket, address) = open_relayed(&mut backend, "127.0.0.1:0");
    assert_eq!(client("127.0.0.1:0").send_to(b"lost", address).unwrap(), 4);
    backend.wait(None).unwrap();
    backend.emit(|outbox| outbox.close(socket));
    let mut record = Record::default();
    let _pending = backend.turn(&mut record, ROUNDS).unwrap();
    let (fresh, _) = open_relayed(&mut backend, "127.0.0.1:0");
    until(&mut backend, &mut record, |backend, _| backend.counters().relayed.opened == 2);
    assert_eq!((fresh, record.payloads.len()), (socket, 0));
}
