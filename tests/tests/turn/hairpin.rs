//! Two allocations of one relay that talk to each other: each is judged by the other's client.

use std::time::Duration;

use ringfence_core::{DropReason, EndCause, Event, TenantQuota};
use ringfence_fence::Rule;
use ringfence_tests::turn_world::{codec, turn_world};
use ringfence_wire::datagram::LocalSocket;

use super::*;

const S: Duration = Duration::from_secs(1);

/// Who is in europe, whose packets reach that shard.
fn address_on(world: &World, shard: usize, network: &str) -> String {
    let all = (1..250).map(|n| format!("{network}.{n}:4000"));
    let mut there = all.filter(|one| world.shard_of(address(one), LocalSocket::Listen(0)) == shard);
    there.next().unwrap()
}

struct Pair {
    world: World,
    alice: Client,
    bob: Client,
    at_alice: SocketAddr,
    at_bob: SocketAddr,
}

impl Pair {
    /// Alice is on shard 0 and bob on that one.
    fn on(setup: &Setup, bobs_shard: usize, stream: bool) -> Self {
        let mut world = World::new(setup);
        let mut alice = Client::new(&address_on(&world, 0, "127.1.2"));
        let mut bob = Client::new(&address_on(&world, bobs_shard, "127.1.3"));
        if stream {
            let connected = (1..250).find_map(|n| {
                let one = Client::new(&format!("127.1.3.{n}:4000")).connected(&mut world);
                (world.shard_of(one.address, one.local) == bobs_shard).then_some(one)
            });
            bob = connected.unwrap();
        }
        let (at_alice, at_bob) = (alice.relayed(&mut world), bob.relayed(&mut world));
        Self { world, alice, bob, at_alice, at_bob }
    }

    fn permit_each_other(&mut self) {
        assert_eq!(self.alice.permit(&mut self.world, &[self.at_bob]).code(), 0);
        assert_eq!(self.bob.permit(&mut self.world, &[self.at_alice]).code(), 0);
    }

    /// What bob hears of what alice says, and the other way round.
    fn talk(&mut self) -> (Vec<Carried>, Vec<Carried>) {
        self.alice.say(&mut self.world, self.at_bob, b"hello bob");
        self.bob.say(&mut self.world, self.at_alice, b"hello alice");
        (self.bob.hears(&mut self.world), self.alice.hears(&mut self.world))
    }

    fn is_silent(&mut self) -> bool {
        self.talk() == (vec![], vec![])
    }
}

/// On one shard, on two, and with bob on a connection on either.
fn everywhere(mut test: impl FnMut(Pair)) {
    for (shard, stream) in [(0, false), (1, false), (0, true), (1, true)] {
        test(Pair::on(&Setup::default(), shard, stream));
    }
}

#[test]
fn they_exchange_indications_in_both_directions() {
    everywhere(|mut pair| {
        pair.permit_each_other();
        let (bob, alice) = pair.talk();
        assert_eq!(bob, [Carried::Indication(pair.at_alice, b"hello bob".to_vec())]);
        assert_eq!(alice, [Carried::Indication(pair.at_bob, b"hello alice".to_vec())]);
    });
}

#[test]
fn they_exchange_channel_data_in_both_directions() {
    everywhere(|mut pair| {
        let Pair { world, alice, bob, at_alice, at_bob } = &mut pair;
        assert_eq!(alice.bind(world, 0x4001, *at_bob).code(), 0);
        assert_eq!(bob.bind(world, 0x4002, *at_alice).code(), 0);
        alice.say_on(world, 0x4001, b"hello bob");
        bob.say_on(world, 0x4002, b"hello alice");
        assert_eq!(bob.hears(world), [Carried::Channel(0x4002, b"hello bob".to_vec())]);
        assert_eq!(alice.hears(world), [Carried::Channel(0x4001, b"hello alice".to_vec())]);
    });
}

#[test]
fn both_have_to_let_the_other() {
    everywhere(|mut pair| {
        assert!(pair.is_silent());
        pair.alice.permit(&mut pair.world, &[pair.at_bob]);
        assert!(pair.is_silent(), "bob has not let alice, and alice's permission does not send");
        pair.bob.permit(&mut pair.world, &[pair.at_alice]);
        assert!(!pair.is_silent());
    });
}

#[test]
fn it_ends_with_the_permission_and_with_either_allocation() {
    everywhere(|mut pair| {
        pair.permit_each_other();
        pair.world.pass(299 * S);
        assert!(!pair.is_silent());
        pair.world.pass(3 * S);
        assert!(pair.is_silent());
        pair.permit_each_other();
        assert!(!pair.is_silent());
        pair.bob.refresh(&mut pair.world, 0);
        assert!(pair.is_silent());
        assert_eq!(pair.alice.permit(&mut pair.world, &[pair.at_bob]).code(), 403);
    });
}

#[test]
fn a_channel_that_ends_before_the_permission_carries_nothing() {
    everywhere(|mut pair| {
        pair.permit_each_other();
        let Pair { world, alice, bob, at_alice, at_bob } = &mut pair;
        for one in [&mut *alice, &mut *bob] {
            one.refresh(world, 3600);
        }
        bob.bind(world, 0x4002, *at_alice);
        world.pass(590 * S);
        alice.permit(world, &[*at_bob]);
        bob.permit(world, &[*at_alice]);
        alice.say(world, *at_bob, b"by channel");
        assert_eq!(bob.hears(world), [Carried::Channel(0x4002, b"by channel".to_vec())]);
        world.pass(20 * S);
        alice.say(world, *at_bob, b"by indication");
        assert_eq!(bob.hears(world), [Carried::Indication(*at_alice, b"by indication".to_vec())]);
    });
}

#[test]
fn an_own_address_that_is_no_allocation_is_no_peer() {
    let (mut world, mut alice, relayed) = allocated();
    let free = SocketAddr::new(relayed.ip(), relayed.port() ^ 1);
    for own in [free, address("127.1.0.1:3478"), address("127.1.0.200:80")] {
        assert_eq!(alice.permit(&mut world, &[own]).code(), 403);
        assert_eq!(alice.bind(&mut world, 0x4000, own).code(), 403);
        alice.say(&mut world, own, b"knock knock");
    }
    assert_eq!(world.counters().dropped(DropReason::NoPermission), 3);
    let refused = |event: &&Event| matches!(event, Event::PeerRefused { refusal, .. } if refusal.rule == Rule::OwnAddress);
    assert!(world.events.iter().any(|event| refused(&event)));
}

/// A peer that is our own relayed address: the relay is in europe, the client behind it is not.
#[test]
fn a_relayed_address_is_where_its_client_is() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let mut carol = Client::under("not-china", "127.2.2.1:4000");
    let (at_alice, at_carol) = (alice.relayed(&mut world), carol.relayed(&mut world));
    assert_eq!(
        alice.permit(&mut world, &[at_carol]).code(),
        403,
        "eu-only has no peers in america"
    );
    assert_eq!(alice.bind(&mut world, 0x4000, at_carol).code(), 403);
    assert_eq!(carol.permit(&mut world, &[at_alice]).code(), 0, "not-china has peers in europe");
    alice.say(&mut world, at_carol, b"out of the fence");
    carol.say(&mut world, at_alice, b"into the fence");
    assert_eq!((alice.hears(&mut world), carol.hears(&mut world)), (vec![], vec![]));
    let mut nato = Client::of("nato", "127.1.2.9:4000");
    nato.relayed(&mut world);
    assert_eq!(nato.permit(&mut world, &[at_carol]).code(), 0, "eu-to-us has");
    assert_eq!(nato.permit(&mut world, &[at_alice]).code(), 403);
}

/// The address of someone who was let goes to someone in another region.
#[test]
fn whoever_has_the_address_next_is_not_the_one_who_was_let() {
    for shards in [1, 4] {
        let ports = 50_000..=50_001;
        let mut world = World::new(&Setup { ports, shards, ..Setup::default() });
        let mut alice = Client::new("127.1.2.1:4000");
        let mut bob = Client::new("127.1.2.2:4000");
        let (at_alice, at_bob) = (alice.relayed(&mut world), bob.relayed(&mut world));
        assert_eq!(alice.bind(&mut world, 0x4000, at_bob).code(), 0);
        bob.refresh(&mut world, 0);
        let mut carol = Client::under("not-china", "127.2.2.1:4000");
        assert_eq!(carol.relayed(&mut world), at_bob, "there is no other");
        assert_eq!(carol.permit(&mut world, &[at_alice]).code(), 0);
        alice.say(&mut world, at_bob, b"to bob");
        alice.say_on(&mut world, 0x4000, b"to bob");
        carol.say(&mut world, at_alice, b"from carol");
        assert_eq!((alice.hears(&mut world), carol.hears(&mut world)), (vec![], vec![]));
    }
}

/// The same, where the next one may be reached: it has to be asked for again.
#[test]
fn the_next_owner_of_an_address_is_let_by_name_again() {
    let mut world = World::new(&Setup { ports: 50_000..=50_001, ..Setup::default() });
    let mut alice = Client::new("127.1.2.1:4000");
    let mut bob = Client::new("127.1.2.2:4000");
    let (at_alice, at_bob) = (alice.relayed(&mut world), bob.relayed(&mut world));
    alice.bind(&mut world, 0x4000, at_bob);
    bob.refresh(&mut world, 0);
    let mut dave = Client::new("127.1.2.3:4000");
    assert_eq!(dave.relayed(&mut world), at_bob);
    dave.permit(&mut world, &[at_alice]);
    alice.say_on(&mut world, 0x4000, b"to bob");
    assert_eq!(dave.hears(&mut world), []);
    assert_eq!(alice.bind(&mut world, 0x4000, at_bob).code(), 0);
    alice.say_on(&mut world, 0x4000, b"to dave");
    assert_eq!(dave.hears(&mut world).len(), 1);
}

/// Numbers of connections are used again before all shards have heard that the last one ended.
#[test]
fn a_stranger_with_the_number_of_a_connection_that_ended_hears_nothing() {
    for shard in [0, 1] {
        let mut pair = Pair::on(&Setup { mail_ms: 50..=50, ..Setup::default() }, shard, true);
        pair.permit_each_other();
        pair.world.hang_up(pair.bob.local);
        let stranger = (1..250).find_map(|n| {
            let remote = SocketAddr::from(([127, 1, 4, n], 4000));
            pair.world.connect(remote).filter(|local| *local == pair.bob.local).map(|_| remote)
        });
        pair.alice.say(&mut pair.world, pair.at_bob, b"for bob only");
        pair.world.settle();
        assert_eq!(pair.world.take(stranger.unwrap()), []);
    }
}

#[test]
fn a_new_policy_parts_those_whom_it_forbids() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::under("not-china", "127.1.2.1:4000");
    let mut carol = Client::under("not-china", "127.2.2.1:4000");
    let (at_alice, at_carol) = (alice.relayed(&mut world), carol.relayed(&mut world));
    alice.bind(&mut world, 0x4001, at_carol);
    carol.bind(&mut world, 0x4002, at_alice);
    carol.say_on(&mut world, 0x4002, b"before");
    assert_eq!(alice.hears(&mut world).len(), 1);
    let mut draft = turn_world();
    draft.fences[1].peers.value.remove(1);
    world.adopt(&draft);
    world.settle();
    alice.say_on(&mut world, 0x4001, b"after");
    carol.say_on(&mut world, 0x4002, b"after");
    assert_eq!((alice.hears(&mut world), carol.hears(&mut world)), (vec![], vec![]));
    assert_eq!(alice.permit(&mut world, &[at_carol]).code(), 403);
    world.adopt(&turn_world());
    world.settle();
    assert_eq!(alice.bind(&mut world, 0x4001, at_carol).code(), 0);
    carol.bind(&mut world, 0x4002, at_alice);
    carol.say_on(&mut world, 0x4002, b"open again");
    assert_eq!(alice.hears(&mut world).len(), 1);
}

/// A shard that still has the old policy lets someone whom the new one refuses, and those that have
/// the new one already hear of it.
#[test]
fn an_invitation_by_an_old_policy_is_judged_by_the_new_one() {
    let mut world = World::new(&Setup { mail_ms: 5..=5, ..Setup::default() });
    let mut alice = Client::under("not-china", &address_on(&world, 0, "127.1.2"));
    let mut carol = Client::under("not-china", &address_on(&world, 1, "127.2.2"));
    let (at_alice, at_carol) = (alice.relayed(&mut world), carol.relayed(&mut world));
    assert_eq!(carol.permit(&mut world, &[at_alice]).code(), 0);
    let mut draft = turn_world();
    draft.fences[1].peers.value.remove(1);
    world.adopt(&draft);
    let id = alice.transaction();
    let asked = alice.signed(codec::CREATE_PERMISSION, id, &[codec::peer(at_carol, &id)]);
    assert_eq!(alice.exchange(&mut world, &asked).unwrap().code(), 0, "the old policy was there");
    carol.say(&mut world, at_alice, b"too late");
    assert_eq!(alice.hears(&mut world), []);
}

#[test]
fn a_mapped_spelling_of_a_relayed_address_is_refused() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let at_bob = Client::new("127.1.2.2:4000").relayed(&mut world);
    alice.allocate(&mut world, &[codec::family(codec::ADDITIONAL_ADDRESS_FAMILY, 2)]);
    let mapped = address(&format!("[::ffff:127.1.0.1]:{}", at_bob.port()));
    assert_eq!(alice.permit(&mut world, &[mapped]).code(), 403);
    assert_eq!(alice.permit(&mut world, &[at_bob]).code(), 0);
}

/// Each report of a permission goes to every shard.
#[test]
fn a_client_cannot_cause_reports_at_will() {
    let mut pair = Pair::on(&Setup { mail_ms: 0..=0, ..Setup::default() }, 1, false);
    pair.permit_each_other();
    let before = pair.world.letters_posted;
    for _ in 0..100 {
        pair.alice.permit(&mut pair.world, &[pair.at_bob]);
    }
    assert_eq!(pair.world.letters_posted, before);
    assert!(!pair.is_silent());
    pair.world.pass(2 * S);
    pair.alice.permit(&mut pair.world, &[pair.at_bob]);
    assert!(pair.world.letters_posted > before);
}

#[test]
fn those_whose_time_is_over_are_forgotten() {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    alice.relayed(&mut world);
    alice.refresh(&mut world, 3600);
    for n in 1..=5 {
        let mut other = Client::new(&format!("127.1.3.{n}:4000"));
        let at_other = other.relayed(&mut world);
        other.refresh(&mut world, 3600);
        assert_eq!(alice.permit(&mut world, &[at_other]).code(), 0);
        assert!(world.holdings().iter().all(|held| held.guests == 1), "{:?}", world.holdings());
        world.pass(301 * S);
    }
}

#[test]
fn each_end_is_told_once() {
    let quotas = TenantQuota {
        rooms_max: 0,
        participants_max: 0,
        allocations_max: 2,
        allocations_per_party_max: 2,
    };
    let quotas = [("acme".to_owned(), quotas)].into();
    let mut pair = Pair::on(&Setup { quotas, ..Setup::default() }, 1, false);
    pair.permit_each_other();
    pair.talk();
    pair.alice.refresh(&mut pair.world, 0);
    pair.bob.refresh(&mut pair.world, 0);
    let ends = pair.world.events.iter().filter_map(|event| match event {
        Event::Deallocated { cause, traffic, .. } => Some((*cause, traffic.packets_in)),
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), [(EndCause::Deleted, 1), (EndCause::Deleted, 1)]);
}
