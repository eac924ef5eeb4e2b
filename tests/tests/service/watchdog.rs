//! A thread that stands still is found, and the relay restarted.

use std::time::{Duration, Instant};

use ringfence_tests::stopped_thread::StoppedThread;

use crate::manager::Manager;

/// Short, so that many rounds fit a test; long beside what a busy machine delays.
const WATCHDOG: Duration = Duration::from_secs(2);

/// What the restart may take beyond the watchdog's own time, in a run for the record: other runs have
/// the machine not for themselves.
const RESTART_MAX: Duration = Duration::from_secs(1);

/// Threads without which there are no calls.
const THREADS: [&str; 3] = ["shard-0", "shard-1", "control"];

/// Rounds of a run for the record (`scripts/stall-run`).
const ROUNDS_RECORDED: &str = "RINGFENCE_STALLS";

/// Rounds of any other run: each thread once.
const ROUNDS: u32 = 3;

#[test]
fn a_relay_without_work_feeds_it_on_and_on() {
    let mut manager = Manager::start(WATCHDOG);
    for feeding in 0..4 {
        assert!(manager.is_fed(), "feeding {feeding} did not come: {}", manager.log());
    }
}

#[test]
fn a_thread_that_stands_still_is_found_and_the_relay_restarted() {
    let recorded = std::env::var(ROUNDS_RECORDED).ok().map(|rounds| rounds.parse().unwrap());
    let rounds = recorded.unwrap_or(ROUNDS);
    let mut manager = Manager::start(WATCHDOG);
    for (round, name) in (0..rounds).zip(THREADS.into_iter().cycle()) {
        assert!(manager.is_fed(), "round {round}: {}", manager.log());
        // At all moments between two feedings.
        std::thread::sleep(WATCHDOG / 2 * round / rounds);
        let taken = stall_and_restart(&mut manager, name);
        println!("round {round}: {name} stood still, ready again {} ms later", taken.as_millis());
        let limit = WATCHDOG + RESTART_MAX;
        assert!(recorded.is_none() || taken <= limit, "round {round}: {name}, {taken:?}");
    }
}

/// How long it took from the stall until the relay was ready again.
fn stall_and_restart(manager: &mut Manager, name: &str) -> Duration {
    let stalled = Instant::now();
    let thread = StoppedThread::stop(manager.relay_id(), name);
    // One may be on its way.
    let feedings = (0..2).take_while(|_| manager.is_fed()).count();
    assert!(feedings < 2, "it is fed although {name} stands still");
    manager.abort();
    drop(thread);
    manager.restart();
    stalled.elapsed()
}
