//! STUN and TURN parsing and floods, as far as they concern rooms.

use ringfence_core::DropReason;
use ringfence_fence::Rule;
use ringfence_tests::sim::endpoint::{check_of, connectivity_check};
use ringfence_tests::sim::stun::{self, Forge};
use ringfence_tests::sim::{EndpointId, Setup, Simulation};
use ringfence_wire::datagram::LocalSocket;

const ALICE: &str = "127.1.2.1:4000";
const STRANGER: &str = "127.1.6.6:4000";

fn room() -> (Simulation, EndpointId) {
    let mut sim = Simulation::new(Setup::small_world(11));
    let alice = sim.latched("standup", "alice", ALICE);
    (sim, alice)
}

/// What the relay sends back to these bytes from that source.
fn answers_to(sim: &mut Simulation, from: &str, bytes: Vec<u8>) -> u64 {
    let before = sim.judge.tally.packets_out;
    sim.send(from.parse().unwrap(), LocalSocket::Listen(0), bytes);
    sim.settle();
    sim.judge.tally.packets_out - before
}

#[test]
fn an_unauthenticated_binding_request_gets_no_answer_at_all() {
    let (mut sim, alice) = room();
    let stay = sim.at(alice).stay.clone().unwrap();
    let unknown = Forge::new(stun::REQUEST, [1; 12]).attribute(stun::USERNAME, b"nobody12:none");
    for bytes in [
        Forge::new(stun::REQUEST, [1; 12]).finish(),
        Forge::new(stun::REQUEST, [1; 12]).fingerprint().finish(),
        unknown.integrity(b"guessed").finish(),
        check_of(&stay, [1; 12]).finish(),
    ] {
        assert_eq!(answers_to(&mut sim, STRANGER, bytes.clone()), 0);
        assert_eq!(answers_to(&mut sim, ALICE, bytes), 0);
    }
}

#[test]
fn responses_errors_and_indications_are_never_answered() {
    let (mut sim, alice) = room();
    let key = sim.at(alice).stay.clone().unwrap().credentials.password;
    for kind in [stun::SUCCESS, stun::ERROR, stun::INDICATION] {
        let bytes = Forge::new(kind, [2; 12]).integrity(key.as_bytes()).fingerprint().finish();
        assert_eq!(answers_to(&mut sim, ALICE, bytes.clone()), 0);
        assert_eq!(answers_to(&mut sim, STRANGER, bytes), 0);
    }
    assert_eq!(sim.drops(DropReason::UnexpectedStun), 6);
}

#[test]
fn source_port_zero_is_never_answered() {
    let (mut sim, alice) = room();
    let stay = sim.at(alice).stay.clone().unwrap();
    let check = connectivity_check(&stay, [3; 12]);
    assert_eq!(answers_to(&mut sim, "127.1.2.1:0", check), 0);
    assert_eq!(sim.refusals(Rule::PortZero), 1);
}

#[test]
fn malformed_messages_are_never_answered() {
    let (mut sim, alice) = room();
    let check = connectivity_check(&sim.at(alice).stay.clone().unwrap(), [4; 12]);
    for cut in [1, 4, 19, 20, check.len() - 4, check.len() - 1] {
        assert_eq!(answers_to(&mut sim, ALICE, check[..cut].to_vec()), 0, "cut at {cut}");
    }
    let mut longer = check;
    longer.extend([0; 4]);
    assert_eq!(answers_to(&mut sim, ALICE, longer), 0);
}

#[test]
fn what_follows_message_integrity_counts_for_nothing() {
    let (mut sim, alice) = room();
    let stay = sim.at(alice).stay.clone().unwrap();
    let key = stay.credentials.password.as_bytes();
    let tail = check_of(&stay, [5; 12]).integrity(key).attribute(stun::UNHEARD_OF, &[1; 4]);
    sim.send(ALICE.parse().unwrap(), LocalSocket::Listen(0), tail.finish());
    sim.settle();
    assert_eq!(sim.at(alice).successes, 2, "the attribute was not looked at");
    let inside = check_of(&stay, [6; 12]).attribute(stun::UNHEARD_OF, &[1; 4]).integrity(key);
    sim.send(ALICE.parse().unwrap(), LocalSocket::Listen(0), inside.finish());
    sim.settle();
    assert_eq!((sim.at(alice).successes, sim.at(alice).errors), (2, 1));
}

#[test]
fn an_unknown_attribute_from_an_address_that_is_not_proven_is_not_answered() {
    let (mut sim, alice) = room();
    let stay = sim.at(alice).stay.clone().unwrap();
    let key = stay.credentials.password.as_bytes();
    let odd = check_of(&stay, [7; 12]).attribute(stun::UNHEARD_OF, &[]).integrity(key).finish();
    assert_eq!(answers_to(&mut sim, STRANGER, odd), 0);
    assert_eq!(sim.drops(DropReason::UnknownAttribute), 1);
}

#[test]
fn an_answer_counts_only_from_the_address_that_was_asked() {
    let mut sim = Simulation::new(Setup::small_world(12));
    let alice = sim.guest("standup", "alice", ALICE);
    let stranger = sim.endpoint(STRANGER.parse().unwrap());
    // The path check reaches alice's address, which is the stranger's host; the answer goes out
    // through another.
    sim.rebind(alice, "127.1.2.9:1".parse().unwrap());
    let stay = sim.at(alice).stay.clone().unwrap();
    sim.at_mut(stranger).stay = Some(stay.clone());
    sim.rebind(stranger, ALICE.parse().unwrap());
    sim.at_mut(stranger).address = STRANGER.parse().unwrap();
    let check = connectivity_check(&stay, [8; 12]);
    sim.send(ALICE.parse().unwrap(), LocalSocket::Listen(0), check);
    sim.settle();
    assert_eq!(sim.at(stranger).path_checks.len(), 1);
    assert_eq!(sim.drops(DropReason::UnexpectedStun), 1);
    assert_eq!(sim.whereabouts("standup", "alice"), None);
}
