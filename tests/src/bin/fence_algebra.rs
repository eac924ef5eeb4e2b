//! `fence_algebra [CASES [FIRST_SEED]]`: holds `plan`, `prove` and `select` against looking at every
//! address and every state, in random small worlds, and says what was met. Status 1 if they differ.

use std::process::ExitCode;
use std::time::Instant;

use ringfence_tests::fence_algebra::case;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.replace('_', "").parse::<u64>());
    let (Ok(cases), Ok(first)) =
        (numbers.next().unwrap_or(Ok(100_000)), numbers.next().unwrap_or(Ok(0)))
    else {
        eprintln!("fence_algebra [CASES [FIRST_SEED]]");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    match case::run_all(first..first.saturating_add(cases)) {
        Ok(met) => {
            println!("{met:#?}\n0 differences, {:.1} s", started.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
