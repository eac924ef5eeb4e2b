//! Secrets, users and quotas that are replaced while the relay runs.

use std::sync::Arc;

use ringfence_core::{Accounts, EndCause, Event, StaticUser, TenantCredentials, TenantQuota};
use ringfence_tests::turn_world::client;
use ringfence_tests::turn_world::world::UNIX_START;

use super::*;

fn tenant(name: &str, secrets: &[&str], users: &[(&str, &str, Option<&str>)]) -> TenantCredentials {
    let user = |(name, password, fence): &(&str, &str, Option<&str>)| StaticUser {
        name: (*name).to_owned(),
        password: password.as_bytes().to_vec().into(),
        fence: fence.map(str::to_owned),
    };
    TenantCredentials {
        name: name.to_owned(),
        secrets: secrets.iter().map(|secret| secret.as_bytes().to_vec().into()).collect(),
        users: users.iter().map(user).collect(),
    }
}

fn acme(secrets: &[&str], users: &[(&str, &str, Option<&str>)]) -> Arc<Accounts> {
    Arc::new(Accounts::new(vec![tenant("acme", secrets, users)]))
}

fn later(rest: &str) -> String {
    format!("{}:{rest}", UNIX_START.as_secs() + 86_400)
}

fn ends(world: &World, why: EndCause) -> usize {
    let end = |event: &&Event| matches!(event, Event::Deallocated { cause, .. } if *cause == why);
    world.events.iter().filter(end).count()
}

#[test]
fn an_allocation_ends_with_the_secret_that_made_its_password() {
    let mut world = World::new(&Setup { shards: 4, ..Setup::default() });
    let mut old = Client::named("127.1.2.1:4000", &later("acme/m/old"), "acme-old-secret");
    let mut new = Client::named("127.1.2.2:4000", &later("acme/m/new"), "acme-secret");
    let (at_old, at_new) = (old.relayed(&mut world), new.relayed(&mut world));
    world.set_accounts(acme(&["acme-newest-secret", "acme-secret"], &[]));
    world.settle();
    assert_eq!((world.sockets.at(at_old), world.ports().used), (None, 1));
    assert!(world.sockets.at(at_new).is_some());
    assert_eq!(ends(&world, EndCause::CredentialsRemoved), 1);
    assert_eq!(old.refresh(&mut world, 600).code(), 401);
    assert_eq!(old.allocate(&mut world, &[]).code(), 401);
    assert_eq!(new.refresh(&mut world, 600).code(), 0);
    let mut newest = Client::named("127.1.2.3:4000", &later("acme/m/x"), "acme-newest-secret");
    newest.relayed(&mut world);
}

#[test]
fn a_user_that_is_removed_or_moved_or_has_another_password_or_fence_is_told_401() {
    let users: [&[(&str, &str, Option<&str>)]; 3] =
        [&[], &[("bob", "another", None)], &[("bob", "bob-password", Some("not-china"))]];
    let mut others: Vec<_> =
        users.iter().map(|users| (acme(&["acme-secret"], users), 401)).collect();
    others[2].1 = 437;
    let of_nato = tenant("nato", &[], &[("bob", "bob-password", None)]);
    others.push((Arc::new(Accounts::new(vec![of_nato])), 437));
    for (accounts, code) in others {
        let mut world = World::new(&Setup::default());
        let mut bob = Client::with_password("127.1.2.1:4000", "bob", "bob-password");
        let relayed = bob.relayed(&mut world);
        world.set_accounts(accounts);
        world.settle();
        assert_eq!((world.sockets.at(relayed), world.ports().used), (None, 0));
        assert_eq!(ends(&world, EndCause::CredentialsRemoved), 1);
        assert_eq!(bob.refresh(&mut world, 600).code(), code, "none has the old allocation");
    }
}

#[test]
fn accounts_that_say_the_same_change_nothing() {
    let mut world = World::new(&Setup::default());
    let mut bob = Client::with_password("127.1.2.1:4000", "bob", "bob-password");
    let mut alice = Client::new("127.1.2.2:4000");
    bob.relayed(&mut world);
    alice.relayed(&mut world);
    world.set_accounts(client::accounts());
    world.settle();
    assert_eq!(world.ports().used, 2);
    assert_eq!(bob.refresh(&mut world, 600).code(), 0);
    assert_eq!(alice.refresh(&mut world, 600).code(), 0);
}

#[test]
fn a_quota_that_is_lowered_holds_from_the_next_request_on() {
    let mut world = World::new(&Setup::default());
    Client::new("127.1.2.1:4000").relayed(&mut world);
    let quota = TenantQuota { allocations_max: 1, ..TenantQuota::default() };
    world.set_quotas([("acme".to_owned(), quota)].into());
    assert_eq!(Client::new("127.1.2.2:4000").allocate(&mut world, &[]).code(), 486);
    world.set_quotas([].into());
    Client::new("127.1.2.2:4000").relayed(&mut world);
}

#[test]
fn what_accounts_print_holds_no_secret() {
    let accounts = acme(&["north"], &[("bob", "bob-password", None)]);
    assert_eq!(format!("{accounts:?}"), "Accounts(1 tenants, 1 users)");
}
