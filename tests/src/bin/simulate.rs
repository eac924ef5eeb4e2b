//! Runs many random scenarios on all cores and writes down what came of them.
//!
//! `simulate [--scenarios N] [--seed N] [--threads N] [--json]`. Status 1 if anything went wrong;
//! then each seed that did is printed, and the first is told in full.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ringfence_tests::sim::chaos::{self, Summary};

/// Seeds of which a failing run says that they failed.
const FAILURES_TOLD_MAX: usize = 20;

struct Options {
    scenarios: u64,
    seed: u64,
    threads: u64,
    json: bool,
}

#[derive(Default)]
struct Found {
    summary: Summary,
    violations: u64,
    failed: Vec<u64>,
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("{complaint}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    let found = run(&options, started);
    report(&options, &found, started.elapsed());
    if let Some(&seed) = found.failed.first() {
        let told = &found.failed[..found.failed.len().min(FAILURES_TOLD_MAX)];
        eprintln!("seeds that failed: {told:?}\n{}", explained(seed));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let mut options = Self { scenarios: 20_000, seed: 1, threads: cores, json: false };
        while let Some(name) = arguments.next() {
            let mut number = || {
                let text = arguments.next().unwrap_or_default().replace('_', "");
                text.parse().map_err(|_| format!("{name} wants a number"))
            };
            match name.as_str() {
                "--scenarios" => options.scenarios = number()?,
                "--seed" => options.seed = number()?,
                "--threads" => options.threads = number()?,
                "--json" => options.json = true,
                _ => return Err(format!("unknown option {name}")),
            }
        }
        Ok(options)
    }
}

fn run(options: &Options, started: Instant) -> Found {
    let next = AtomicU64::new(0);
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| work(options, &next, &found));
        }
        scope.spawn(|| tell_progress(options, &next, started));
    });
    found.into_inner().unwrap_or_default()
}

fn work(options: &Options, next: &AtomicU64, found: &Mutex<Found>) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= options.scenarios {
            return;
        }
        let seed = options.seed.wrapping_add(number);
        let outcome = std::panic::catch_unwind(|| chaos::run(seed, false));
        let mut found = found.lock().expect("nobody panics while holding it");
        match outcome {
            Ok(outcome) => {
                found.summary.merge(&outcome.summary);
                found.violations += outcome.violations.len() as u64;
                if !outcome.violations.is_empty() {
                    found.failed.push(seed);
                }
            }
            Err(_) => {
                found.violations += 1;
                found.failed.push(seed);
            }
        }
    }
}

fn tell_progress(options: &Options, next: &AtomicU64, started: Instant) {
    let mut told = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(50));
        let done = next.load(Ordering::Relaxed);
        if done >= options.scenarios {
            return;
        }
        if told.elapsed() >= Duration::from_secs(5) {
            told = Instant::now();
            let rate = done as f64 / started.elapsed().as_secs_f64();
            let left = (options.scenarios - done) as f64 / rate;
            eprintln!("{done} of {}, {rate:.0}/s, {left:.0} s to go", options.scenarios);
        }
    }
}

fn report(options: &Options, found: &Found, took: Duration) {
    let json = found.summary.json(found.violations, options.seed, took.as_secs_f64());
    let text = match options.json {
        true => json,
        false => json.replace(",\"", "\n").replace(['{', '}', '"'], " "),
    };
    // A reader that went away wants no summary.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn explained(seed: u64) -> String {
    std::panic::catch_unwind(|| chaos::explain(seed))
        .unwrap_or_else(|_| format!("seed {seed} panics"))
}
