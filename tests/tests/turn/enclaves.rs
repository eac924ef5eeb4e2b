//! What belongs to another enclave is nothing here.

use ringfence_core::{AuthFailure, Event};
use ringfence_fence::{Policy, PolicyDraft, Rule};
use ringfence_tests::sim::drafts::name;
use ringfence_tests::turn_world::turn_world;

use super::*;

/// `nato` belongs to an enclave that this relay's site is not of.
fn enclaves() -> PolicyDraft {
    let mut draft = turn_world();
    let nato = draft.tenants.iter_mut().find(|tenant| tenant.name.value == "nato").unwrap();
    nato.enclave = Some(name("bunker"));
    draft
}

fn leaves_no_trace(world: &mut World, code: u16) {
    let mut client = Client::of("nato", "127.1.2.1:4000");
    assert_eq!(client.allocate(world, &[]).code(), code);
    let (counters, ports) = (world.counters(), world.ports());
    assert_eq!((counters.allocations_made, ports.used, ports.reserved), (0, 0, 0));
    assert!(world.holdings().iter().all(|held| *held == Default::default()));
    assert_eq!(world.registry().allocations().count(), 0);
}

/// Even where its secret is known by mistake.
#[test]
fn a_credential_of_another_enclave_is_refused_with_no_state_made() {
    let mut world = World::new(&Setup { policy: enclaves(), ..Setup::default() });
    let letters = world.letters_posted;
    leaves_no_trace(&mut world, 403);
    assert_eq!(world.letters_posted, letters, "no shard heard of it");
    let wrong = |event: &Event| matches!(event, Event::ClientRefused { refusal, .. } if refusal.rule == Rule::WrongEnclave);
    assert!(world.events.iter().any(wrong));
    let mut ours = Client::new("127.1.2.1:4001");
    ours.relayed(&mut world);
}

/// Accounts are made of the tenants of the site's own enclave.
#[test]
fn a_credential_whose_secret_is_not_here_is_nobody_s() {
    let accounts = ringfence_core::Accounts::new(Vec::new());
    let setup = Setup { policy: enclaves(), accounts: accounts.into(), ..Setup::default() };
    let mut world = World::new(&setup);
    leaves_no_trace(&mut world, 401);
    assert_eq!(world.counters().auth_failures[AuthFailure::UnknownTenant as usize], 1);
    assert_eq!(world.events, []);
}

/// Only `nato`'s fence lets the united states in, in any role of a client.
#[test]
fn who_only_another_enclave_would_admit_is_not_even_greeted() {
    let mut draft = enclaves();
    draft.tenants.retain(|tenant| tenant.name.value == "nato");
    let policy = Policy::compile(&draft, ringfence_fence::Epoch(0)).unwrap();
    assert!(policy.greet(address("127.1.2.1:4000")).is_err());
    let mut world = World::new(&Setup { policy: draft, ..Setup::default() });
    let mut client = Client::of("nato", "127.1.2.1:4000");
    let id = client.transaction();
    let asked = client.unsigned(ringfence_tests::turn_world::codec::ALLOCATE, id, &[]);
    assert!(client.exchange(&mut world, &asked).is_none());
}
