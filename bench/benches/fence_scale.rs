//! NO I/O: how long it takes to plan and prove the largest policy that is aimed at.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ringfence_bench::large_policy;
use ringfence_fence::{Epoch, Policy, PolicyDraft, plan, prove};

fn fence_scale(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("no-io/fence-of-1M-prefixes");
    group.sample_size(10);
    let draft = large_policy::draft();
    let (old, new) = (compiled(&draft), compiled(&large_policy::changed(&draft)));
    group.bench_function("compile", |bencher| bencher.iter(|| compiled(black_box(&draft))));
    group.bench_function("plan", |bencher| bencher.iter(|| plan(black_box(&old), &new)));
    group.bench_function("plan-of-no-change", |bencher| bencher.iter(|| plan(&old, &old)));
    let plan = plan(&old, &new);
    group.bench_function("plan-every-cidr-of-every-use", |bencher| {
        bencher.iter(|| {
            let sets = plan.uses().iter().flat_map(|change| {
                [&change.clients, &change.peers]
                    .into_iter()
                    .flat_map(|both| [&both.gained, &both.lost])
            });
            sets.map(|addresses| addresses.cidrs().len()).sum::<usize>()
        });
    });
    group.bench_function("prove", |bencher| bencher.iter(|| prove(black_box(&old))));
    group.bench_function("fingerprint", |bencher| {
        bencher.iter(|| {
            let mut bytes = 0;
            old.fingerprint(|piece| bytes += black_box(piece).len());
            bytes
        });
    });
    group.finish();
}

fn compiled(draft: &PolicyDraft) -> Policy {
    Policy::compile(draft, Epoch(1)).unwrap_or_else(|errors| panic!("{:#?}", &errors[..1]))
}

criterion_group!(benches, fence_scale);
criterion_main!(benches);
