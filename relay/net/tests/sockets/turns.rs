//! Turns: bounded, fair, woken, and nothing carried over from one batch to the next.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::lab::{BYTES, Record, client, config, drive, open, receive};
use ringfence_net::SendRefusal;
use ringfence_net::backend::{Backend, Pending};
use ringfence_net::sockets::{LISTEN_MAX, Offload, Sockets, SocketsConfig};
use ringfence_wire::datagram::{
    Datagram, LocalSocket, OWN_DATAGRAM_BYTES_MAX, Outbox, Step, Transmit,
};

fn rounds(rounds: u32) -> NonZeroU32 {
    NonZeroU32::new(rounds).unwrap()
}

#[test]
fn a_flooded_socket_does_not_starve_the_other() {
    for flooded in [0, 1] {
        let mut backend = open(&["127.0.0.1:0", "127.0.0.2:0"], Offload::Off);
        let to = backend.local_addresses().to_vec();
        let from = client("127.0.0.1:0");
        for _ in 0..10 * 64 {
            assert_eq!(from.send_to(b"flood", to[flooded]).unwrap(), 5);
        }
        assert_eq!(from.send_to(b"lone", to[1 - flooded]).unwrap(), 4);

        let mut record = Record::default();
        wait_for_both(&mut backend);
        let _pending = backend.turn(&mut record, rounds(2)).unwrap();
        assert!(record.payloads.iter().any(|payload| payload == b"lone"));
        assert!(record.payloads.len() <= 2 * 64, "two rounds are two batches at most");

        // The lone socket running dry must not make the flooded one forgotten.
        drive(&mut backend, &mut record, 10 * 64 + 1);
    }
}

/// Waits without serving anybody until both sockets are known to be readable.
fn wait_for_both(backend: &mut Sockets) {
    (0..3).for_each(|_| assert!(backend.wait(None).unwrap()));
}

#[test]
fn what_a_turn_leaves_behind_is_served_without_another_edge() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Off);
    let from = client("127.0.0.1:0");
    for _ in 0..300 {
        assert_eq!(from.send_to(b"one", backend.local_addresses()[0]).unwrap(), 3);
    }
    let mut record = Record::default();
    for turn in 1..=4 {
        backend.wait(None).unwrap();
        assert_eq!(backend.turn(&mut record, rounds(1)).unwrap(), Pending::Maybe);
        assert_eq!(record.payloads.len(), turn * 64);
    }
    backend.wait(None).unwrap();
    assert_eq!(backend.turn(&mut record, rounds(5)).unwrap(), Pending::Nothing);
    assert_eq!(record.payloads.len(), 300);
}

#[test]
fn the_waker_ends_a_wait_from_another_thread_and_in_advance() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let waker = backend.waker();
    for _ in 0..3 {
        waker.wake().unwrap();
        backend.wait(None).unwrap();
    }
    let waking = std::thread::spawn(move || waker.wake().unwrap());
    backend.wait(None).unwrap();
    waking.join().unwrap();
    assert_eq!(backend.turn(&mut Record::default(), rounds(1)).unwrap(), Pending::Nothing);
}

#[test]
fn own_datagrams_are_copied_and_hopeless_ones_counted() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let remote = client("127.0.0.1:0");
    let to = remote.local_addr().unwrap();
    backend.emit(|outbox| {
        for at in 0..100_u8 {
            let scratch = [at; OWN_DATAGRAM_BYTES_MAX];
            outbox.send_own(&scratch[..usize::from(at) * 10], to, LocalSocket::Listen(0));
        }
        outbox.send_own(&[0; OWN_DATAGRAM_BYTES_MAX + 1], to, LocalSocket::Listen(0));
        outbox.send_own(b"nowhere", to, LocalSocket::Listen(1));
        outbox.send_own(b"last", to, LocalSocket::Listen(0));
    });
    let mut expected: Vec<_> = (0..100_u8).map(|at| vec![at; usize::from(at) * 10]).collect();
    expected.push(b"last".to_vec());
    assert_eq!(receive(&remote, 101), expected);
    let sent = backend.counters().sent;
    assert_eq!(sent.refused_for(SendRefusal::TooLong), 1);
    assert_eq!(sent.refused_for(SendRefusal::NoSuchSocket), 1);
}

/// Forwards all and then panics.
struct Panics;

impl Step for Panics {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        for Datagram { payload, remote: to, local: from, .. } in received {
            outbox.forward(Transmit { payload, to, from });
        }
        panic!("after forwarding");
    }
}

#[test]
fn a_step_that_panics_leaves_nothing_to_send_later() {
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let remote = client("127.0.0.1:0");
    remote.connect(backend.local_addresses()[0]).unwrap();
    assert_eq!(remote.send(b"stale").unwrap(), 5);
    backend.wait(None).unwrap();
    let turned = catch_unwind(AssertUnwindSafe(|| backend.turn(&mut Panics, rounds(1))));
    assert!(turned.is_err());

    let to = remote.local_addr().unwrap();
    backend.emit(|outbox| outbox.send_own(b"fresh", to, LocalSocket::Listen(0)));
    assert_eq!(receive(&remote, 1), [b"fresh"]);
    assert_eq!(backend.counters().sent.datagrams, 1);
}

#[test]
fn granted_buffers_are_reported_as_the_kernel_gave_them() {
    let open = |bytes| {
        let config = SocketsConfig {
            receive_buffer_bytes: bytes,
            send_buffer_bytes: bytes,
            ..config(&["127.0.0.1:0"])
        };
        let report = Sockets::open(&config).unwrap().reports().next().unwrap();
        (report.receive_buffer_bytes, report.send_buffer_bytes)
    };
    assert_eq!(open(65_536), (65_536, 65_536));
    let asked = 512 << 20;
    let maximum = |name| {
        let text = std::fs::read_to_string(format!("/proc/sys/net/core/{name}")).unwrap();
        text.trim().parse::<u32>().unwrap().min(asked)
    };
    let granted = open(asked);
    assert!([asked, maximum("rmem_max")].contains(&granted.0), "{granted:?}");
    assert!([asked, maximum("wmem_max")].contains(&granted.1), "{granted:?}");
}

#[test]
fn shards_share_an_address_and_each_remote_stays_with_one() {
    let mut first = open(&["127.0.0.1:0"], Offload::Off);
    let address = first.local_addresses()[0].to_string();
    let mut second = open(&[&address], Offload::Off);
    for _ in 0..40 {
        let remote = client("127.0.0.1:0");
        remote.connect(first.local_addresses()[0]).unwrap();
        (0..5).for_each(|at| assert_eq!(remote.send(&BYTES[..at]).unwrap(), at));
    }
    let (mut here, mut there) = (Record::default(), Record::default());
    while here.payloads.len() + there.payloads.len() < 200 {
        for (shard, record) in [(&mut first, &mut here), (&mut second, &mut there)] {
            shard.wait(Some(std::time::Duration::from_millis(1))).unwrap();
            let _pending = shard.turn(record, rounds(8)).unwrap();
        }
    }
    assert!(here.payloads.len().is_multiple_of(5) && !here.payloads.is_empty());
    assert!(there.payloads.len().is_multiple_of(5) && !there.payloads.is_empty());
}

#[test]
fn an_ipv4_remote_does_not_reach_the_ipv6_socket() {
    let mut backend = open(&["[::]:0"], Offload::Auto);
    let port = backend.local_addresses()[0].port();
    let (v4, v6) = (client("127.0.0.1:0"), client("[::1]:0"));
    // Refused by ICMP or lost, as the kernel likes; it must only not arrive.
    let _refused = v4.send_to(b"four", ("127.0.0.1", port));
    assert_eq!(v6.send_to(b"six", ("::1", port)).unwrap(), 3);
    let mut record = Record::default();
    drive(&mut backend, &mut record, 1);
    assert_eq!(record.payloads, [b"six"]);
}

#[test]
fn none_and_too_many_addresses_are_refused() {
    for addresses in [0, LISTEN_MAX + 1] {
        let refused = Sockets::open(&config(&vec!["127.0.0.1:0"; addresses])).err().unwrap();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    }
}
