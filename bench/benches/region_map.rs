//! NO I/O: from an address to its region, and from the text of region data to a policy.
//!
//! `locate` is what each new source costs; for a packet of a known flow nobody asks again.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ringfence::region::file;
use ringfence_bench::region_table::{addresses_in, addresses_in_clusters, region_table};
use ringfence_fence::draft::{FenceDraft, RegionData, RegionDraft, SiteDraft, TenantDraft};
use ringfence_fence::label_table::LabelTable;
use ringfence_fence::{Epoch, FileId, Located, Policy, PolicyDraft};

const LABELS: u16 = 250;
const REGIONS: u16 = 50;
/// So many that their prefixes do not all stay in a cache.
const ADDRESSES: usize = 1 << 18;
/// Networks that the clients of one relay come from.
const CLUSTERS: usize = 1_000;

fn look_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/locate");
    group.throughput(Throughput::Elements(ADDRESSES as u64));
    for prefixes in [1_000, 100_000, 1_000_000] {
        let table = Arc::new(region_table(prefixes, LABELS));
        let policy = policy(Arc::clone(&table));
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
            bencher.iter(|| policy(Arc::clone(&table)));
        });
    }
}

/// Regions that share the labels of a table.
fn policy(table: Arc<LabelTable>) -> Policy {
    let labels = |region: u16| (0..LABELS).filter(move |label| label % REGIONS == region);
    let regions = (0..REGIONS).map(|region| RegionDraft {
        name: name(&format!("r{region}")),
        labels: labels(region).map(|label| name(&format!("L{label}"))).collect(),
        ..RegionDraft::default()
    });
    let all = Located { value: vec![name("any")], ..Located::default() };
    let draft = PolicyDraft {
        own_site: name("here"),
        regions: regions.collect(),
        region_data: Some(RegionData { file: FileId(1), first_line: 5, table }),
        sites: vec![SiteDraft {
            name: name("here"),
            region: name("r0"),
            addresses: vec![located("127.1.0.0/24".parse().unwrap())],
            ..SiteDraft::default()
        }],
        fences: vec![FenceDraft {
            name: name("all"),
            clients: all.clone(),
            peers: all.clone(),
            transit: all,
            ..FenceDraft::default()
        }],
        tenants: vec![TenantDraft {
            name: name("acme"),
            home: name("r0"),
            fences: vec![name("all")],
            ..TenantDraft::default()
        }],
        ..PolicyDraft::default()
    };
    Policy::compile(&draft, Epoch(1)).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn name(text: &str) -> Located<String> {
    located(text.to_owned())
}

fn located<T>(value: T) -> Located<T> {
    Located { value, origin: ringfence_fence::Origin::default() }
}

fn quick() -> Criterion {
    let quick = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(200));
    quick.measurement_time(Duration::from_secs(2))
}

criterion_group!(name = region_map; config = quick(); targets = look_up, load);
criterion_main!(region_map);
