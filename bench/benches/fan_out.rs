//! Processor time per copy on sockets: a bare `sendmmsg` loop (`floor`) and the product (`relay`),
//! on the same processor, to the same sockets. Times are of the thread's clock, not the wall's.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode};
use criterion::{criterion_group, criterion_main};
use ringfence_bench::cost::{Case, Cost, FloorSide, Pattern, RelaySide};
use ringfence_bench::relay::OneShard;

fn fan_out(criterion: &mut Criterion) {
    let relay = OneShard::start().expect("the relay starts");
    let mut group = criterion.benchmark_group("fan-out");
    group.sampling_mode(SamplingMode::Flat);
    for participants in [2, 10, 50, 250] {
        room_of(&relay, &mut group, participants);
    }
}

fn room_of(relay: &OneShard, group: &mut BenchmarkGroup<'_, WallTime>, participants: usize) {
    let case =
        Case { participants, payload_bytes: 172, pattern: Pattern::Single, shard_share: 0.4 };
    let mut side =
        RelaySide::new(relay, &format!("room-of-{participants}"), case).expect("everyone latches");
    let interval = side.pace().expect("the room is heard");
    group.bench_function(BenchmarkId::new("floor", participants), |bencher| {
        let floor = FloorSide::new(side.listeners(), relay.cpus());
        bencher.iter_custom(|copies| {
            scaled(floor.measure(case.payload_bytes, copies).expect("copies are heard"), copies)
        });
    });
    group.bench_function(BenchmarkId::new("relay", participants), |bencher| {
        bencher.iter_custom(|copies| {
            let turns = copies.div_ceil(case.copies_a_turn());
            let (cost, _) = side.measure(interval, turns).expect("copies are heard");
            scaled(cost, copies)
        });
    });
}

/// Whole packets and whole system calls make more copies than were asked for.
fn scaled(cost: Cost, copies: u64) -> Duration {
    assert_eq!(cost.lost, 0, "a lost copy is a cheap one");
    cost.cpu.mul_f64(copies as f64 / cost.copies as f64)
}

fn quick() -> Criterion {
    let quick = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(200));
    quick.measurement_time(Duration::from_secs(1))
}

criterion_group!(name = on_sockets; config = quick(); targets = fan_out);
criterion_main!(on_sockets);
