//! Credentials that name a group of the tenant's, which may use less of its fence.

use ringfence_core::Event;
use ringfence_fence::{PolicyDraft, Rule};
use ringfence_tests::sim::drafts::{group, name};
use ringfence_tests::turn_world::turn_world;
use ringfence_tests::turn_world::world::UNIX_START;

use super::*;

const HERE: &str = "127.1.2.1:4000";

/// `acme` is at home in the united states; its `staff` may be carried in europe, too, where this
/// relay stands, and its `board` not.
fn groups() -> PolicyDraft {
    let mut draft = turn_world();
    draft.fences.iter_mut().for_each(|fence| fence.transit.value.push(name("united-states")));
    draft.tenants[0].home = name("united-states");
    draft.tenants[0].groups =
        vec![group("staff", &["united-states", "europe"]), group("board", &["united-states"])];
    draft
}

fn world() -> World {
    World::new(&Setup { policy: groups(), ..Setup::default() })
}

fn client(here: &str, options: &str) -> Client {
    let party = here.replace(['.', ':'], "-");
    let name = format!("{}:acme/m/{party}{options}", UNIX_START.as_secs() + 86_400);
    Client::named(here, &name, "acme-secret")
}

#[test]
fn a_group_that_this_site_may_not_carry_is_refused_and_an_unknown_one_too() {
    for (options, rule) in [
        (";group=board", Rule::SiteNotInTransit),
        (";fence=not-china;group=board", Rule::SiteNotInTransit),
        (";group=crew", Rule::UnknownGroup),
        (";fence=nonsense;group=staff", Rule::FenceNotOfTenant),
    ] {
        let mut world = world();
        assert_eq!(client(HERE, options).allocate(&mut world, &[]).code(), 403, "{options}");
        assert_eq!((world.ports().used, world.counters().allocations_made), (0, 0));
        let told = |event: &Event| matches!(event, Event::ClientRefused { refusal, .. } if refusal.rule == rule);
        assert!(world.events.iter().any(told), "{options}: {:?}", world.events);
    }
    for options in ["", ";group=staff", ";fence=not-china;group=staff"] {
        client(HERE, options).relayed(&mut world());
    }
}

#[test]
fn an_allocation_is_cut_when_its_group_may_no_longer_be_carried_here() {
    let mut world = world();
    let mut staff = client(HERE, ";group=staff");
    let mut account = client("127.1.2.2:4000", "");
    let (at_staff, at_account) = (staff.relayed(&mut world), account.relayed(&mut world));
    for client in [&mut staff, &mut account] {
        assert_eq!(client.permit(&mut world, &[at_staff, at_account]).code(), 0);
    }
    let mut draft = groups();
    draft.tenants[0].groups[0] = group("staff", &["united-states"]);
    world.adopt(&draft);
    world.settle();
    let cuts = world.take_cuts();
    assert_eq!((cuts.allocations_total, cuts.allocations[0].client), (1, staff.address));
    assert_eq!(cuts.allocations[0].refusal.rule, Rule::SiteNotInTransit);
    assert_eq!(cuts.allocations[0].party.to_string(), "m/127-1-2-1-4000");
    assert!(world.sockets.at(at_account).is_some());
    assert_eq!(staff.refresh(&mut world, 600).code(), 403);
    account.say(&mut world, at_staff, b"to nobody");
    assert_eq!(staff.hears(&mut world), []);
}

#[test]
fn a_group_that_is_gone_takes_its_allocations_along() {
    let mut world = world();
    let mut staff = client(HERE, ";group=staff");
    staff.relayed(&mut world);
    let mut draft = groups();
    draft.tenants[0].groups.clear();
    world.adopt(&draft);
    world.settle();
    assert_eq!(world.ports().used, 0);
    assert_eq!(staff.refresh(&mut world, 600).code(), 403);
}

#[test]
fn what_peers_lose_is_counted() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::under("not-china", HERE);
    alice.relayed(&mut world);
    let [near, far] = [address("127.1.9.9:9000"), address("127.2.9.9:9000")];
    alice.permit(&mut world, &[near, far]);
    alice.bind(&mut world, 0x4000, far);
    let mut draft = turn_world();
    draft.fences[1].peers.value.retain(|region| region.value != "united-states");
    world.adopt(&draft);
    world.settle();
    let cuts = world.take_cuts();
    assert_eq!((cuts.peers.permissions, cuts.peers.channels), (1, 1));
    assert_eq!((cuts.allocations_total, cuts.participants_total), (0, 0));
}
