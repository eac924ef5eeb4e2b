//! An allocation that carries what is not encrypted is told of, and where its fence wants encryption,
//! cut.

use ringfence_core::{EndCause, Event, TurnDirection, Unencrypted};
use ringfence_fence::Rule;
use ringfence_tests::sim::Media;
use ringfence_tests::sim::dice::Dice;
use ringfence_tests::turn_world::turn_world;

use super::*;

const PEER: &str = "127.1.9.9:9000";

/// Enough for a verdict at one sample in eight.
const PACKETS: u16 = 600;

/// Alice may exchange data with a peer under a fence that wants encryption, or not.
fn permitted(require_encryption: bool) -> (World, Client, SocketAddr) {
    let mut policy = turn_world();
    policy.fences.iter_mut().for_each(|fence| fence.require_encryption = require_encryption);
    let mut world = World::new(&Setup { policy, ..Setup::default() });
    let mut alice = Client::new("127.1.2.1:4000");
    let relayed = alice.relayed(&mut world);
    assert_eq!(alice.permit(&mut world, &[address(PEER)]).code(), 0);
    (world, alice, relayed)
}

/// RTP packets whose payloads begin with these bytes and go on at random.
fn stream(beginning: &'static [u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut dice = Dice::new(5);
    (0..PACKETS).map(move |sequence| {
        let random: [u8; 60] = dice.bytes();
        Media::rtp(7, sequence)
            .packet(ringfence_tests::sim::MediaId(0), &[beginning, &random].concat())
    })
}

fn told(world: &World) -> Vec<(TurnDirection, Unencrypted)> {
    let about = |event: &Event| match event {
        Event::RelayedUnencrypted { direction, how, .. } => Some((*direction, *how)),
        _ => None,
    };
    world.events.iter().filter_map(about).collect()
}

fn was_cut(world: &World) -> bool {
    let cut = |event: &Event| match event {
        Event::Deallocated { cause: EndCause::Cut(refusal), .. } => {
            refusal.rule == Rule::NotEncrypted
        }
        _ => false,
    };
    world.events.iter().any(cut)
}

fn say(world: &mut World, alice: &mut Client, beginning: &'static [u8]) {
    for packet in stream(beginning) {
        alice.say(world, address(PEER), &packet);
        world.scrutinise();
    }
    world.settle();
}

#[test]
fn what_a_client_sends_in_the_clear_cuts_its_allocation_and_403_says_so() {
    let (mut world, mut alice, relayed) = permitted(true);
    say(&mut world, &mut alice, &[0x78]);
    assert_eq!(told(&world), [(TurnDirection::ToPeers, Unencrypted::Plain)]);
    assert!(was_cut(&world));
    assert!(!world.peer_sends(address(PEER), relayed, &[vec![0x80; 60]]), "nobody is there");
    assert_eq!(alice.refresh(&mut world, 600).code(), 403);
}

#[test]
fn what_a_peer_sends_in_the_clear_cuts_it_too() {
    let (mut world, mut alice, relayed) = permitted(true);
    for packet in stream(&[0x78]) {
        world.peer_sends(address(PEER), relayed, &[packet]);
        world.scrutinise();
        world.settle();
    }
    assert_eq!(told(&world), [(TurnDirection::ToClient, Unencrypted::Plain)]);
    assert!(was_cut(&world));
    assert_eq!(alice.refresh(&mut world, 600).code(), 403);
}

#[test]
fn encrypted_media_passes_both_ways() {
    let (mut world, mut alice, relayed) = permitted(true);
    say(&mut world, &mut alice, &[]);
    for packet in stream(&[]) {
        world.peer_sends(address(PEER), relayed, &[packet]);
        world.scrutinise();
    }
    assert_eq!(told(&world), []);
    assert!(!was_cut(&world));
    assert_eq!(alice.refresh(&mut world, 600).code(), 0);
}

#[test]
fn where_the_fence_does_not_mind_it_is_told_and_goes_on() {
    let (mut world, mut alice, _) = permitted(false);
    say(&mut world, &mut alice, &[0x78]);
    assert_eq!(told(&world), [(TurnDirection::ToPeers, Unencrypted::Plain)]);
    assert!(!was_cut(&world));
    assert_eq!(alice.refresh(&mut world, 600).code(), 0);
}
