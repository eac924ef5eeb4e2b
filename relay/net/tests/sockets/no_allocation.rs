//! A turn takes no memory: everything was allocated when the sockets were opened.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use crate::lab::{BYTES, FanOut, ROUNDS, client, drive, emit, open};
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Offload;

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
