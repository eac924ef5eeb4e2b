//! Every limit is a counted answer, and a refusal leaves nothing behind.

use std::time::Duration;

use ringfence_core::{DropReason, Join, JoinError, Limits, TenantQuota};
use ringfence_fence::Rule;
use ringfence_tests::sim::guests::{name, request};
use ringfence_tests::sim::{Media, Setup, Simulation};

use crate::{at, europe, room_of};

#[test]
fn a_sender_over_its_ceiling_is_cut_to_it() {
    let mut sim = Simulation::new(Setup { shards: 1, ..Setup::small_world(1) });
    // 100 kbit/s are 12,500 bytes a second, and the bucket holds 24,000.
    let join = Join { kbps_max: Some(100), ..request("standup", "loud") };
    let loud = sim.guest_by(&join, &europe(0));
    sim.latch(loud);
    let ears = sim.latched("standup", "ears", &europe(1));
    for sequence in 0..10_000 {
        sim.speak(loud, Media::rtp(1, sequence));
        sim.pass(Duration::from_millis(1));
    }
    sim.settle();
    let bytes: usize = sim.at(ears).inbox.iter().map(|received| received.bytes.len()).sum();
    assert!((125_000..=150_000).contains(&bytes), "{bytes} bytes in ten seconds");
    let passed = sim.at(ears).inbox.len() as u64;
    assert_eq!(sim.drops(DropReason::OverCeiling) + passed, 10_000);
}

#[test]
fn a_ceiling_is_one_s_own() {
    let mut sim = Simulation::new(Setup { shards: 1, ..Setup::small_world(2) });
    let join = Join { kbps_max: Some(1), ..request("standup", "loud") };
    let loud = sim.guest_by(&join, &europe(0));
    sim.latch(loud);
    let other = sim.latched("standup", "other", &europe(1));
    for sequence in 0..2000 {
        sim.speak(loud, Media::rtp(1, sequence));
    }
    assert!(sim.heard_by(loud, Media::rtp(1, 2000)).is_empty());
    assert_eq!(sim.heard_by(other, Media::rtp(2, 1)), [at(0)]);
}

#[test]
fn a_join_that_is_refused_says_why_and_leaves_nothing_behind() {
    let limits = Limits { room_participants_max: 2, rooms_max: 2, ..Limits::default() };
    let (mut sim, _) = room_of(Setup { limits, ..Setup::small_world(3) }, 2);
    let of_nobody = Join { tenant: "nobody".into(), ..request("retro", "x") };
    let other_fence = Join { fence: Some("not-china".into()), ..request("standup", "x") };
    let no_fence = Join { fence: Some("no-such".into()), ..request("retro", "x") };
    let ceiling = Join { kbps_max: Some(0), ..request("retro", "x") };
    let forever = Join { ttl: Duration::from_secs(86_401), ..request("retro", "x") };
    let names = (0..1001).map(|number| name(&format!("n{number}"))).collect();
    let all_ears = Join { hears: Some(names), ..request("retro", "x") };
    for (join, code) in [
        (request("standup", "x"), "room_full"),
        (of_nobody, Rule::UnknownTenant.code()),
        (no_fence, Rule::FenceNotOfTenant.code()),
        (other_fence, "room_has_other_fence"),
        (ceiling, "ceiling_out_of_range"),
        (forever, "ttl_out_of_range"),
        (all_ears, "hears_too_many"),
    ] {
        let endpoint = sim.endpoint("127.1.9.9:9".parse().unwrap());
        let refused = sim.join(endpoint, &join).unwrap_err();
        assert_eq!(refused.code(), code);
        assert_eq!(sim.relay().registry().rooms().count(), 1, "{code}");
        assert_eq!(sim.relay().registry().participants(&name("standup")).count(), 2, "{code}");
    }
}

#[test]
fn a_relay_full_of_rooms_opens_no_other() {
    let limits = Limits { rooms_max: 1, ..Limits::default() };
    let (mut sim, everyone) = room_of(Setup { limits, ..Setup::small_world(4) }, 1);
    let refused = sim.join(everyone[0], &request("retro", "x")).unwrap_err();
    assert_eq!(refused, JoinError::RelayRoomsFull);
    sim.leave(&name("standup"), &name("p0"));
    assert!(sim.join(everyone[0], &request("retro", "x")).is_ok());
}

#[test]
fn a_relay_full_of_participants_lets_nobody_in() {
    let limits = Limits { participants_max: 2, ..Limits::default() };
    let (mut sim, everyone) = room_of(Setup { limits, ..Setup::small_world(5) }, 2);
    let refused = sim.join(everyone[0], &request("retro", "x")).unwrap_err();
    assert_eq!(refused, JoinError::RelayParticipantsFull);
}

#[test]
fn a_tenant_has_no_more_than_its_quota() {
    let quota = TenantQuota { rooms_max: 1, participants_max: 2, ..TenantQuota::default() };
    let quotas = [("acme".to_owned(), quota)].into();
    let (mut sim, everyone) = room_of(Setup { quotas, ..Setup::small_world(6) }, 1);
    let refused = sim.join(everyone[0], &request("retro", "x")).unwrap_err();
    assert_eq!(refused, JoinError::TenantRoomsFull);
    sim.guest("standup", "p1", &europe(1));
    let refused = sim.join(everyone[0], &request("standup", "p2")).unwrap_err();
    assert_eq!(refused, JoinError::TenantParticipantsFull);
}

#[test]
fn a_room_belongs_to_the_tenant_that_made_it() {
    let mut policy = ringfence_tests::sim::drafts::small_world();
    let mut second = policy.tenants[0].clone();
    second.name = ringfence_tests::sim::drafts::name("globex");
    policy.tenants.push(second);
    let (mut sim, everyone) = room_of(Setup { policy, ..Setup::small_world(7) }, 1);
    let join = Join { tenant: "globex".into(), ..request("standup", "spy") };
    assert_eq!(sim.join(everyone[0], &join).unwrap_err(), JoinError::RoomOfAnotherTenant);
}

/// Path checks under way are bounded for each participant.
#[test]
fn a_participant_has_at_most_four_addresses_in_check() {
    let mut sim = Simulation::new(Setup { shards: 1, ..Setup::small_world(8) });
    let alice = sim.guest("standup", "alice", &europe(0));
    sim.at_mut(alice).answers = ringfence_tests::sim::Answers::Never;
    for number in 1..=6 {
        sim.rebind(alice, at(number));
        sim.check(alice);
    }
    sim.settle();
    let sent: u64 = sim.relay().counters().map(|(counters, _)| counters.path_checks).sum();
    assert_eq!((sent, sim.drops(DropReason::PathCheckLimit)), (4, 2));
    sim.pass(Duration::from_secs(9));
    sim.check(alice);
    sim.settle();
    let sent: u64 = sim.relay().counters().map(|(counters, _)| counters.path_checks).sum();
    assert_eq!(sent, 5, "checks that went unanswered are forgotten");
}
