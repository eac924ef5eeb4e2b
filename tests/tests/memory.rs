//! What a participant and an allocation hold: at 100,000 of each, on one shard, by a counting allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ringfence_tests::crowd::{CrowdedRooms, CrowdedTurn, Shard};

/// Of each.
const CROWD: u32 = 100_000;

/// A participant on each shard, its part of the room included.
const PARTICIPANT_BYTES_MAX: usize = 512;
/// An allocation on its shard, beside its socket, with a permission and a channel.
const ALLOCATION_BYTES_MAX: usize = 2048;

/// Adds up what its own thread holds, so that tests may run side by side.
struct Counting;

thread_local! {
    /// Below zero where memory of another thread was given back.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// Fails only while the thread ends, when nobody looks any more.
fn note(more: usize, less: usize) {
    let held = HELD.try_with(|held| {
        held.set(held.get().wrapping_add_unsigned(more).wrapping_sub_unsigned(less));
        held.get()
    });
    let _ = MOST.try_with(|most| most.set(most.get().max(held.unwrap_or(0))));
}

// SAFETY: every call goes to the system's allocator unchanged; the counters are plain numbers.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0, layout.size());
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // Both are held while it moves.
        note(bytes, 0);
        note(0, layout.size());
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.realloc(memory, layout, bytes) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes for each of a crowd.
#[derive(Debug)]
struct Share {
    /// Given back when the engine goes: what a shard holds for it alone.
    engine: usize,
    /// Given back when the registry goes after it: what all shards share is in it.
    registry: usize,
    /// The most that both held at a time, while tables grew.
    most: usize,
}

impl Share {
    /// Of a crowd that `make` puts on a shard. What an empty one holds counts, too.
    fn of(crowd: u32, make: impl FnOnce() -> Shard) -> Self {
        let before = HELD.get();
        MOST.set(before);
        let Shard { engine, registry, .. } = make();
        let each = |bytes: isize| bytes.unsigned_abs() / crowd as usize;
        let (most, full) = (MOST.get(), HELD.get());
        drop(engine);
        let without_engine = HELD.get();
        drop(registry);
        let engine = each(full - without_engine);
        let share =
            Self { engine, registry: each(without_engine - HELD.get()), most: each(most - before) };
        println!("{share:?}");
        share
    }
}

fn in_rooms_of(participants: u32) -> Share {
    Share::of(CROWD, || CrowdedRooms::latched(CROWD / participants, participants).shard)
}

#[test]
fn a_participant_holds_no_more_than_it_may_in_rooms_of_two() {
    let share = in_rooms_of(2);
    assert!(share.engine <= PARTICIPANT_BYTES_MAX, "{share:?}");
}

#[test]
fn a_participant_holds_no_more_than_it_may_in_rooms_of_fifty() {
    let share = in_rooms_of(50);
    assert!(share.engine <= PARTICIPANT_BYTES_MAX, "{share:?}");
}

#[test]
fn an_allocation_holds_no_more_than_it_may() {
    let share = Share::of(CROWD, || CrowdedTurn::allocated(CROWD).shard);
    assert!(share.engine <= ALLOCATION_BYTES_MAX, "{share:?}");
}

#[test]
fn the_counter_counts() {
    let share = Share::of(1, || {
        let mut shard = Shard::empty();
        shard.host.own = Vec::with_capacity(1_000_000);
        shard
    });
    assert!(share.most >= 1_000_000, "{share:?}");
    assert!(share.engine > 0 && share.registry > 0, "{share:?}");
}
