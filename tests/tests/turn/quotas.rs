//! Quotas and ports: exact, and nothing is lost.

use std::time::Duration;

use ringfence_core::{Event, TenantQuota};
use ringfence_tests::turn_world::codec;

use super::*;

fn quota(allocations_max: usize, allocations_per_party_max: usize) -> Setup {
    let limited = TenantQuota {
        rooms_max: 0,
        participants_max: 0,
        allocations_max,
        allocations_per_party_max,
    };
    let quotas = [("acme".to_owned(), limited)].into();
    Setup { shards: 4, mail_ms: 0..=20, quotas, ..Setup::default() }
}

/// All of them allocate before any is answered; how many of each code came back.
fn at_once(world: &mut World, clients: &mut [Client]) -> (usize, usize) {
    let ask = |client: &mut Client| {
        client.greet(world);
        let id = client.transaction();
        client.signed(codec::ALLOCATE, id, &[codec::udp()])
    };
    let asked: Vec<Vec<u8>> = clients.iter_mut().map(ask).collect();
    for (client, asked) in clients.iter().zip(&asked) {
        world.send(client.address, client.local, asked);
    }
    world.settle();
    let answers = clients.iter().zip(&asked);
    let codes = answers.map(|(client, asked)| client.answer_to(world, asked).unwrap().code());
    let codes: Vec<u16> = codes.collect();
    let of = |code| codes.iter().filter(|one| **one == code).count();
    assert_eq!(of(0) + of(486), codes.len());
    (of(0), of(486))
}

#[test]
fn a_tenants_quota_is_exact_over_all_shards() {
    let mut world = World::new(&quota(5, 100));
    let mut many: Vec<Client> =
        (1..=20).map(|n| Client::new(&format!("127.1.2.{n}:4000"))).collect();
    assert_eq!(at_once(&mut world, &mut many), (5, 15));
    assert_eq!(Client::of("open", "127.1.3.1:4000").allocate(&mut world, &[]).code(), 0);
    let held = many.iter_mut().position(|one| one.refresh(&mut world, 0).code() == 0);
    let holder = &mut many[held.unwrap()];
    assert_eq!(holder.allocate(&mut world, &[]).code(), 0, "what was given up is free");
    assert_eq!(world.ports().used, 6);
}

#[test]
fn a_partys_quota_is_exact_over_all_shards() {
    let mut world = World::new(&quota(100, 3));
    let alice = Client::new("127.1.2.1:4000");
    let everywhere = (1..=12).map(|n| alice.at(SocketAddr::from(([127, 1, 5, n], 4000))));
    let mut many: Vec<Client> = everywhere.collect();
    assert_eq!(at_once(&mut world, &mut many), (3, 9));
    assert_eq!(Client::new("127.1.2.2:4000").allocate(&mut world, &[]).code(), 0);
}

#[test]
fn a_port_that_is_kept_counts_like_the_allocation_it_is_for() {
    let mut world = World::new(&quota(100, 2));
    let mut alice = Client::new("127.1.2.1:4000");
    let reserve = || vec![codec::even_port(true)];
    for _ in 0..20 {
        alice.allocate(&mut world, &reserve());
        alice.refresh(&mut world, 0);
        assert!(world.ports().reserved <= 2, "{:?}", world.ports());
    }
    world.pass(Duration::from_secs(31));
    let token = alice.allocate(&mut world, &reserve()).token().unwrap();
    let mut second = alice.at(address("127.1.5.1:4000"));
    assert_eq!(second.allocate(&mut world, &[]).code(), 486, "its place is kept");
    let redeem = (codec::RESERVATION_TOKEN, token);
    assert_eq!(second.allocate(&mut world, &[redeem]).code(), 0);
    assert_eq!((world.ports().used, world.ports().reserved), (2, 0));
}

#[test]
fn a_token_survives_a_quota_that_is_full() {
    let mut world = World::new(&quota(3, 100));
    let token = Client::new("127.1.2.1:4000")
        .allocate(&mut world, &[codec::even_port(true)])
        .token()
        .unwrap();
    let redeem = (codec::RESERVATION_TOKEN, token);
    let mut stranger = Client::of("open", "127.1.2.9:4000");
    Client::new("127.1.2.2:4000").relayed(&mut world);
    assert_eq!(Client::new("127.1.2.3:4000").allocate(&mut world, &[]).code(), 486);
    assert_eq!(stranger.allocate(&mut world, &[redeem]).code(), 0);
    assert_eq!(Client::new("127.1.2.3:4000").allocate(&mut world, &[]).code(), 0);
}

#[test]
fn ports_that_others_have_are_tried_over_and_go_back() {
    let mut world = World::new(&Setup { ports: 50_000..=50_007, ..Setup::default() });
    let four = |port| SocketAddr::from(([127, 1, 0, 1], port));
    world.sockets.taken.extend((50_000..50_006).map(four));
    for n in 1..=2 {
        let mut client = Client::new(&format!("127.1.2.{n}:4000"));
        let mut tries = (0..20).map(|_| client.allocate(&mut world, &[]).code());
        assert!(tries.any(|code| code == 0), "two ports can be had");
    }
    assert_eq!(world.ports().used, 2);
    let mut late = Client::new("127.1.2.3:4000");
    assert_eq!(late.allocate(&mut world, &[]).code(), 508);
    assert_eq!((world.ports().used, world.ports().free), (2, 14));
    let count = |all: &dyn Fn(&Event) -> bool| world.events.iter().filter(|one| all(one)).count();
    let made = count(&|event| matches!(event, Event::Allocated { .. }));
    let ended = count(&|event| matches!(event, Event::Deallocated { .. }));
    assert_eq!(made - ended, 2, "the journal balances");
}

#[test]
fn a_port_that_cannot_be_had_is_not_tried_again_while_there_is_another() {
    for seed in 0..20 {
        let ports = 50_000..=50_001;
        let mut world = World::new(&Setup { ports, seed, ..Setup::default() });
        world.sockets.taken.insert(address("127.1.0.1:50001"));
        assert_eq!(Client::new("127.1.2.1:4000").relayed(&mut world).port(), 50_000);
        let made = |event: &&Event| matches!(event, Event::Allocated { .. });
        assert!(world.events.iter().filter(made).count() <= 2);
    }
}

#[test]
fn a_pair_that_cannot_be_had_leaves_no_reservation() {
    let mut world = World::new(&Setup { ports: 50_000..=50_003, ..Setup::default() });
    world.sockets.taken.insert(address("127.1.0.1:50000"));
    world.sockets.taken.insert(address("127.1.0.1:50002"));
    let mut alice = Client::new("127.1.2.1:4000");
    assert_eq!(alice.allocate(&mut world, &[codec::even_port(true)]).code(), 508);
    assert_eq!((world.ports().used, world.ports().reserved), (0, 0));
}

#[test]
fn no_descriptors_left_is_508_and_costs_no_port() {
    let mut world = World::new(&Setup::default());
    world.sockets.open_max = 3;
    let dual = codec::family(codec::ADDITIONAL_ADDRESS_FAMILY, 2);
    let codes: Vec<u16> = (1..=4)
        .map(|n| Client::new(&format!("127.1.2.{n}:4000")))
        .map(|mut client| client.allocate(&mut world, std::slice::from_ref(&dual)).code())
        .collect();
    assert_eq!(codes, [0, 508, 508, 508]);
    assert_eq!((world.ports().used, world.sockets.total()), (2, 2));
}

#[test]
fn an_address_that_is_listed_twice_has_each_port_once() {
    let addresses = vec!["127.1.0.1".parse().unwrap(); 2];
    let ports = 50_000..=50_001;
    let mut world = World::new(&Setup { addresses, ports, ..Setup::default() });
    assert_eq!(world.ports().free, 2);
    let codes = (1..=3).map(|n| Client::new(&format!("127.1.2.{n}:4000")));
    let codes: Vec<u16> = codes.map(|mut one| one.allocate(&mut world, &[]).code()).collect();
    assert_eq!(codes, [0, 0, 508]);
}
