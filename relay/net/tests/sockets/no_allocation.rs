//! A turn takes no memory: everything was allocated when the sockets were opened.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use crate::lab::{BYTES, FanOut, ROUNDS, client, drive, emit, open, open_relayed};
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Offload;
use ringfence_wire::datagram::{Datagram, Frame, LocalSocket, Outbox, Step, Transmit};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the contract;
// counting touches only a constant-initialised thread local, which does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` by way of `alloc`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn turns_of_batches_trains_and_refusals_allocate_nothing() {
    let mut relay = open(&["127.0.0.1:0", "[::1]:0"], Offload::Auto);
    let mut trains = open(&["127.0.0.1:0"], Offload::Auto);
    let single = client("127.0.0.1:0");
    let to = relay.local_addresses()[0];
    let listeners: Vec<_> = (0..100).map(|_| client("127.0.0.1:0")).collect();
    let mut everyone: Vec<_> = listeners.iter().map(|one| one.local_addr().unwrap()).collect();
    everyone.push("127.0.0.1:0".parse().unwrap());
    let mut step = FanOut(everyone);

    let train: Vec<_> = BYTES[..30_000].chunks(900).map(|one| (one, to)).collect();
    let mut expected = 0;
    for _ in 0..5 {
        (0..80).for_each(|at| assert_eq!(single.send_to(&BYTES[..at], to).unwrap(), at));
        emit(&mut trains, &train);
        expected += 80 + train.len() as u64;

        let before = ALLOCATIONS.get();
        drive(&mut relay, &mut step, expected);
        relay.wait(Some(Duration::ZERO)).unwrap();
        let _pending = relay.turn(&mut step, ROUNDS).unwrap();
        assert_eq!(ALLOCATIONS.get() - before, 0);
    }
    let counters = relay.counters();
    assert!(counters.sent.datagrams > 5 * 8_000 && counters.received.trains >= 5);
    assert!(ALLOCATIONS.get() > 100, "the allocator that counts is the one in use");
}

/// Sends every datagram on in a frame and as it is, through each of many sockets.
struct Frames {
    through: Vec<LocalSocket>,
    to: std::net::SocketAddr,
}

impl Step for Frames {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        for payload in received.flat_map(|datagram| datagram.segments()) {
            for &from in &self.through {
                let transmit = Transmit { payload, to: self.to, from };
                outbox.frame(Frame { header: &[0x40, 0, 0, 9], padding_bytes: 2 }, transmit);
                outbox.forward(transmit);
                outbox.send_own(b"own", self.to, from);
            }
        }
    }
}

#[test]
fn frames_through_more_sockets_than_queues_allocate_nothing() {
    let mut relay = open(&["127.0.0.1:0"], Offload::Auto);
    let mut trains = open(&["127.0.0.1:0"], Offload::Auto);
    let relayed: Vec<_> = (0..50).map(|_| open_relayed(&mut relay, "127.0.0.1:0")).collect();
    let mut targets: Vec<_> = relayed.iter().map(|&(_, address)| address).collect();
    targets.push(relay.local_addresses()[0]);
    let through = relayed.iter().map(|&(socket, _)| socket).chain([LocalSocket::Listen(0)]);
    let peer = client("127.0.0.1:0");
    let mut step = Frames { through: through.collect(), to: peer.local_addr().unwrap() };

    for round in 1..=4_u64 {
        for &to in &targets {
            let train: Vec<_> = BYTES[..4_000].chunks(900).map(|one| (one, to)).collect();
            emit(&mut trains, &train);
        }
        let before = ALLOCATIONS.get();
        drive(&mut relay, &mut step, round * 51 * 5);
        assert_eq!(ALLOCATIONS.get() - before, 0);
    }
    assert_eq!(relay.counters().received.trains, 4 * 51);
    assert!(relay.counters().sent.datagrams > 100_000);
}
