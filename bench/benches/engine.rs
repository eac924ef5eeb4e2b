//! NO I/O: what the relay itself adds to a packet, system calls and copies in the kernel left out.
//! `fan_out` measures what a copy costs with them.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ringfence_bench::pure_room::PureRoom;
use ringfence_bench::voice::Voice;
use ringfence_wire::demux::Kind;
use ringfence_wire::stun::{IntegrityKey, Message};

/// Datagrams of a full receive batch.
const BATCH: usize = 64;

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/engine");
    for participants in [2, 10, 50, 250] {
        let (mut room, mut voice) = speaking_room(participants);
        for batch in [1, BATCH] {
            group.throughput(Throughput::Elements((batch * (participants - 1)) as u64));
            let id = BenchmarkId::new(format!("batch-of-{batch}"), participants);
            let mut packets = vec![[0; BYTES]; batch];
            group.bench_function(id, |bencher| {
                bencher.iter(|| {
                    packets.fill_with(|| packet(&mut voice));
                    let copies = room.batch(0, packets.iter().map(|packet| &packet[..]));
                    room.exchange();
                    copies
                });
            });
        }
    }
}

fn wire(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/wire");
    let room = PureRoom::latched(1).expect("one participant latches");
    let check = room.check(0).expect("a check is written");
    let key = IntegrityKey::short_term(b"any key takes as long as the right one");
    let packet = packet(&mut Voice::new(1, BYTES));
    group.bench_function("demux", |bencher| bencher.iter(|| Kind::of(black_box(&packet))));
    group.bench_function("stun-parse", |bencher| {
        bencher.iter(|| Message::parse(black_box(&check)).is_ok());
    });
    group.bench_function("stun-parse-and-integrity", |bencher| {
        bencher.iter(|| {
            Message::parse(black_box(&check)).map(|message| message.verify_integrity(&key).is_ok())
        });
    });
}

const BYTES: usize = 172;

fn packet(voice: &mut Voice) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes.copy_from_slice(voice.next(Duration::ZERO));
    bytes
}

/// A room whose first participant's SSRC is known.
fn speaking_room(participants: usize) -> (PureRoom, Voice) {
    let mut room = PureRoom::latched(participants).expect("everyone latches");
    let mut voice = Voice::new(1, BYTES);
    room.batch(0, [&packet(&mut voice)[..]].into_iter());
    room.exchange();
    (room, voice)
}

fn quick() -> Criterion {
    let quick = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200));
    quick.measurement_time(Duration::from_millis(800))
}

criterion_group!(name = no_io; config = quick(); targets = engine, wire);
criterion_main!(no_io);
