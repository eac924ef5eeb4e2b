//! What was carried for TURN clients: at both ends of what two of them send each other.

use ringfence_core::{Event, Traffic};
use ringfence_tests::turn_world::turn_world;

use super::*;

/// Two clients on one shard or two, each of whom lets the other send.
fn pair(shards: u16) -> (World, [Client; 2], [SocketAddr; 2]) {
    let mut world = World::new(&Setup { shards, ..Setup::default() });
    let places = (1..200).map(|n| format!("127.1.2.{n}:4000"));
    let mut far: Vec<String> = places.collect();
    let shard = |world: &World, place: &str| {
        world.shard_of(address(place), ringfence_wire::datagram::LocalSocket::Listen(0))
    };
    let first = shard(&world, &far[0]);
    far.retain(|place| shard(&world, place) != first || shards == 1);
    let mut clients = [Client::new("127.1.2.1:4000"), Client::new(far.last().unwrap())];
    let relayed = clients.each_mut().map(|client| client.relayed(&mut world));
    clients[0].permit(&mut world, &[relayed[1]]);
    clients[1].permit(&mut world, &[relayed[0]]);
    (world, clients, relayed)
}

fn party(client: &Client) -> String {
    client.address.to_string().replace(':', "-")
}

#[test]
fn what_a_client_and_its_peer_send_each_other_is_told_once() {
    let (mut world, mut alice, relayed) = allocated();
    let peer = address("127.1.9.9:9000");
    alice.permit(&mut world, &[peer]);
    alice.say(&mut world, peer, b"four");
    world.peer_sends(peer, relayed, &[b"three".to_vec(), b"2".to_vec()]);
    let expected = Traffic { packets_in: 1, bytes_in: 4, packets_out: 2, bytes_out: 6 };
    assert_eq!(world.carried()[&party(&alice)], expected);
    assert_eq!(world.carried()[&party(&alice)], expected, "not again");
}

#[test]
fn what_two_clients_send_each_other_is_told_for_both() {
    for shards in [1, 4] {
        let (mut world, [mut alice, mut bob], [at_alice, at_bob]) = pair(shards);
        alice.say(&mut world, at_bob, b"four");
        alice.say(&mut world, at_bob, b"three");
        bob.say(&mut world, at_alice, b"2");
        assert_eq!((bob.hears(&mut world).len(), alice.hears(&mut world).len()), (2, 1));
        let carried = world.carried();
        let alices = Traffic { packets_in: 2, bytes_in: 9, packets_out: 1, bytes_out: 1 };
        let bobs = Traffic { packets_in: 1, bytes_in: 1, packets_out: 2, bytes_out: 9 };
        assert_eq!((carried[&party(&alice)], carried[&party(&bob)]), (alices, bobs), "{shards}");
    }
}

#[test]
fn what_was_not_told_when_an_allocation_ended_is_told_then_and_in_the_end_all_of_it() {
    for shards in [1, 4] {
        let (mut world, [mut alice, mut bob], [at_alice, at_bob]) = pair(shards);
        alice.say(&mut world, at_bob, b"one");
        world.carried();
        alice.say(&mut world, at_bob, b"two!");
        bob.say(&mut world, at_alice, b"back");
        bob.refresh(&mut world, 0);
        let end = world.events.iter().find_map(|event| match event {
            Event::Deallocated { who, traffic, .. } if *who.party.name == *party(&bob) => {
                Some(*traffic)
            }
            _ => None,
        });
        let bobs = Traffic { packets_in: 1, bytes_in: 4, packets_out: 2, bytes_out: 7 };
        assert_eq!(end, Some(bobs), "{shards}");
        assert_eq!(world.carried()[&party(&bob)], bobs, "{shards}");
    }
}

#[test]
fn a_cut_is_told_with_what_was_carried_under_the_policy_before() {
    let (mut world, [mut alice, _], [_, at_bob]) = pair(4);
    alice.say(&mut world, at_bob, b"one");
    let mut draft = turn_world();
    draft.fences[0].clients.value.clear();
    world.adopt(&draft);
    world.settle();
    let epochs = world.events.iter().filter_map(|event| match event {
        Event::CarriedForClient { region, epoch, traffic, .. } => {
            Some((region.to_string(), epoch.0, traffic.packets_in + traffic.packets_out))
        }
        _ => None,
    });
    let epochs: Vec<_> = epochs.collect();
    assert_eq!(epochs, vec![("europe".to_owned(), 0, 1); 2]);
}
