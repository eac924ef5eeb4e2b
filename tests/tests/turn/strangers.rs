//! What someone gets who has proved nothing: little, seldom, and no state.

use std::time::Duration;

use ringfence_core::{DropReason, Limits};
use ringfence_tests::sim::stun::{self, Forge, Heard};
use ringfence_tests::turn_world::{Reply, codec, turn_world};
use ringfence_wire::datagram::LocalSocket;

use super::*;

const LISTEN: LocalSocket = LocalSocket::Listen(0);

fn nothing_is_kept(world: &World) {
    assert_eq!((world.counters().allocations_made, world.next_due()), (0, None));
    assert!(world.holdings().iter().all(|held| *held == Default::default()));
}

#[test]
fn a_spoofed_source_gets_nothing_however_well_it_is_signed() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    alice.greet(&mut world);
    for port in 5000..5100 {
        let mut forged = alice.at(SocketAddr::from(([127, 1, 3, 3], port)));
        forged.nonce.clone_from(&alice.nonce);
        let id = forged.transaction();
        let asked = forged.signed(codec::ALLOCATE, id, &[codec::udp()]);
        world.send(forged.address, forged.local, &asked);
    }
    nothing_is_kept(&world);
    let answered = (5000..5100).flat_map(|port| world.take(([127, 1, 3, 3], port).into()));
    let answered: Vec<_> = answered.collect();
    assert!((1..=10).contains(&answered.len()), "{}", answered.len());
    assert!(answered.iter().all(|sent| Reply(sent.bytes.clone()).code() == 438));
}

#[test]
fn a_nonce_is_stale_after_ten_minutes_and_a_new_one_comes_with_the_error() {
    let (mut world, mut alice, _) = allocated();
    let old = alice.nonce.clone().unwrap();
    world.pass(Duration::from_secs(599));
    assert_eq!(alice.refresh(&mut world, 3600).code(), 0);
    assert_eq!(alice.nonce.as_ref(), Some(&old));
    world.pass(Duration::from_secs(2));
    let id = alice.transaction();
    let asked = alice.signed(codec::REFRESH, id, &[]);
    let stale = alice.exchange(&mut world, &asked).unwrap();
    assert_eq!((stale.code(), stale.heard().value(codec::REALM)), (438, Some(&alice.realm[..])));
    assert!(stale.nonce().is_some_and(|new| new != old));
    assert_eq!(alice.refresh(&mut world, 600).code(), 0);
}

#[test]
fn a_challenge_is_at_most_72_bytes_with_the_longest_realm() {
    for from in ["127.1.2.1:4000", "[2001:db8:1::7]:4000"] {
        let realm = "r".repeat(ringfence_core::REALM_BYTES_MAX);
        let mut world = World::new(&Setup { realm: realm.clone(), ..Setup::default() });
        let from = address(from);
        for asked in [
            Forge::new(codec::ALLOCATE, [1; 12]).finish(),
            Forge::new(stun::REQUEST, [2; 12]).finish(),
        ] {
            world.send(from, LISTEN, &asked);
            let sent = world.take(from);
            assert!(sent.len() == 1 && sent[0].bytes.len() <= 72, "{sent:?}");
            let heard = Heard::read(&sent[0].bytes).unwrap();
            assert!(
                heard.mapped_address() == Some(from)
                    || heard.value(codec::REALM) == Some(realm.as_bytes())
            );
        }
    }
}

#[test]
fn a_source_is_answered_at_most_ten_times_a_second() {
    let mut world = World::new(&Setup { shards: 1, ..Setup::default() });
    let mut counts = Vec::new();
    for _ in 0..4 {
        let mut count = 0_u64;
        for n in 0..200_u8 {
            let from = SocketAddr::from(([127, 1, 2, 1], 4000 + u16::from(n)));
            let kind = [codec::ALLOCATE, stun::REQUEST][usize::from(n % 2)];
            world.send(from, LISTEN, &Forge::new(kind, [n; 12]).finish());
            count += world.take(from).len() as u64;
            world.pass(Duration::from_millis(5));
        }
        counts.push(count);
    }
    assert!(counts.iter().all(|count| (3..=10).contains(count)), "{counts:?}");
    assert_eq!(world.counters().dropped(DropReason::AnswerLimit), 800 - counts.iter().sum::<u64>());
    nothing_is_kept(&world);
}

/// Requests of one source, all at once, that are signed with what is no signature: how many were looked
/// at, and how many not.
fn looked_at(from: impl Fn(u16) -> SocketAddr, kind: u16, requests: u16) -> (u64, u64) {
    let mut world = World::new(&Setup { shards: 1, ..Setup::default() });
    let mut mallory = Client::new("127.1.2.1:4000");
    mallory.greet(&mut world);
    world.pass(Duration::from_secs(5));
    for number in 0..requests {
        let mut forged = mallory.at(from(number));
        forged.nonce.clone_from(&mallory.nonce);
        let id = forged.transaction();
        world.send(forged.address, LISTEN, &forged.signed(kind, id, &[codec::udp()]));
    }
    let counters = world.counters();
    let unseen = counters.dropped(DropReason::SourceLimit);
    (counters.received - unseen, unseen)
}

#[test]
fn a_source_that_proves_over_and_over_is_not_looked_at_more_than_a_thousand_times() {
    let ports = |number| SocketAddr::from(([127, 1, 3, 3], 5000 + number));
    for kind in [codec::ALLOCATE, codec::REFRESH] {
        let (seen, unseen) = looked_at(ports, kind, 3000);
        assert!((1000..1010).contains(&seen) && unseen > 1990, "{seen} {unseen}");
    }
    let hosts = |number: u16| {
        let [high, low] = number.to_be_bytes();
        SocketAddr::from(([127, 1, 100 + high, low], 4000))
    };
    assert_eq!(looked_at(hosts, codec::ALLOCATE, 3000).1, 0);
}

#[test]
fn whoever_is_in_is_looked_at_however_often_it_asks_but_not_for_another_allocation() {
    let (mut world, mut alice, _) = allocated();
    for _ in 0..3000 {
        assert_eq!(alice.refresh(&mut world, 600).code(), 0);
    }
    assert_eq!(world.counters().dropped(DropReason::SourceLimit), 0);
    for _ in 0..3000 {
        let id = alice.transaction();
        let again = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
        world.send(alice.address, alice.local, &again);
    }
    assert!(world.counters().dropped(DropReason::SourceLimit) > 1900);
    assert_eq!(alice.refresh(&mut world, 600).code(), 0);
}

#[test]
fn all_strangers_together_have_a_limit() {
    let limits = Limits { unproven_answers_per_s: 100, ..Limits::default() };
    let mut world = World::new(&Setup { shards: 1, limits, ..Setup::default() });
    world.pass(Duration::from_secs(5));
    let mut count = 0;
    for n in 0..2000_u16 {
        let [high, low] = n.to_be_bytes();
        let from = SocketAddr::from(([127, 1, 100 + high, low], 4000));
        world.send(from, LISTEN, &Forge::new(codec::ALLOCATE, [9; 12]).finish());
        count += world.take(from).len();
        world.pass(Duration::from_micros(500));
    }
    assert!((90..=111).contains(&count), "{count}");
}

#[test]
fn whom_no_fence_admits_hears_nothing() {
    let mut world = World::new(&Setup::default());
    // Without the tenant whose fence lets anybody in, china is nowhere.
    let mut draft = turn_world();
    draft.tenants.pop();
    world.adopt(&draft);
    world.settle();
    for from in ["127.3.0.9:4000", "9.9.9.9:4000", "[2002:7f01:201::1]:4000", "127.1.2.1:0"] {
        let from = address(from);
        for kind in [codec::ALLOCATE, codec::REFRESH, stun::REQUEST] {
            world.send(from, LISTEN, &Forge::new(kind, [3; 12]).finish());
        }
        assert_eq!(world.connect(from), None);
        assert_eq!(world.take(from), []);
    }
    assert_eq!(world.counters().dropped(DropReason::Refused), 12);
    nothing_is_kept(&world);
}

#[test]
fn a_connection_is_proven_by_being_one() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000").connected(&mut world);
    for _ in 0..50 {
        let id = alice.transaction();
        let asked = alice.unsigned(codec::ALLOCATE, id, &[]);
        assert_eq!(alice.exchange(&mut world, &asked).unwrap().code(), 401);
    }
    nothing_is_kept(&world);
}

#[test]
fn a_binding_with_an_unknown_attribute_is_dropped() {
    let mut world = World::new(&Setup::default());
    let asked = Forge::new(stun::REQUEST, [4; 12]).attribute(stun::UNHEARD_OF, &[]).finish();
    world.send(address("127.1.2.1:4000"), LISTEN, &asked);
    assert_eq!(world.counters().dropped(DropReason::UnknownAttribute), 1);
    assert_eq!(world.take(address("127.1.2.1:4000")), []);
}
