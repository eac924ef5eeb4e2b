//! NO I/O: what the engine adds to a packet, system calls and copies in the kernel left out. `fan_out`
//! measures what a copy costs with them.
//!
//! Whoever sends is taken at random from all flows, so most of what the engine looks at is in no
//! near cache. Between two room sizes, the difference is what further copies cost.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ringfence_tests::crowd::{BATCH, RoomsLoad, TurnLoad};

const FLOWS: [u32; 3] = [1_000, 100_000, 1_000_000];

/// How many flows there are, with rooms of two: a look-up each, and a copy.
fn flows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/engine/flows");
    group.throughput(Throughput::Elements(BATCH as u64));
    for flows in FLOWS {
        // Not inside the function, which is called for each sample: what is measured is not the first
        // packet of every flow.
        let mut load = RoomsLoad::new(flows, 2, 1);
        group.bench_function(BenchmarkId::from_parameter(flows), |bencher| {
            bencher.iter(|| load.batch());
        });
    }
}

/// With 100,000 flows, the time of a packet with all its copies.
fn rooms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/engine/rooms-of");
    group.throughput(Throughput::Elements(BATCH as u64));
    for participants in [2, 10, 50, 250] {
        for run in [1, 8] {
            let id = BenchmarkId::new(format!("{participants}/runs-of"), run);
            let mut load = RoomsLoad::new(100_000, participants, run);
            group.bench_function(id, |bencher| bencher.iter(|| load.batch()));
        }
    }
}

/// With 100,000 allocations, a channel each.
fn turn(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/engine/turn");
    group.throughput(Throughput::Elements(BATCH as u64));
    for run in [1, 16] {
        let mut load = TurnLoad::new(100_000, run);
        group.bench_function(BenchmarkId::new("out/runs-of", run), |bencher| {
            bencher.iter(|| load.outward());
        });
        group.bench_function(BenchmarkId::new("in/runs-of", run), |bencher| {
            bencher.iter(|| load.inward());
        });
    }
}

fn quick() -> Criterion {
    let quick = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(500));
    quick.measurement_time(Duration::from_secs(2))
}

criterion_group!(name = no_io; config = quick(); targets = flows, rooms, turn);
criterion_main!(no_io);
