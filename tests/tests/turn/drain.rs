//! A relay that takes no more: what there is goes on.

use ringfence_tests::turn_world::codec;

use super::*;

const INSUFFICIENT_CAPACITY: u16 = 508;

/// What takes no more, and what takes more again.
type Shut = fn(&mut World, bool);

const SHUTS: [Shut; 2] = [World::set_draining, World::set_overloaded];

#[test]
fn a_newcomer_is_answered_508_and_who_is_there_goes_on() {
    for shut in SHUTS {
        let (mut world, mut alice, _) = allocated();
        shut(&mut world, true);
        assert!(world.registry().is_full(), "select offers other relays");
        let mut bob = Client::new("127.1.2.2:4000");
        assert_eq!(bob.allocate(&mut world, &[]).code(), INSUFFICIENT_CAPACITY);
        let peer = address("127.1.7.7:5000");
        assert_eq!(alice.refresh(&mut world, 600).code(), 0);
        assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 0);
        alice.say_on(&mut world, 0x4000, b"still here");
        assert_eq!(world.take(peer).len(), 1);
        assert_eq!(world.registry().holdings().allocations, 1);
    }
}

#[test]
fn when_it_is_called_off_newcomers_are_served() {
    for shut in SHUTS {
        let mut world = World::new(&Setup::default());
        let mut bob = Client::new("127.1.2.2:4000");
        shut(&mut world, true);
        assert_eq!(bob.allocate(&mut world, &[]).code(), INSUFFICIENT_CAPACITY);
        shut(&mut world, false);
        assert_eq!(bob.allocate(&mut world, &[]).code(), 0);
    }
}

#[test]
fn there_is_nothing_left_to_wait_for_when_the_last_has_ended() {
    let (mut world, mut alice, _) = allocated();
    world.set_draining(true);
    assert!(!world.registry().holdings().is_empty());
    assert_eq!(alice.refresh(&mut world, 0).code(), 0);
    world.settle();
    assert!(world.registry().holdings().is_empty());
}

#[test]
fn whoever_has_only_asked_is_no_one_of_those_who_are_in() {
    for shut in SHUTS {
        let (mut world, alice, _) = allocated();
        shut(&mut world, true);
        let mut bob = Client::new("127.1.2.2:4000");
        bob.greet(&mut world);
        let id = bob.transaction();
        let asked = bob.signed(codec::ALLOCATE, id, &[codec::udp()]);
        world.send(bob.address, bob.local, &asked);
        assert_eq!(world.admitted(), [alice.address], "while the registry is asked");
        world.settle();
        assert_eq!(bob.answer_to(&mut world, &asked).unwrap().code(), INSUFFICIENT_CAPACITY);
        shut(&mut world, false);
        assert_eq!(bob.allocate(&mut world, &[]).code(), 0);
        assert!(world.admitted().contains(&bob.address));
    }
}
