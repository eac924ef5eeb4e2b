//! Every scenario of the list, in the simulator. The same list runs on real sockets.

use ringfence_tests::scenario::on_simulator::SimulatedWorld;
use ringfence_tests::scenario::{Scenario, Step, list, player};

#[test]
fn every_scenario_comes_out_right_in_the_simulator() {
    for scenario in list::all() {
        for (seed, shards) in [(1, 1), (2, 2), (3, 4)] {
            player::play(&mut SimulatedWorld::new(seed, shards), &scenario);
        }
    }
}

#[test]
#[should_panic(expected = "heard it")]
fn a_scenario_that_expects_the_wrong_listener_fails() {
    let mut steps = list::all()[0].steps.clone();
    steps.push(Step::Speak("alice", 1, &[]));
    let wrong = Scenario { name: "wrong", steps };
    player::play(&mut SimulatedWorld::new(1, 1), &wrong);
}

#[test]
#[should_panic(expected = "no check was answered")]
fn a_scenario_that_latches_a_forbidden_participant_fails() {
    let mut steps = list::all()[4].steps.clone();
    steps.push(Step::Latch("mei"));
    player::play(&mut SimulatedWorld::new(1, 1), &Scenario { name: "wrong", steps });
}
