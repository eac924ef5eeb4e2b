//! The fence on every peer, and again on a new policy.

use std::time::Duration;

use ringfence_core::{DropReason, EndCause, Event};
use ringfence_fence::draft::{RegionDraft, SiteDraft};
use ringfence_fence::{PolicyDraft, Rule};
use ringfence_tests::sim::drafts::name;
use ringfence_tests::turn_world::drafts::{fence, tenant, written};
use ringfence_tests::turn_world::{codec, turn_world};

use super::*;

/// One region that holds all addresses and one fence that admits them: what is refused is refused
/// for what it is.
fn everywhere() -> PolicyDraft {
    let nets = |list: &[&str]| list.iter().map(|net| written(net.parse().unwrap())).collect();
    let mut draft = PolicyDraft {
        own_site: name("here"),
        own_addresses: ["9.9.9.9", "2a00:9::9"].map(|ip| written(ip.parse().unwrap())).into(),
        host_addresses: ["9.9.9.10", "2a00:9::10"].map(|ip| ip.parse().unwrap()).into(),
        nat64: vec![written("2a00:6496::/96".parse().unwrap())],
        regions: vec![RegionDraft {
            name: name("europe"),
            cidrs: nets(&["0.0.0.0/0", "::/0"]),
            ..RegionDraft::default()
        }],
        sites: vec![SiteDraft {
            name: name("here"),
            region: name("europe"),
            addresses: nets(&["9.9.9.0/25", "2a00:9::/64"]),
            enclave: None,
        }],
        ..PolicyDraft::default()
    };
    draft.fences = vec![fence("all", &["any"], &["any"])];
    draft.tenants = vec![tenant("acme", &["all"])];
    draft
}

fn dual() -> (World, Client) {
    let addresses = ["9.9.9.9", "2a00:9::9"].map(|ip| ip.parse().unwrap()).into();
    let mut world = World::new(&Setup { policy: everywhere(), addresses, ..Setup::default() });
    let mut alice = Client::new("8.8.8.8:4000");
    let dual = codec::family(codec::ADDITIONAL_ADDRESS_FAMILY, 2);
    assert_eq!(alice.allocate(&mut world, &[dual]).relayed().len(), 2);
    (world, alice)
}

/// Neither permission nor channel nor a datagram for any of these.
fn all_refused(forms: &[&str]) {
    let (mut world, mut alice) = dual();
    for ip in forms {
        let peer = SocketAddr::new(ip.parse().unwrap(), 9000);
        assert_eq!(alice.permit(&mut world, &[peer]).code(), 403, "{ip}");
        assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 403, "{ip}");
        alice.say(&mut world, peer, b"let me out");
        alice.say_on(&mut world, 0x4000, b"let me out");
    }
    let counters = world.counters();
    assert_eq!(counters.refusals.iter().sum::<u64>(), 2 * forms.len() as u64);
    assert_eq!(counters.dropped(DropReason::NoPermission), forms.len() as u64);
    assert_eq!(counters.dropped(DropReason::NoChannel), forms.len() as u64);
    let held = world.holdings();
    assert!(held.iter().all(|held| held.permissions + held.channels == 0));
    let told = |event: &Event| matches!(event, Event::PeerRefused { .. });
    assert!(world.events.iter().any(told));
}

#[test]
fn what_they_smuggle_is_refused() {
    all_refused(&[
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "2002:a00:1::",
        "2001:0:a00:1::f5ff:fffe",
        "::ffff:0:10.0.0.1",
        "fe80::5efe:10.0.0.1",
        "::ffff:127.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "2001:db8::1",
    ]);
}

#[test]
fn what_is_nobody_or_everybody_or_the_host_is_refused() {
    all_refused(&[
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "169.254.169.254",
        "224.0.0.1",
        "239.255.255.255",
        "10.0.0.1",
        "127.0.0.1",
        "2a00:6496::10.0.0.1",
        "2a00:6496::169.254.169.254",
        "::ffff:169.254.169.254",
    ]);
}

#[test]
fn the_relays_own_addresses_are_refused_in_every_spelling() {
    all_refused(&[
        "9.9.9.9",
        "2a00:9::9",
        "9.9.9.10",
        "2a00:9::10",
        "::ffff:9.9.9.9",
        "::ffff:9.9.9.10",
        "2a00:6496::9.9.9.9",
        "2a00:6496::9.9.9.10",
    ]);
}

#[test]
fn what_smuggles_nothing_is_a_peer() {
    let (mut world, mut alice) = dual();
    for ip in ["8.8.4.4", "2a00::7", "2a00:6496::8.8.4.4"] {
        let peer = SocketAddr::new(ip.parse().unwrap(), 9000);
        assert_eq!(alice.permit(&mut world, &[peer]).code(), 0, "{ip}");
        alice.say(&mut world, peer, b"hello");
        assert_eq!(world.take(peer).len(), 1, "{ip}");
    }
    let mapped = address("[::ffff:8.8.4.4]:9000");
    assert_eq!(alice.permit(&mut world, &[mapped]).code(), 443);
}

#[test]
fn a_peer_of_another_family_than_the_allocation_is_443() {
    let (mut world, mut alice, _) = allocated();
    let six = address("[2001:db8:1::9]:9");
    assert_eq!(alice.permit(&mut world, &[six]).code(), 443);
    assert_eq!(alice.bind(&mut world, 0x4000, six).code(), 443);
}

/// A client in europe under `not-china`, and a peer in the united states with a channel.
fn abroad() -> (World, Client, SocketAddr, SocketAddr) {
    let mut world = World::new(&Setup { mail_ms: 10..=20, ..Setup::default() });
    let mut alice = Client::under("not-china", "127.1.2.1:4000");
    let relayed = alice.relayed(&mut world);
    let peer = address("127.2.9.9:9000");
    assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 0);
    (world, alice, relayed, peer)
}

/// The united states are no longer among the peers of `not-china`.
fn without_peers_in_america() -> PolicyDraft {
    let mut draft = turn_world();
    draft.fences[1].peers.value.remove(1);
    draft
}

#[test]
fn a_peer_that_a_new_policy_refuses_is_cut_both_ways() {
    let (mut world, mut alice, relayed, peer) = abroad();
    let near = address("127.1.9.9:9000");
    alice.permit(&mut world, &[near]);
    world.adopt(&without_peers_in_america());
    world.settle();
    alice.say(&mut world, peer, b"by indication");
    alice.say_on(&mut world, 0x4000, b"by channel");
    world.peer_sends(peer, relayed, &[b"back".to_vec()]);
    assert_eq!((world.take(peer), alice.hears(&mut world)), (vec![], vec![]));
    assert_eq!(alice.permit(&mut world, &[peer]).code(), 403);
    alice.say(&mut world, near, b"still here");
    assert_eq!(world.take(near).len(), 1, "the others stay");
    world.adopt(&turn_world());
    world.settle();
    alice.say(&mut world, peer, b"again");
    assert_eq!(world.take(peer), [], "what was cut has to be asked for again");
    assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 0);
    alice.say_on(&mut world, 0x4000, b"again");
    assert_eq!(world.take(peer).len(), 1);
}

/// Reload race: once it is answered, not one datagram.
#[test]
fn not_one_datagram_passes_once_a_reload_is_answered() {
    for seed in 0..10 {
        let mut world = World::new(&Setup { seed, mail_ms: 0..=40, ..Setup::default() });
        let mut alice = Client::under("not-china", "127.1.2.1:4000");
        let relayed = alice.relayed(&mut world);
        let peer = address("127.2.9.9:9000");
        alice.bind(&mut world, 0x4000, peer);
        world.adopt(&without_peers_in_america());
        let mut passed_after = 0;
        for _ in 0..100 {
            world.pass(Duration::from_millis(1));
            let answered = world.registry().adopted_everywhere();
            alice.say_on(&mut world, 0x4000, b"out");
            world.peer_sends(peer, relayed, &[b"in".to_vec()]);
            let passed = world.take(peer).len() + alice.hears(&mut world).len();
            passed_after += if answered { passed } else { 0 };
        }
        assert!(world.registry().adopted_everywhere());
        assert_eq!(passed_after, 0);
    }
}

/// Cuts the client of `abroad` by this policy.
fn client_is_cut(draft: &PolicyDraft, rule: Rule) {
    let (mut world, mut alice, relayed, _) = abroad();
    let near = address("127.1.9.9:9000");
    alice.permit(&mut world, &[near]);
    world.adopt(draft);
    world.settle();
    assert_eq!(
        (world.ports().used, world.sockets.at(relayed)),
        (0, None),
        "ports are free at once"
    );
    assert_eq!(world.counters().allocations, 0);
    alice.say(&mut world, near, b"out");
    alice.say_on(&mut world, 0x4000, b"out");
    assert_eq!(world.take(near), []);
    assert!(!world.peer_sends(near, relayed, &[b"in".to_vec()]));
    assert_eq!(alice.refresh(&mut world, 600).code(), 403);
    assert_eq!(alice.refresh(&mut world, 600).code(), 437, "it was told, and all is forgotten");
    let cut = |event: &&Event| matches!(event, Event::Deallocated { cause: EndCause::Cut(refusal), .. } if refusal.rule == rule);
    assert_eq!(world.events.iter().filter(cut).count(), 1, "{:?}", world.events);
    assert_eq!(world.next_due(), None);
}

#[test]
fn a_client_that_a_new_policy_refuses_is_cut() {
    let mut draft = turn_world();
    draft.fences[1].clients.value.remove(0);
    client_is_cut(&draft, Rule::RegionNotInClients);
}

#[test]
fn a_client_whose_fence_is_gone_is_cut() {
    let mut draft = turn_world();
    draft.fences.remove(1);
    draft.tenants[0].fences.remove(1);
    client_is_cut(&draft, Rule::FenceNotOfTenant);
}

#[test]
fn a_client_whose_tenant_lost_the_fence_is_cut() {
    let mut draft = turn_world();
    draft.tenants[0].fences.remove(1);
    client_is_cut(&draft, Rule::FenceNotOfTenant);
}

#[test]
fn a_client_whose_tenant_is_gone_is_cut() {
    let mut draft = turn_world();
    draft.tenants.remove(0);
    client_is_cut(&draft, Rule::UnknownTenant);
}

#[test]
fn a_client_that_was_cut_and_never_asks_is_forgotten_when_its_time_is_over() {
    let (mut world, _, _, _) = abroad();
    let mut draft = turn_world();
    draft.fences[1].clients.value.remove(0);
    world.adopt(&draft);
    world.settle();
    world.pass(Duration::from_secs(601));
    world.settle();
    assert_eq!(world.next_due(), None);
    assert!(world.holdings().iter().all(|held| *held == Default::default()));
    let ends = |event: &&Event| matches!(event, Event::Deallocated { .. });
    assert_eq!(world.events.iter().filter(ends).count(), 1);
}

#[test]
fn a_client_that_is_cut_while_it_waits_for_ports_gets_none() {
    for pause in [0, 5, 15, 25] {
        let mut world = World::new(&Setup { mail_ms: 10..=10, ..Setup::default() });
        let mut alice = Client::under("not-china", "127.1.2.1:4000");
        alice.greet(&mut world);
        let id = alice.transaction();
        let asked = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
        world.send(alice.address, alice.local, &asked);
        world.pass(Duration::from_millis(pause));
        let mut draft = turn_world();
        draft.fences[1].clients.value.remove(0);
        world.adopt(&draft);
        world.settle();
        assert_eq!((world.ports().used, world.sockets.total()), (0, 0));
    }
}

/// Handles are places in lists, so a policy that only says the same in another order moves them.
#[test]
fn a_policy_that_says_the_same_in_another_order_changes_nothing() {
    let (mut world, mut alice, relayed, peer) = abroad();
    let region = |world: &World| {
        let one = world.registry().allocations().next().unwrap();
        one.region.to_string()
    };
    assert_eq!(region(&world), "europe");
    let mut draft = turn_world();
    draft.regions.reverse();
    draft.fences.reverse();
    draft.tenants.reverse();
    world.adopt(&draft);
    world.settle();
    assert_eq!(region(&world), "europe");
    alice.say_on(&mut world, 0x4000, b"out");
    world.peer_sends(peer, relayed, &[b"in".to_vec()]);
    assert_eq!((world.take(peer).len(), alice.hears(&mut world).len()), (1, 1));
    assert_eq!(alice.refresh(&mut world, 600).code(), 0);
}

#[test]
fn packets_of_peers_that_nobody_let_are_dropped() {
    let (mut world, alice, relayed) = allocated();
    for from in ["127.1.9.9:9000", "127.3.9.9:9000", "127.1.0.1:50001", "127.1.0.1:3478"] {
        world.peer_sends(address(from), relayed, &vec![vec![0; 100]; 5]);
    }
    assert_eq!(world.counters().dropped(DropReason::NoPermission), 20);
    assert_eq!(alice.hears(&mut world), []);
}
