//! Requests and their answers: each error where RFC 8656 asks for it, and what a success says.

use std::time::Duration;

use ringfence_core::{DropReason, Family};
use ringfence_tests::turn_world::codec::{self, Attribute};

use super::*;

const S: Duration = Duration::from_secs(1);

fn code_of_allocate(attributes: &[Attribute]) -> u16 {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let reply = alice.request(&mut world, codec::ALLOCATE, |_| attributes.to_vec());
    assert!(reply.heard().signed_with(&alice.key), "errors of a known user are signed");
    assert_eq!(world.counters().allocations, u64::from(reply.code() == 0));
    reply.code()
}

#[test]
fn an_allocation_says_all_that_it_must() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let reply = alice.allocate(&mut world, &[]);
    assert!(reply.is_success() && reply.heard().signed_with(&alice.key));
    assert_eq!(reply.heard().mapped_address(), Some(alice.address));
    assert_eq!((reply.relayed().len(), reply.lifetime()), (1, Some(600)));
    let relayed = reply.relayed()[0];
    assert!(relayed.ip().to_string() == "127.1.0.1" && (50_000..51_000).contains(&relayed.port()));
    assert_eq!(world.ports().used, 1);
}

#[test]
fn a_transport_must_be_asked_for_and_be_udp() {
    assert_eq!(code_of_allocate(&[]), 400);
    assert_eq!(code_of_allocate(&[(codec::REQUESTED_TRANSPORT, vec![6, 0, 0, 0])]), 442);
}

#[test]
fn families_and_ports_that_contradict_each_other_are_bad_requests() {
    use codec::{ADDITIONAL_ADDRESS_FAMILY as ADDITIONAL, REQUESTED_ADDRESS_FAMILY as REQUESTED};
    let token = || (codec::RESERVATION_TOKEN, vec![1; 8]);
    let both = |one: Attribute, other: Attribute| code_of_allocate(&[codec::udp(), one, other]);
    assert_eq!(both(codec::family(REQUESTED, 1), codec::family(ADDITIONAL, 2)), 400);
    assert_eq!(code_of_allocate(&[codec::udp(), codec::family(ADDITIONAL, 1)]), 400);
    assert_eq!(code_of_allocate(&[codec::udp(), codec::family(ADDITIONAL, 9)]), 400);
    assert_eq!(both(token(), codec::even_port(false)), 400);
    assert_eq!(both(token(), codec::family(REQUESTED, 1)), 400);
    assert_eq!(both(token(), codec::family(ADDITIONAL, 2)), 400);
    assert_eq!(both(codec::even_port(true), codec::family(ADDITIONAL, 2)), 400);
    assert_eq!(both(codec::even_port(false), codec::family(ADDITIONAL, 2)), 0);
}

#[test]
fn a_family_that_is_not_served_is_440() {
    assert_eq!(
        code_of_allocate(&[codec::udp(), codec::family(codec::REQUESTED_ADDRESS_FAMILY, 3)]),
        440
    );
    let setup = Setup { families: vec![Family::Ipv4], ..Setup::default() };
    let mut world = World::new(&setup);
    let mut alice = Client::new("127.1.2.1:4000");
    let six = codec::family(codec::REQUESTED_ADDRESS_FAMILY, 2);
    assert_eq!(alice.allocate(&mut world, &[six]).code(), 440);
}

#[test]
fn an_attribute_that_nobody_understands_is_420_and_named() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let unheard_of = ringfence_tests::sim::stun::UNHEARD_OF;
    let reply = alice.allocate(&mut world, &[(unheard_of, vec![1, 2, 3])]);
    assert_eq!(reply.code(), 420);
    let named = reply.heard().value(codec::UNKNOWN_ATTRIBUTES).map(<[u8]>::to_vec);
    assert_eq!(named, Some(unheard_of.to_be_bytes().to_vec()));
    assert_eq!(world.counters().allocations, 0);
}

#[test]
fn the_same_allocate_again_gets_the_same_bytes() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    alice.greet(&mut world);
    let id = alice.transaction();
    let asked = alice.signed(codec::ALLOCATE, id, &[codec::udp(), codec::even_port(true)]);
    let first = alice.exchange(&mut world, &asked).unwrap();
    assert!(first.is_success() && first.token().is_some());
    alice.refresh(&mut world, 1800);
    for _ in 0..3 {
        assert_eq!(alice.exchange(&mut world, &asked).unwrap(), first);
    }
    assert_eq!((world.ports().used, world.ports().reserved), (1, 1));
}

#[test]
fn the_same_allocate_twice_before_it_is_decided_makes_one_allocation() {
    let mut world = World::new(&Setup { mail_ms: 20..=20, ..Setup::default() });
    let mut alice = Client::new("127.1.2.1:4000");
    alice.greet(&mut world);
    let id = alice.transaction();
    let asked = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
    (0..3).for_each(|_| world.send(alice.address, alice.local, &asked));
    assert!(alice.exchange(&mut world, &asked).unwrap().is_success());
    assert_eq!(world.counters().dropped(DropReason::AllocationAsked), 3);
    assert_eq!(alice.answer_to(&mut world, &asked), None);
    assert_eq!(world.ports().used, 1);
}

#[test]
fn another_allocate_finds_the_five_tuple_taken() {
    let (mut world, mut alice, _) = allocated();
    assert_eq!(alice.allocate(&mut world, &[]).code(), 437);
    assert_eq!(world.ports().used, 1);
}

#[test]
fn whoever_has_no_allocation_is_told_437() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let peer = address("127.1.9.9:9");
    assert_eq!(alice.refresh(&mut world, 600).code(), 437);
    assert_eq!(alice.permit(&mut world, &[peer]).code(), 437);
    assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 437);
    alice.say(&mut world, peer, b"lost");
    alice.say_on(&mut world, 0x4000, b"lost");
    assert_eq!(world.counters().dropped(DropReason::NoAllocation), 2);
    assert_eq!(world.take(peer), []);
}

#[test]
fn another_user_on_the_same_five_tuple_is_told_441() {
    let (mut world, alice, relayed) = allocated();
    let mut eve = Client::with_password("127.1.2.1:4000", "eve", "eve-password");
    eve.nonce.clone_from(&alice.nonce);
    assert_eq!(eve.refresh(&mut world, 0).code(), 441);
    assert_eq!(eve.permit(&mut world, &[address("127.1.9.9:9")]).code(), 441);
    assert_eq!(eve.allocate(&mut world, &[]).code(), 441);
    assert!(world.sockets.at(relayed).is_some());
}

#[test]
fn a_lifetime_is_at_least_ten_minutes_and_at_most_an_hour() {
    for (asked, given) in [(1, 600), (600, 600), (601, 601), (3600, 3600), (u32::MAX, 3600)] {
        let mut world = World::new(&Setup::default());
        let mut alice = Client::new("127.1.2.1:4000");
        let reply = alice.allocate(&mut world, &[codec::lifetime(asked)]);
        assert_eq!(reply.lifetime(), Some(given));
        assert_eq!(alice.refresh(&mut world, asked).lifetime(), Some(given));
        world.pass(Duration::from_secs(u64::from(given)) - S);
        assert_eq!(world.counters().allocations, 1);
        world.pass(S);
        world.settle();
        assert_eq!((world.counters().allocations, world.ports().used), (0, 0));
    }
}

#[test]
fn a_lifetime_of_zero_ends_it_at_once_and_frees_its_port() {
    let (mut world, mut alice, relayed) = allocated();
    assert_eq!(alice.refresh(&mut world, 0).lifetime(), Some(0));
    assert_eq!((world.ports().used, world.sockets.at(relayed)), (0, None));
    assert_eq!(alice.refresh(&mut world, 0).code(), 437);
    assert_eq!(alice.allocate(&mut world, &[]).code(), 0);
}

#[test]
fn a_refresh_for_the_other_family_is_443() {
    let (mut world, mut alice, _) = allocated();
    let six = codec::family(codec::REQUESTED_ADDRESS_FAMILY, 2);
    let reply =
        alice.request(&mut world, codec::REFRESH, |_| vec![six.clone(), codec::lifetime(0)]);
    assert_eq!(reply.code(), 443);
    let four = codec::family(codec::REQUESTED_ADDRESS_FAMILY, 1);
    let reply = alice.request(&mut world, codec::REFRESH, |_| vec![four.clone()]);
    assert_eq!(reply.code(), 0);
}

#[test]
fn a_dual_allocation_has_an_address_of_each_family() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let dual = codec::family(codec::ADDITIONAL_ADDRESS_FAMILY, 2);
    let reply = alice.allocate(&mut world, &[dual]);
    let relayed = reply.relayed();
    assert!(relayed[0].is_ipv4() && relayed[1].is_ipv6() && relayed.len() == 2);
    for (peer, relayed) in ["127.1.9.9:9", "[2001:db8:1::9]:9"].iter().zip(relayed) {
        let peer = address(peer);
        assert_eq!(alice.permit(&mut world, &[peer]).code(), 0);
        alice.say(&mut world, peer, b"one of each");
        assert_eq!(world.take(peer)[0].relayed, Some(relayed));
        assert!(world.peer_sends(peer, relayed, &[b"back again".to_vec()]));
        assert_eq!(alice.hears(&mut world), [Carried::Indication(peer, b"back again".to_vec())]);
    }
    assert_eq!(alice.refresh(&mut world, 0).code(), 0);
    assert_eq!((world.ports().used, world.sockets.total()), (0, 0));
}

#[test]
fn a_family_that_has_no_port_left_is_named_in_a_success() {
    for (families, why) in [(vec![Family::Ipv4, Family::Ipv6], 508), (vec![Family::Ipv4], 440)] {
        let addresses = vec!["127.1.0.1".parse().unwrap()];
        let mut world = World::new(&Setup { addresses, families, ..Setup::default() });
        let mut alice = Client::new("127.1.2.1:4000");
        alice.greet(&mut world);
        let id = alice.transaction();
        let dual = codec::family(codec::ADDITIONAL_ADDRESS_FAMILY, 2);
        let asked = alice.signed(codec::ALLOCATE, id, &[codec::udp(), dual]);
        let reply = alice.exchange(&mut world, &asked).unwrap();
        assert!(reply.is_success() && reply.relayed().len() == 1 && reply.relayed()[0].is_ipv4());
        assert_eq!(reply.address_error(), Some((2, why)));
        assert_eq!(alice.exchange(&mut world, &asked).unwrap(), reply);
    }
}

#[test]
fn no_port_left_is_508() {
    let mut world = World::new(&Setup { ports: 50_000..=50_000, ..Setup::default() });
    Client::new("127.1.2.1:4000").relayed(&mut world);
    let mut late = Client::new("127.1.2.2:4000");
    assert_eq!(late.allocate(&mut world, &[]).code(), 508);
    assert_eq!(late.refresh(&mut world, 600).code(), 437, "nothing is left of it");
    let six = codec::family(codec::REQUESTED_ADDRESS_FAMILY, 2);
    assert_eq!(late.allocate(&mut world, &[six]).code(), 0, "the other family has ports");
}

#[test]
fn no_port_left_is_300_where_the_fence_lets_an_alternate_carry() {
    // The first is in china, the second of another family, the third in the united states, where
    // nothing of acme may be carried, the fourth in europe.
    let servers = ["127.3.0.1:3478", "[2001:db8:1::77]:3478", "127.2.0.1:3478", "127.1.7.7:3478"];
    for (count, code) in [(3, 508), (4, 300)] {
        let mut world = World::new(&Setup {
            ports: 50_000..=50_000,
            alternates: servers[..count].iter().map(|server| address(server)).collect(),
            ..Setup::default()
        });
        Client::new("127.1.2.1:4000").relayed(&mut world);
        let reply = Client::new("127.1.2.2:4000").allocate(&mut world, &[]);
        assert_eq!(reply.code(), code);
        let alternate = reply.heard().value(codec::ALTERNATE_SERVER).map(<[u8]>::to_vec);
        let plain = vec![0, 1, 0x0d, 0x96, 127, 1, 7, 7];
        assert_eq!(alternate, (code == 300).then_some(plain));
    }
}

#[test]
fn a_request_that_lacks_a_credential_is_400_and_not_longer_than_it_came() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    alice.greet(&mut world);
    let (name, nonce) = (alice.username.clone(), alice.nonce.clone().unwrap());
    let all = [(codec::USERNAME, name), (codec::REALM, alice.realm.clone()), (codec::NONCE, nonce)];
    for lacking in 0..3 {
        let id = alice.transaction();
        let rest = all.iter().enumerate().filter(|(at, _)| *at != lacking);
        let rest: Vec<Attribute> = rest.map(|(_, one)| one.clone()).collect();
        let asked = codec::message(codec::ALLOCATE, id, &rest).integrity(&alice.key).finish();
        let reply = alice.exchange(&mut world, &asked).unwrap();
        assert_eq!((reply.code(), reply.heard().is_signed()), (400, false));
    }
    assert_eq!(world.counters().allocations_made, 0);
}

#[test]
fn what_is_no_request_of_turn_is_never_answered() {
    let (mut world, mut alice, _) = allocated();
    world.take(alice.address);
    let kinds = [0x0103, 0x0113, 0x0017, 0x0007, 0x0117, 0x0101, 0x0111, 0x0111, 0x0fff & 0x3eef];
    for kind in kinds {
        let id = alice.transaction();
        let asked = alice.signed(kind, id, &[codec::udp()]);
        world.send(alice.address, alice.local, &asked);
    }
    assert_eq!(world.take(alice.address), []);
}

#[test]
fn malformed_messages_are_never_answered() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    alice.greet(&mut world);
    let id = alice.transaction();
    let good = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
    let before = world.counters().dropped(DropReason::MalformedStun);
    for cut in 1..good.len() {
        world.send(alice.address, alice.local, &good[..cut]);
    }
    for place in [3, 4, 22, 23] {
        let mut bad = good.clone();
        bad[place] ^= 0xff;
        world.send(alice.address, alice.local, &bad);
    }
    world.settle();
    assert_eq!(world.take(alice.address), []);
    let dropped = world.counters().dropped(DropReason::MalformedStun) - before;
    assert_eq!((dropped, world.counters().allocations_made), (good.len() as u64 - 1 + 4, 0));
}

#[test]
fn of_doubled_attributes_the_first_counts() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let two = [codec::lifetime(700), codec::lifetime(3000)];
    assert_eq!(alice.allocate(&mut world, &two).lifetime(), Some(700));
    let two = [(codec::REQUESTED_TRANSPORT, vec![6, 0, 0, 0])];
    let mut bob = Client::new("127.1.2.2:4000");
    assert_eq!(bob.allocate(&mut world, &two).code(), 0, "UDP came first");
}

#[test]
fn what_follows_the_integrity_does_not_exist() {
    let (mut world, mut alice, _) = allocated();
    let id = alice.transaction();
    let mut asked = alice.signed(codec::REFRESH, id, &[codec::lifetime(900)]);
    let extra =
        [&codec::LIFETIME.to_be_bytes()[..], &[0, 4], &[0; 4], &[0x7a, 0xbc, 0, 0]].concat();
    asked.extend(&extra);
    let length = u16::try_from(asked.len() - 20).unwrap();
    asked[2..4].copy_from_slice(&length.to_be_bytes());
    let reply = alice.exchange(&mut world, &asked).unwrap();
    assert_eq!((reply.code(), reply.lifetime()), (0, Some(900)));
    // And a LIFETIME that stands only there is none.
    let id = alice.transaction();
    let mut asked = alice.signed(codec::REFRESH, id, &[]);
    asked.extend(&extra[..8]);
    let length = u16::try_from(asked.len() - 20).unwrap();
    asked[2..4].copy_from_slice(&length.to_be_bytes());
    assert_eq!(alice.exchange(&mut world, &asked).unwrap().lifetime(), Some(600));
}
