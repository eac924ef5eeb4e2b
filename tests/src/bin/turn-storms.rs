//! `turn-storms [OPERATIONS [FIRST_SEED]]`: random TURN operations, so many or a few more, in storms on
//! all cores. After each, free, used and reserved ports must add up. Status 1 if they once do not, or if
//! anything else is wrong; then the seed is told.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ringfence_tests::turn_world::storm::{self, Weathered};

/// Of one storm.
const MINUTES: u64 = 30;

/// Between two words of progress.
const TELL_EVERY: Duration = Duration::from_secs(20);

/// What all threads work at.
struct Campaign {
    operations: u64,
    next_seed: AtomicU64,
    is_over: AtomicBool,
    found: Mutex<Found>,
}

struct Found {
    sum: Weathered,
    storms: u64,
    failed: Option<u64>,
    told: Instant,
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.replace('_', "").parse::<u64>());
    let (Ok(operations), Ok(first)) =
        (numbers.next().unwrap_or(Ok(10_000_000)), numbers.next().unwrap_or(Ok(1)))
    else {
        eprintln!("turn-storms [OPERATIONS [FIRST_SEED]]");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let found = Campaign::new(operations, first).run();
    let Found { sum, storms, failed, .. } = found;
    println!(
        "{storms} storms from seed {first}: {sum:#?}\n{:.1} s",
        started.elapsed().as_secs_f64()
    );
    match failed {
        None => ExitCode::SUCCESS,
        Some(seed) => {
            eprintln!("the storm of seed {seed} went wrong; what it panicked with is above");
            ExitCode::FAILURE
        }
    }
}

impl Campaign {
    fn new(operations: u64, first: u64) -> Self {
        let (sum, told) = (Weathered::default(), Instant::now());
        Self {
            operations,
            next_seed: AtomicU64::new(first),
            is_over: AtomicBool::new(false),
            found: Mutex::new(Found { sum, storms: 0, failed: None, told }),
        }
    }

    fn run(self) -> Found {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work());
            }
        });
        self.found.into_inner().expect("nobody panics while holding it")
    }

    fn work(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let seed = self.next_seed.fetch_add(1, Ordering::Relaxed);
            let came = std::panic::catch_unwind(|| storm::weather(seed, MINUTES));
            let mut found = self.found.lock().expect("nobody panics while holding it");
            match came {
                Ok(came) => found.add(came, self.operations),
                Err(_) => found.failed = found.failed.or(Some(seed)),
            }
            let is_over = found.failed.is_some() || found.sum.operations >= self.operations;
            self.is_over.fetch_or(is_over, Ordering::Relaxed);
        }
    }
}

impl Found {
    fn add(&mut self, came: Weathered, operations: u64) {
        self.sum = self.sum.and(came);
        self.storms += 1;
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            eprintln!("{} of {operations} operations", self.sum.operations);
        }
    }
}
