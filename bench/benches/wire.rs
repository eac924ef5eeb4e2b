//! NO I/O: what the codec costs: telling protocols apart, reading STUN, checking who signed it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use ringfence_bench::pure_room::PureRoom;
use ringfence_bench::voice::Voice;
use ringfence_tests::crowd::PACKET_BYTES;
use ringfence_wire::demux::Kind;
use ringfence_wire::stun::{IntegrityKey, Message};

fn wire(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/wire");
    let room = PureRoom::latched(1).expect("one participant latches");
    let check = room.check(0).expect("a check is written");
    let key = IntegrityKey::short_term(b"any key takes as long as the right one");
    let mut voice = Voice::new(1, PACKET_BYTES);
    let packet = voice.next(Duration::ZERO);
    group.bench_function("demux", |bencher| bencher.iter(|| Kind::of(black_box(packet))));
    group.bench_function("stun-parse", |bencher| {
        bencher.iter(|| Message::parse(black_box(&check)).is_ok());
    });
    group.bench_function("stun-parse-and-integrity", |bencher| {
        bencher.iter(|| {
            Message::parse(black_box(&check)).map(|message| message.verify_integrity(&key).is_ok())
        });
    });
}

fn quick() -> Criterion {
    let quick = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200));
    quick.measurement_time(Duration::from_millis(800))
}

criterion_group!(name = no_io; config = quick(); targets = wire);
criterion_main!(no_io);
