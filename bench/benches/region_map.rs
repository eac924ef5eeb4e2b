//! NO I/O: from an address to its region, and from the text of region data to a policy.
//!
//! `locate` is what each new source costs; for a packet of a known flow nobody asks again.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ringfence::region::file;
use ringfence_bench::region_policy::region_policy;
use ringfence_bench::region_table::{addresses_in, addresses_in_clusters, region_table};

const LABELS: u16 = 250;
/// So many that their prefixes do not all stay in a cache.
const ADDRESSES: usize = 1 << 18;
/// Networks that the clients of one relay come from.
const CLUSTERS: usize = 1_000;

fn look_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/locate");
    group.throughput(Throughput::Elements(ADDRESSES as u64));
    for prefixes in [1_000, 100_000, 1_000_000] {
        let table = Arc::new(region_table(prefixes, LABELS));
        let policy = region_policy(Arc::clone(&table), LABELS);
        let random = addresses_in(&table, ADDRESSES);
        let clustered = addresses_in_clusters(&table, ADDRESSES, CLUSTERS);
        let (v4, v6) = random.iter().copied().partition::<Vec<_>, _>(|ip| ip.is_ipv4());
        for (name, addresses) in
            [("random", &random), ("random-v4", &v4), ("random-v6", &v6), ("clustered", &clustered)]
        {
            assert!(addresses.iter().all(|ip| policy.locate(*ip).is_ok()));
            group.throughput(Throughput::Elements(addresses.len() as u64));
            group.bench_function(BenchmarkId::new(name, prefixes), |bencher| {
                bencher.iter(|| {
                    let found = addresses.iter().filter(|ip| policy.locate(**ip).is_ok());
                    black_box(found.count())
                });
            });
        }
    }
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/load");
    for prefixes in [100_000, 1_000_000] {
        let table = region_table(prefixes, LABELS);
        let text = file::to_text(Vec::new(), "2026-11-22".parse().unwrap(), &table).unwrap();
        group.throughput(Throughput::Elements(table.prefixes().len() as u64));
        group.bench_function(BenchmarkId::new("read-and-check", prefixes), |bencher| {
            bencher.iter(|| file::read(text.as_bytes()).unwrap());
        });
        let table = Arc::new(table);
        group.bench_function(BenchmarkId::new("compile", prefixes), |bencher| {
            bencher.iter(|| region_policy(Arc::clone(&table), LABELS));
        });
    }
}

fn quick() -> Criterion {
    let quick = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200));
    quick.measurement_time(Duration::from_secs(2))
}

criterion_group!(name = region_map; config = quick(); targets = look_up, load);
criterion_main!(region_map);
