//! In steady state the engine allocates nothing for a packet, whatever becomes of it.

#[path = "no_allocation/turn.rs"]
mod turn;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringfence_core::{
    Engine, EngineSetup, Instant, Limits, Registry, RegistrySetup, RelayPorts, ShardId, Target,
};
use ringfence_fence::{Epoch, Policy};
use ringfence_tests::sim::endpoint::{Stay, connectivity_check};
use ringfence_tests::sim::guests::request;
use ringfence_tests::sim::stun::{self, Forge, Heard};
use ringfence_tests::sim::{Media, MediaId, drafts};
use ringfence_wire::datagram::{Datagram, Frame, LocalSocket, Outbox, Transmit};

/// Counts what its own thread allocates, so that tests may run side by side.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count_one() {
    // Fails only while the thread ends, when nobody looks any more.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is a plain number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promises are the callee's conditions.
        unsafe { System.realloc(memory, layout, bytes) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// Counts datagrams and keeps none.
#[derive(Default)]
struct Sink {
    datagrams: u64,
    bytes: usize,
}

impl<'rx> Outbox<'rx> for Sink {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        self.datagrams += 1;
        self.bytes += transmit.payload.len();
    }

    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>) {
        self.datagrams += 1;
        self.bytes += frame.header.len() + transmit.payload.len() + frame.padding_bytes;
    }

    fn send_own(&mut self, bytes: &[u8], _: SocketAddr, _: LocalSocket) {
        self.datagrams += 1;
        self.bytes += bytes.len();
    }
}

/// Keeps the last datagram.
#[derive(Default)]
struct Last(Vec<u8>);

impl<'rx> Outbox<'rx> for Last {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        self.0 = transmit.payload.to_vec();
    }

    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>) {
        self.0 = [frame.header, transmit.payload].concat();
    }

    fn send_own(&mut self, bytes: &[u8], _: SocketAddr, _: LocalSocket) {
        self.0 = bytes.to_vec();
    }
}

/// One shard with one room whose participants are all latched.
struct Room {
    engine: Engine,
    registry: Registry,
    now: Instant,
    stays: Vec<(SocketAddr, Stay)>,
}

impl Room {
    fn of(participants: usize) -> Self {
        let policy = Arc::new(Policy::compile(&drafts::small_world(), Epoch(1)).unwrap());
        let limits = Limits::default();
        let setup = RegistrySetup {
            shards: 1,
            limits,
            quotas: Default::default(),
            policy: Arc::clone(&policy),
            relay_ports: RelayPorts::none(),
            seed: [1; 32],
        };
        let engine = EngineSetup { shard: ShardId(0), limits, policy, turn: None, seed: [2; 32] };
        let mut room = Self {
            engine: Engine::new(engine),
            registry: Registry::new(setup),
            now: Instant::START,
            stays: Vec::new(),
        };
        (0..participants).for_each(|number| room.add(number));
        room
    }

    fn add(&mut self, number: usize) {
        let name = format!("p{number}");
        let join = request("standup", &name);
        let joined = self.registry.join(self.now, &join).unwrap();
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        let address = SocketAddr::from(([127, 1, 10 + high, low], 4000));
        let stay = Stay {
            participant: joined.participant,
            room: join.room,
            name: join.participant,
            credentials: joined.credentials,
            ice: join.ice,
            expires: joined.expires,
        };
        self.deliver();
        let asked = self.exchange(address, &connectivity_check(&stay, [9; 12]));
        let asked = Heard::read(&asked).unwrap().transaction;
        let password = stay.ice.as_ref().unwrap().password().as_bytes();
        let answer = Forge::new(stun::SUCCESS, asked).integrity(password).finish();
        self.exchange(address, &answer);
        self.deliver();
        self.exchange(address, &[0]);
        self.stays.push((address, stay));
    }

    fn exchange(&mut self, from: SocketAddr, bytes: &[u8]) -> Vec<u8> {
        let mut last = Last::default();
        let datagram = Datagram::single(bytes, from, LocalSocket::Listen(0));
        self.engine.handle_batch(self.now, [datagram].into_iter(), &mut last);
        last.0
    }

    /// Reports to the registry, its commands back.
    fn deliver(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            self.registry.on_effect(self.now, ShardId(0), &effect);
        }
        while let Some((target, command)) = self.registry.poll_command() {
            assert!(matches!(target, Target::All | Target::One(ShardId(0))));
            self.engine.apply(self.now, command);
        }
    }

    /// Runs the same batch again and again and returns what the last thousand rounds allocated, and
    /// how many datagrams they put out.
    fn steady(&mut self, batch: &[(SocketAddr, Vec<u8>)]) -> (u64, u64) {
        let mut sink = Sink::default();
        for _ in 0..200 {
            self.round(batch, &mut sink);
            self.deliver();
        }
        let before = sink.datagrams;
        let allocations = allocations_of(|| {
            for _ in 0..1000 {
                self.round(batch, &mut sink);
            }
        });
        (allocations, sink.datagrams - before)
    }

    fn round(&mut self, batch: &[(SocketAddr, Vec<u8>)], sink: &mut Sink) {
        self.now = self.now + Duration::from_millis(5);
        let datagrams = batch
            .iter()
            .map(|(from, bytes)| Datagram::single(bytes, *from, LocalSocket::Listen(0)));
        self.engine.handle_batch(self.now, datagrams, sink);
    }

    fn media(&self, speakers: usize) -> Vec<(SocketAddr, Vec<u8>)> {
        let speakers = self.stays.iter().zip(1..).take(speakers);
        let rtp = |ssrc, sequence| Media::rtp(ssrc, sequence).packet(MediaId(7), &[0; 160]);
        speakers
            .flat_map(|(&(from, _), ssrc)| {
                [(from, rtp(ssrc, 1)), (from, rtp(ssrc, 2)), (from, rtcp(ssrc))]
            })
            .collect()
    }

    fn checks(&self) -> Vec<(SocketAddr, Vec<u8>)> {
        let stays = self.stays.iter().take(20);
        stays.map(|(from, stay)| (*from, connectivity_check(stay, [3; 12]))).collect()
    }

    /// Media and checks from where nobody is latched, or may be.
    fn refused(&self) -> Vec<(SocketAddr, Vec<u8>)> {
        let (_, stay) = &self.stays[0];
        let media = Media::rtp(1, 1).packet(MediaId(7), &[0; 160]);
        let check = connectivity_check(stay, [3; 12]);
        let from = ["127.3.0.1:9", "127.1.9.9:9", "9.9.9.9:9", "[2002:a00:1::1]:9"];
        from.iter()
            .map(|from| from.parse().unwrap())
            .flat_map(|from| [(from, media.clone()), (from, check.clone()), (from, vec![0; 40])])
            .collect()
    }
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    Media::Rtcp { ssrc }.packet(MediaId(8), &[0; 24])
}

fn nothing_is_allocated_in_a_room_of(participants: usize) {
    let mut room = Room::of(participants);
    let speakers = participants.min(10);
    let media = room.media(speakers);
    let listeners = (participants - 1) as u64;
    assert_eq!(room.steady(&media), (0, 1000 * media.len() as u64 * listeners));
    let checks = room.checks();
    assert_eq!(room.steady(&checks), (0, 1000 * checks.len() as u64));
    let refused = room.refused();
    let (allocations, _) = room.steady(&refused);
    assert_eq!(allocations, 0);
}

#[test]
fn nothing_is_allocated_in_a_room_of_2() {
    nothing_is_allocated_in_a_room_of(2);
}

#[test]
fn nothing_is_allocated_in_a_room_of_50() {
    nothing_is_allocated_in_a_room_of(50);
}

#[test]
fn nothing_is_allocated_in_a_room_of_250() {
    nothing_is_allocated_in_a_room_of(250);
}

#[test]
fn the_counter_counts() {
    let count = allocations_of(|| {
        for number in 0..10_u64 {
            std::hint::black_box(Box::new(number));
        }
    });
    assert_eq!(count, 10);
    assert_eq!(allocations_of(|| {}), 0);
}
