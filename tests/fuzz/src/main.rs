//! All fuzz targets in one program: `FUZZ_TARGET=<name> ringfence-fuzz [libFuzzer's options] [FOLDER...]`;
//! with `--list` it tells their names and how long inputs may be.
#![no_main]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cpu_time::ProcessTime;
use libfuzzer_sys::fuzz_target;
use ringfence_tests::fuzz::{self, TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    fuzz::find(&name).unwrap_or_else(|| panic!("FUZZ_TARGET is none of the targets: `{name}`"))
});

/// What one input may take of all processors together, in all threads. libFuzzer looks at the clock on
/// the wall, which goes on while others compute; it is only asked about inputs that wait for ever.
const CPU_TIME_MAX: Duration = Duration::from_secs(1);

/// The most that one has taken so far.
static SLOWEST_US: AtomicU64 = AtomicU64::new(0);

/// Runs before libFuzzer reads its options.
fn init() {
    if std::env::args().any(|argument| argument == "--list") {
        TARGETS.iter().for_each(|target| println!("{} {}", target.name, target.bytes_max));
        std::process::exit(0);
    }
    LazyLock::force(&TARGET);
}

fn tell_if_slowest(took: Duration) {
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if took_us > SLOWEST_US.fetch_max(took_us, Ordering::Relaxed) {
        eprintln!("slowest, us: {took_us}");
    }
}

fuzz_target!(init: init(), |bytes: &[u8]| {
    let began = ProcessTime::now();
    (TARGET.run)(bytes);
    let took = began.elapsed();
    tell_if_slowest(took);
    assert!(took <= CPU_TIME_MAX, "a hang: it took {took:?}");
});
