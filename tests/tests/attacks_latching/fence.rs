//! Ways round a region fence, as far as they lead through rooms.

use std::time::Duration;

use ringfence_core::{DropReason, Event, Instant, JoinError, ReleaseCause};
use ringfence_fence::{Located, Origin, Rule};
use ringfence_tests::sim::drafts::{name, small_world};
use ringfence_tests::sim::endpoint::connectivity_check;
use ringfence_tests::sim::guests::request;
use ringfence_tests::sim::{EndpointId, Media, Setup, Simulation, Weather};
use ringfence_wire::datagram::LocalSocket;

const ALICE: &str = "127.1.2.1:4000";
const BOB: &str = "127.1.2.2:4000";
const AMERICA: &str = "127.2.2.2:4000";
const CHINA: &str = "127.3.2.2:4000";

/// Source spoofed from an allowed region.
#[test]
fn a_spoofed_source_is_nobody_until_it_echoes_our_secret() {
    let mut sim = Simulation::new(Setup::small_world(1));
    let bob = sim.latched("standup", "bob", BOB);
    let alice = sim.guest("standup", "alice", CHINA);
    let stay = sim.at(alice).stay.clone().unwrap();
    for _ in 0..20 {
        let spoofed = connectivity_check(&stay, sim.dice().bytes());
        sim.send(ALICE.parse().unwrap(), LocalSocket::Listen(0), spoofed);
        sim.speak_from(ALICE.parse().unwrap(), LocalSocket::Listen(0), None, Media::rtp(1, 1));
        sim.pass(Duration::from_millis(300));
    }
    assert_eq!(sim.whereabouts("standup", "alice"), None);
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), []);
    assert_eq!(sim.drops(DropReason::NotLatched), 20);
}

/// Latch first, check later: nobody is asked back who could not be let in.
#[test]
fn the_fence_comes_before_username_and_path_check() {
    let mut sim = Simulation::new(Setup::small_world(2));
    let carol = sim.guest("standup", "carol", CHINA);
    sim.check(carol);
    sim.settle();
    assert_eq!(sim.at(carol).path_checks, []);
    assert_eq!(sim.refusals(Rule::RegionNotInClients), 1);
    let stray = sim.endpoint("9.9.9.9:4000".parse().unwrap());
    let nobody = ringfence_tests::sim::stun::Forge::new(1, [1; 12]).finish();
    sim.send("9.9.9.9:4000".parse().unwrap(), LocalSocket::Listen(0), nobody);
    sim.settle();
    assert_eq!(sim.at(stray).path_checks, []);
    assert_eq!(sim.refusals(Rule::UnknownAddress), 1);
    assert_eq!(sim.drops(DropReason::UnknownUsername), 0);
}

/// Latch first, check later: the path check comes before any media.
#[test]
fn media_before_the_answer_to_the_path_check_is_not_heard() {
    let mut sim = Simulation::new(Setup::small_world(3));
    sim.latched("standup", "bob", BOB);
    let alice = sim.guest("standup", "alice", ALICE);
    sim.check(alice);
    let early = sim.speak(alice, Media::rtp(1, 1));
    sim.settle();
    assert_eq!(sim.judge.delivered_to(early), []);
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 2)), [BOB.parse().unwrap()]);
}

/// Latch first, check later: the fence is asked again when the path check is answered.
#[test]
fn a_policy_that_changes_during_the_path_check_is_the_one_that_counts() {
    let mut sim = Simulation::new(Setup::small_world(4));
    sim.set_weather(Weather { delay_ms: 50..=50, ..Weather::calm() });
    let us = sim.guest_by(&not_china("standup", "us"), AMERICA);
    sim.check(us);
    sim.pass(Duration::from_millis(70));
    sim.adopt(without_america()).unwrap();
    sim.settle();
    assert_eq!(sim.at(us).path_checks.len(), 1, "the path check was on its way");
    assert_eq!(sim.whereabouts("standup", "us"), None);
    assert_eq!(sim.at(us).successes, 0);
}

/// NAT rebinding in mid-call into a forbidden region.
#[test]
fn moving_to_a_forbidden_region_moves_nothing_and_is_reported() {
    let mut sim = Simulation::new(Setup::small_world(5));
    let alice = sim.latched("standup", "alice", ALICE);
    let bob = sim.latched("standup", "bob", BOB);
    sim.check_every(bob, Some(Duration::from_secs(5)));
    sim.take_events();
    let moved_at = sim.now();
    sim.rebind(alice, CHINA.parse().unwrap());
    sim.check(alice);
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), []);
    assert_eq!((sim.refusals(Rule::RegionNotInClients), sim.drops(DropReason::NotLatched)), (1, 1));
    let events = sim.take_events();
    let [Event::Refused { address, refusal, .. }] = events.as_slice() else {
        panic!("one refusal is reported: {events:?}")
    };
    assert_eq!((*address, refusal.rule), (CHINA.parse().unwrap(), Rule::RegionNotInClients));
    keeps_the_old_latch_until_consent_ends(&mut sim, bob, moved_at);
}

fn keeps_the_old_latch_until_consent_ends(sim: &mut Simulation, bob: EndpointId, since: Instant) {
    sim.pass(Duration::from_secs(29).saturating_sub(sim.now().since(since)));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), [ALICE.parse().unwrap()]);
    sim.pass(Duration::from_secs(2));
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 2)), []);
    let released = sim
        .take_events()
        .into_iter()
        .any(|event| matches!(event, Event::Released { cause: ReleaseCause::ConsentExpired, .. }));
    assert!(released);
}

#[test]
fn moving_within_the_allowed_regions_is_followed_once_the_new_address_is_proven() {
    let mut sim = Simulation::new(Setup::small_world(6));
    let alice = sim.latched("standup", "alice", ALICE);
    let bob = sim.latched("standup", "bob", BOB);
    sim.rebind(alice, "127.1.49.1:4000".parse().unwrap());
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), []);
    sim.latch(alice);
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 2)), [BOB.parse().unwrap()]);
    assert_eq!(sim.heard_by(bob, Media::rtp(2, 1)), ["127.1.49.1:4000".parse().unwrap()]);
}

/// Reload race.
#[test]
fn once_a_reload_is_answered_not_one_packet_reaches_or_leaves_what_it_forbids() {
    for seed in 0..20 {
        let setup = Setup { shards: 4, mail_ms: 0..=40, ..Setup::small_world(seed) };
        let mut sim = Simulation::new(setup);
        let us = sim.guest_by(&not_china("standup", "us"), AMERICA);
        sim.latch(us);
        let others = [ALICE, BOB, "127.1.2.3:4000", "127.1.2.4:4000"];
        let others: Vec<_> =
            (0..4).map(|n| sim.latched("standup", &format!("eu{n}"), others[n])).collect();
        // Their SSRCs are known, so that nothing waits for the registry while the policy travels.
        for (ssrc, &speaker) in (100..).zip(others.iter().chain([&us])) {
            assert_eq!(sim.heard_by(speaker, Media::rtp(ssrc, 0)).len(), 4);
        }
        let policy = sim.adopt(without_america()).unwrap();
        let mut answered = None;
        for sequence in 1..200 {
            let speaker = if sequence % 5 == 4 { us } else { others[usize::from(sequence) % 5] };
            let ssrc = 100 + u32::from(sequence % 5);
            let id = sim.speak(speaker, Media::rtp(ssrc, sequence));
            sim.pass(Duration::from_millis(2));
            if answered.is_some() {
                let heard = sim.judge.delivered_to(id);
                assert!(!heard.contains(&AMERICA.parse().unwrap()), "seed {seed}");
                assert!(speaker != us || heard.is_empty(), "seed {seed}");
            }
            answered = answered.or((sim.relay().answered() == policy.epoch()).then_some(sequence));
        }
        assert!(answered.is_some_and(|at| at < 100), "the reload was answered: {answered:?}");
        let cut =
            |event: &Event| matches!(event, Event::Released { cause: ReleaseCause::Cut(_), .. });
        assert_eq!(sim.take_events().iter().filter(|event| cut(event)).count(), 1);
    }
}

#[test]
fn a_reload_leaves_those_it_allows_alone() {
    let mut sim = Simulation::new(Setup::small_world(30));
    let join = not_china("standup", "alice");
    let alice = sim.guest_by(&join, ALICE);
    sim.latch(alice);
    sim.latched("standup", "bob", BOB);
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), [BOB.parse().unwrap()]);
    sim.adopt(without_america()).unwrap();
    for sequence in 2..100 {
        let id = sim.speak(alice, Media::rtp(1, sequence));
        sim.pass(Duration::from_millis(2));
        assert_eq!(sim.judge.delivered_to(id), [BOB.parse().unwrap()], "{sequence}");
    }
}

#[test]
fn a_room_whose_fence_a_reload_takes_away_is_silent_for_good() {
    let mut sim = Simulation::new(Setup::small_world(31));
    let alice = sim.guest_by(&not_china("standup", "alice"), ALICE);
    sim.latch(alice);
    let bob = sim.latched("standup", "bob", BOB);
    let mut draft = small_world();
    draft.fences.remove(1);
    draft.tenants[0].fences.remove(1);
    for draft in [draft, small_world()] {
        sim.adopt(draft).unwrap();
        sim.settle();
        [alice, bob].iter().for_each(|&who| sim.check(who));
        sim.settle();
        assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), []);
        assert_eq!(sim.at(bob).inbox, []);
    }
    assert!(sim.refusals(Rule::FenceNotOfTenant) > 0);
}

/// Host booted with the wrong site name.
#[test]
fn a_relay_outside_its_site_s_ranges_refuses_fenced_work() {
    for (own, rule) in [
        (vec!["127.2.0.1"], Rule::OwnAddressOutsideSite),
        (vec!["127.1.0.1", "127.1.9.1"], Rule::OwnAddressOutsideSite),
        (vec![], Rule::OwnAddressMissing),
    ] {
        let mut policy = small_world();
        let located = |ip: &&str| Located { value: ip.parse().unwrap(), origin: Origin::default() };
        policy.own_addresses = own.iter().map(located).collect();
        let mut sim = Simulation::new(Setup { policy, ..Setup::small_world(32) });
        let alice = sim.endpoint(ALICE.parse().unwrap());
        let refused = sim.join(alice, &request("standup", "alice")).unwrap_err();
        assert!(
            matches!(refused, JoinError::Refused(refusal) if refusal.rule == rule),
            "{refused:?}"
        );
        assert_eq!(sim.relay().registry().rooms().count(), 0);
    }
}

/// Host booted with the wrong site name: after a reload says so, running calls end too.
#[test]
fn a_relay_that_finds_itself_elsewhere_stops_its_calls() {
    let mut sim = Simulation::new(Setup::small_world(33));
    let alice = sim.latched("standup", "alice", ALICE);
    sim.latched("standup", "bob", BOB);
    let mut draft = small_world();
    draft.sites[0].addresses[0].value = "127.1.7.0/24".parse().unwrap();
    sim.adopt(draft).unwrap();
    sim.settle();
    assert_eq!(sim.heard_by(alice, Media::rtp(1, 1)), []);
    assert_eq!(sim.whereabouts("standup", "bob"), None);
}

fn not_china(room: &str, who: &str) -> ringfence_core::Join {
    let fence = Some("not-china".to_owned());
    ringfence_core::Join { fence, ..request(room, who) }
}

/// The small world after an operator has taken the united states out of `not-china`.
fn without_america() -> ringfence_fence::PolicyDraft {
    let mut draft = small_world();
    draft.fences[1].clients.value = vec![name("europe")];
    draft
}
