//! Random scenarios: nothing may reach or leave a forbidden address, nothing may be changed, nothing
//! may be heard that is not a latched participant's own, and who should hear must hear.
//!
//! `RINGFENCE_SCENARIOS` sets how many; a failure names its seed, and
//! `RINGFENCE_SEED=<seed> cargo test -p ringfence-tests --test simulation one_seed` tells its story.

use ringfence_core::DropReason;
use ringfence_fence::Rule;
use ringfence_tests::sim::chaos::{self, Summary};

/// How many unless the environment says otherwise.
const SCENARIOS: u64 = 20_000;

/// Parts that a runner may run side by side.
const PARTS: u64 = 8;

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

fn part(number: u64) -> Summary {
    let scenarios = number_from("RINGFENCE_SCENARIOS").unwrap_or(SCENARIOS);
    let mut summary = Summary::new();
    for seed in (0..scenarios).filter(|seed| seed % PARTS == number) {
        // Consecutive seeds of one part would all be of one kind.
        let seed = seed / PARTS + number * (scenarios / PARTS + 1);
        let outcome = std::panic::catch_unwind(|| chaos::run(seed, false));
        match outcome {
            Ok(outcome) if outcome.violations.is_empty() => summary.merge(&outcome.summary),
            _ => panic!("{}", chaos::explain(seed)),
        }
    }
    summary
}

macro_rules! parts {
    ($($name:ident $number:literal)+) => {$(
        #[test]
        fn $name() {
            let summary = part($number);
            assert!(summary.deliveries > summary.scenarios, "{summary:?}");
        }
    )+};
}

parts! {
    nothing_crosses_the_fence_in_random_scenarios_1_of_8 0
    nothing_crosses_the_fence_in_random_scenarios_2_of_8 1
    nothing_crosses_the_fence_in_random_scenarios_3_of_8 2
    nothing_crosses_the_fence_in_random_scenarios_4_of_8 3
    nothing_crosses_the_fence_in_random_scenarios_5_of_8 4
    nothing_crosses_the_fence_in_random_scenarios_6_of_8 5
    nothing_crosses_the_fence_in_random_scenarios_7_of_8 6
    nothing_crosses_the_fence_in_random_scenarios_8_of_8 7
}

#[test]
fn one_seed_tells_its_story_and_always_the_same() {
    let seed = number_from("RINGFENCE_SEED").unwrap_or(1);
    let (first, second) = (chaos::explain(seed), chaos::explain(seed));
    assert_eq!(first, second);
    if number_from("RINGFENCE_SEED").is_some() {
        println!("{first}");
    }
}

/// The simulated relay has no TURN door.
const OF_TURN: [DropReason; 9] = [
    DropReason::NoAllocation,
    DropReason::NoPermission,
    DropReason::NoChannel,
    DropReason::MalformedChannelData,
    DropReason::MalformedSend,
    DropReason::TooLong,
    DropReason::AnswerLimit,
    DropReason::SourceLimit,
    DropReason::AllocationAsked,
];

/// Without this the scenarios could hold by never trying anything.
#[test]
fn the_scenarios_try_what_they_are_meant_to_try() {
    let mut summary = Summary::new();
    for seed in 0..600 {
        summary.merge(&chaos::run(seed, false).summary);
    }
    let seldom = [DropReason::ReportsFull, DropReason::SsrcLimit, DropReason::OverCeiling];
    for (reason, count) in DropReason::ALL.iter().zip(summary.drops) {
        let elsewhere = seldom.contains(reason) || OF_TURN.contains(reason);
        assert!(count > 0 || elsewhere, "{reason:?} never happened");
    }
    for rule in [
        Rule::RegionNotInClients,
        Rule::RegionRefusedByRoom,
        Rule::UnknownAddress,
        Rule::Loopback,
        Rule::Private,
        Rule::SixToFour,
        Rule::Isatap,
        Rule::Siit,
        Rule::Ipv4Compatible,
        Rule::PortZero,
    ] {
        assert!(summary.refusals[rule as usize] > 0, "{rule:?} never refused");
    }
    assert!(summary.packets_in_forbidden > summary.scenarios);
    assert!(summary.reloads > summary.scenarios);
}
