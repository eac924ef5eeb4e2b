//! Who may allocate, and that everybody else leaves no trace.

use std::time::Duration;

use ringfence_core::{AuthFailure, Event};
use ringfence_fence::Rule;
use ringfence_tests::turn_world::codec;
use ringfence_tests::turn_world::world::UNIX_START;

use super::*;

const HERE: &str = "127.1.2.1:4000";

fn failures(world: &World, why: AuthFailure) -> u64 {
    world.counters().auth_failures[why as usize]
}

fn name(expiry: u64, rest: &str) -> String {
    format!("{expiry}:{rest}")
}

/// A day from the start.
fn later(rest: &str) -> String {
    name(UNIX_START.as_secs() + 86_400, rest)
}

/// Allocates and is told this code; nothing is kept unless it is a success.
fn told(client: &mut Client, code: u16) -> World {
    let mut world = World::new(&Setup::default());
    let reply = client.allocate(&mut world, &[]);
    assert_eq!(reply.code(), code, "{}", String::from_utf8_lossy(&client.username));
    assert_eq!(reply.heard().is_signed(), code != 401);
    let (counters, ports) = (world.counters(), world.ports());
    let made = u64::from(code == 0);
    assert_eq!((counters.allocations_made, ports.used as u64), (made, made));
    assert_eq!(world.holdings().iter().map(|held| held.allocations as u64).sum::<u64>(), made);
    world
}

fn refused_with(client: &mut Client, why: AuthFailure) {
    let world = told(client, 401);
    for failure in AuthFailure::ALL {
        assert_eq!(failures(&world, *failure), u64::from(*failure == why), "{}", failure.code());
    }
}

#[test]
fn each_secret_of_a_tenant_is_good_and_no_other() {
    for secret in ["acme-secret", "acme-old-secret"] {
        told(&mut Client::named(HERE, &later("acme/standup/alice"), secret), 0);
    }
    for secret in ["acme-removed-secret", "nato-secret", ""] {
        let mut alice = Client::named(HERE, &later("acme/standup/alice"), secret);
        refused_with(&mut alice, AuthFailure::WrongPassword);
    }
}

#[test]
fn credentials_end_at_their_second() {
    let start = UNIX_START.as_secs();
    for (expiry, good) in [(0, false), (start, false), (start + 1, true), (u64::MAX, true)] {
        let mut alice = Client::named(HERE, &name(expiry, "acme/standup/alice"), "acme-secret");
        match good {
            true => drop(told(&mut alice, 0)),
            false => refused_with(&mut alice, AuthFailure::Expired),
        }
    }
    let mut world = World::new(&Setup::default());
    world.pass(Duration::from_secs(100));
    let mut alice = Client::named(HERE, &name(start + 100, "acme/standup/alice"), "acme-secret");
    assert_eq!(alice.allocate(&mut world, &[]).code(), 401);
}

#[test]
fn whoever_is_nobody_is_refused_by_its_own_reason() {
    for (user, why) in [
        (later("initech/standup/alice"), AuthFailure::UnknownTenant),
        (later("mute/standup/alice"), AuthFailure::UnknownTenant),
        (later("acme/standup"), AuthFailure::UnknownUser),
        (later("acme/standup/alice/more"), AuthFailure::UnknownUser),
        ("mallory".to_owned(), AuthFailure::UnknownUser),
        ("x:acme/standup/alice".to_owned(), AuthFailure::UnknownUser),
    ] {
        refused_with(&mut Client::named(HERE, &user, "acme-secret"), why);
    }
    let mut alice = Client::new(HERE);
    alice.username = vec![0xff, 0xfe];
    refused_with(&mut alice, AuthFailure::UnknownUser);
    let mut alice = Client::new(HERE);
    alice.realm = b"elsewhere".to_vec();
    refused_with(&mut alice, AuthFailure::WrongRealm);
}

#[test]
fn a_static_user_has_a_password_of_its_own() {
    told(&mut Client::with_password(HERE, "bob", "bob-password"), 0);
    let mut bob = Client::with_password(HERE, "bob", "eve-password");
    refused_with(&mut bob, AuthFailure::WrongPassword);
    refused_with(&mut Client::named(HERE, "bob", "acme-secret"), AuthFailure::WrongPassword);
}

#[test]
fn rubbish_as_integrity_gets_no_session() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new(HERE);
    alice.greet(&mut world);
    let id = alice.transaction();
    let mut asked = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
    let tag = asked.len() - 20;
    asked[tag..].fill(0x55);
    assert_eq!(alice.exchange(&mut world, &asked).unwrap().code(), 401);
    assert_eq!(failures(&world, AuthFailure::WrongPassword), 1);
    assert_eq!(world.counters().allocations_made, 0);
}

#[test]
fn a_fence_must_be_one_of_the_tenants() {
    told(&mut Client::under("not-china", "127.2.2.1:4000"), 0);
    for (fence, rule) in [("anyone", Rule::FenceNotOfTenant), ("nonsense", Rule::FenceNotOfTenant)]
    {
        let world = told(&mut Client::under(fence, HERE), 403);
        let refused = |event: &Event| matches!(event, Event::ClientRefused { refusal, .. } if refusal.rule == rule);
        assert!(world.events.iter().any(refused), "{:?}", world.events);
    }
}

#[test]
fn a_client_is_where_its_own_fence_lets_it_be() {
    // The united states are in `not-china`, so the relay talks to them; `eu-only` is the default.
    let world = told(&mut Client::new("127.2.2.1:4000"), 403);
    let at = Rule::ALL.iter().position(|rule| *rule == Rule::RegionNotInClients).unwrap();
    assert_eq!(world.counters().refusals[at], 1);
    told(&mut Client::with_password("127.2.2.1:4000", "eve", "eve-password"), 0);
    told(&mut Client::with_password("127.2.2.1:4000", "bob", "bob-password"), 403);
}

#[test]
fn a_refused_client_cannot_fill_the_log() {
    let mut world = World::new(&Setup::default());
    let mut carol = Client::new("127.2.2.1:4000");
    for _ in 0..500 {
        assert_eq!(carol.allocate(&mut world, &[]).code(), 403);
    }
    let told = |event: &&Event| matches!(event, Event::ClientRefused { .. });
    let told = world.events.iter().filter(told).count() as u64;
    assert!((1..=10 * (1 + world.now.since_start().as_secs())).contains(&told), "{told}");
}

#[test]
fn a_tenant_that_the_policy_does_not_know_may_nothing() {
    told(&mut Client::of("ghost", HERE), 403);
}

#[test]
fn a_wrong_password_on_a_five_tuple_that_has_an_allocation_changes_nothing() {
    let (mut world, mut mallory, relayed) = allocated();
    mallory.key = [0; 16];
    assert_eq!(mallory.refresh(&mut world, 0).code(), 401);
    assert_eq!(failures(&world, AuthFailure::WrongPassword), 1);
    assert!(world.sockets.at(relayed).is_some());
}
