//! Clients on TCP or TLS.

use std::time::Duration;

use ringfence_tests::turn_world::{codec, turn_world};

use super::*;

fn connected() -> (World, Client, SocketAddr) {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000").connected(&mut world);
    let relayed = alice.relayed(&mut world);
    (world, alice, relayed)
}

#[test]
fn whoever_allocates_has_authenticated_and_whoever_deletes_has_not() {
    let (mut world, mut alice, _) = connected();
    assert_eq!(world.is_authenticated(alice.local), Some(true));
    alice.refresh(&mut world, 0);
    assert_eq!(world.is_authenticated(alice.local), Some(false));
    alice.relayed(&mut world);
    assert_eq!(world.is_authenticated(alice.local), Some(true));
}

#[test]
fn a_refused_allocate_leaves_a_connection_unauthenticated() {
    let mut world = World::new(&Setup { ports: 50_000..=50_000, ..Setup::default() });
    Client::new("127.1.2.1:4000").relayed(&mut world);
    let mut late = Client::new("127.1.2.2:4000").connected(&mut world);
    assert_eq!(late.allocate(&mut world, &[]).code(), 508);
    assert_ne!(world.is_authenticated(late.local), Some(true));
}

#[test]
fn a_connection_whose_allocation_expires_is_no_longer_authenticated() {
    let (mut world, alice, _) = connected();
    world.pass(Duration::from_secs(601));
    world.settle();
    assert_eq!(world.counters().allocations, 0);
    assert_eq!(world.is_authenticated(alice.local), Some(false));
}

#[test]
fn a_connection_whose_client_is_cut_is_no_longer_authenticated() {
    let (mut world, mut alice, _) = connected();
    let mut draft = turn_world();
    draft.fences[0].clients.value.clear();
    world.adopt(&draft);
    world.settle();
    assert_eq!(world.is_authenticated(alice.local), Some(false));
    assert_eq!(alice.refresh(&mut world, 600).code(), 403);
}

#[test]
fn a_new_allocation_that_stands_at_once_is_authenticated() {
    let (mut world, mut alice, _) = connected();
    let id = alice.transaction();
    let end = alice.signed(codec::REFRESH, id, &[codec::lifetime(0)]);
    let id = alice.transaction();
    let begin = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
    world.send(alice.address, alice.local, &end);
    world.send(alice.address, alice.local, &begin);
    world.settle();
    assert!(alice.answer_to(&mut world, &begin).unwrap().is_success());
    assert_eq!(world.is_authenticated(alice.local), Some(true));
}

#[test]
fn whoever_hangs_up_gives_up_its_allocation() {
    let (mut world, alice, relayed) = connected();
    world.hang_up(alice.local);
    world.settle();
    assert_eq!((world.sockets.at(relayed), world.ports().used), (None, 0));
    assert_eq!((world.counters().allocations, world.next_due()), (0, None));
}

#[test]
fn hanging_up_while_ports_are_asked_for_leaves_nothing() {
    for answered in [false, true] {
        let mut world = World::new(&Setup { mail_ms: 10..=10, ..Setup::default() });
        let mut alice = Client::new("127.1.2.1:4000").connected(&mut world);
        alice.greet(&mut world);
        let id = alice.transaction();
        let asked = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
        world.send(alice.address, alice.local, &asked);
        world.pass(Duration::from_millis(if answered { 15 } else { 5 }));
        world.hang_up(alice.local);
        world.settle();
        assert_eq!((world.ports().used, world.sockets.total(), world.next_due()), (0, 0, None));
        assert_eq!(world.take(alice.address), []);
    }
}
