//! A host leaves regions out of a room, and the room goes on for the others.

use ringfence_core::{Event, Join, JoinError, Name, NarrowError, NarrowingNumber, ReleaseCause};
use ringfence_fence::{PolicyDraft, RoomRegions, Rule};
use ringfence_tests::sim::drafts::{name as written, small_world};
use ringfence_tests::sim::guests::{name, request};
use ringfence_tests::sim::{Media, Setup, Simulation};

use super::*;

const BERLIN: &str = "127.1.49.7:4000";
const PARIS: &str = "127.1.2.1:4000";
const MADRID: &str = "127.1.2.2:4000";
const DENVER: &str = "127.2.0.1:4000";

fn refuse(regions: &[&str]) -> RoomRegions {
    let refuse = regions.iter().map(|region| (*region).to_owned()).collect();
    RoomRegions { require: None, refuse }
}

fn require(regions: &[&str]) -> RoomRegions {
    let require = regions.iter().map(|region| (*region).to_owned()).collect();
    RoomRegions { require: Some(require), refuse: Vec::new() }
}

/// Of `acme`, under the fence that lets europe and the united states in.
fn wide(who: &str) -> Join {
    Join { fence: Some("not-china".to_owned()), ..request("standup", who) }
}

fn standup() -> Name {
    name("standup")
}

/// Denver, Paris and Madrid in one room.
fn three(setup: Setup) -> (Simulation, [EndpointId; 3]) {
    let mut sim = Simulation::new(setup);
    let three = [("denver", DENVER), ("paris", PARIS), ("madrid", MADRID)].map(|(who, place)| {
        let endpoint = sim.guest_by(&wide(who), place);
        sim.latch(endpoint);
        endpoint
    });
    (sim, three)
}

#[test]
fn whom_a_room_refuses_is_cut_and_the_others_go_on() {
    let (mut sim, [denver, paris, _]) = three(Setup::small_world(1));
    sim.heard_by(paris, Media::rtp(1, 0));
    sim.take_events();
    let narrowed = sim.narrow(&standup(), &refuse(&["united-states"])).unwrap();
    let [cut] = narrowed.cuts.participants.as_slice() else {
        panic!("one is cut: {:?}", narrowed.cuts)
    };
    assert_eq!((cut.participant.as_str(), &*cut.region), ("denver", "united-states"));
    assert_eq!((cut.address, cut.refusal.rule), (addr(DENVER), Rule::RegionRefusedByRoom));
    assert_eq!(narrowed.cuts.participants_total, 1);
    for sequence in 1..50 {
        let id = sim.speak(paris, Media::rtp(1, sequence));
        sim.pass(std::time::Duration::from_millis(2));
        assert!(sim.judge.delivered_to(id).contains(&addr(MADRID)), "{sequence}");
    }
    sim.settle();
    assert!(sim.relay().registry().narrowed_everywhere(narrowed.number));
    assert_eq!(sim.heard_by(paris, Media::rtp(1, 99)), [addr(MADRID)]);
    assert_eq!(sim.heard_by(denver, Media::rtp(2, 1)), []);
    let released =
        |event: &&Event| matches!(event, Event::Released { cause: ReleaseCause::Cut(_), .. });
    assert_eq!(sim.take_events().iter().filter(released).count(), 1);
}

#[test]
fn who_was_cut_may_come_back_from_where_the_room_lets_it_in_and_nowhere_else() {
    let (mut sim, [denver, ..]) = three(Setup::small_world(2));
    sim.narrow(&standup(), &refuse(&["united-states"])).unwrap();
    sim.settle();
    sim.check(denver);
    sim.settle();
    assert_eq!(sim.whereabouts("standup", "denver"), None);
    assert!(sim.refusals(Rule::RegionRefusedByRoom) > 0);
    sim.rebind(denver, addr("127.1.9.9:4000"));
    sim.latch(denver);
    assert_eq!(sim.heard_by(denver, Media::rtp(2, 1)), [addr(PARIS), addr(MADRID)]);
}

#[test]
fn a_check_that_was_on_its_way_does_not_outlive_the_narrowing() {
    for pause_ms in 0..40 {
        let setup = Setup { mail_ms: 8..=8, ..Setup::small_world(3) };
        let (mut sim, _) = three(setup);
        let late = sim.guest_by(&wide("late"), "127.2.0.9:4000");
        sim.check(late);
        sim.pass(std::time::Duration::from_millis(pause_ms));
        sim.narrow(&standup(), &refuse(&["united-states"])).unwrap();
        sim.settle();
        assert_eq!(sim.whereabouts("standup", "late"), None, "{pause_ms}");
        assert_eq!(sim.heard_by(late, Media::rtp(5, 1)), [], "{pause_ms}");
    }
}

#[test]
fn a_narrowing_is_confirmed_when_the_last_shard_has_cut() {
    let setup = Setup { mail_ms: 0..=30, shards: 4, ..Setup::small_world(4) };
    let (mut sim, [denver, paris, _]) = three(setup);
    let number = sim.narrow(&standup(), &refuse(&["united-states"])).unwrap().number;
    let mut answered = false;
    for sequence in 1..100 {
        let id = sim.speak(paris, Media::rtp(1, sequence));
        let other = sim.speak(denver, Media::rtp(2, sequence));
        sim.pass(std::time::Duration::from_millis(1));
        if answered {
            assert!(!sim.judge.delivered_to(id).contains(&addr(DENVER)), "{sequence}");
            assert_eq!(sim.judge.delivered_to(other), [], "{sequence}");
        }
        answered |= sim.relay().registry().narrowed_everywhere(number);
    }
    assert!(answered);
    assert!(!sim.relay().registry().narrowed_everywhere(NarrowingNumber(number.0 + 1)));
}

#[test]
fn a_room_is_never_widened() {
    let (mut sim, _) = three(Setup::small_world(5));
    sim.narrow(&standup(), &refuse(&["united-states"])).unwrap();
    for wider in [RoomRegions::default(), refuse(&["germany"]), require(&["europe"])] {
        let refused = sim.narrow(&standup(), &wider).unwrap_err();
        assert_eq!(refused, NarrowError::NotNarrower, "{wider:?}");
    }
    sim.narrow(&standup(), &refuse(&["germany", "united-states"])).unwrap();
    let europe = RoomRegions {
        require: Some(vec!["europe".to_owned()]),
        ..refuse(&["europe", "united-states"])
    };
    assert_eq!(sim.narrow(&standup(), &europe).unwrap().cuts.participants_total, 2);
}

#[test]
fn a_narrowing_that_says_nothing_sensible_changes_nothing() {
    let (mut sim, [denver, paris, _]) = three(Setup::small_world(6));
    for (regions, rule) in [
        (refuse(&["atlantis"]), Rule::UnknownRegion),
        (require(&["atlantis"]), Rule::UnknownRegion),
        (require(&["china"]), Rule::NotNarrower),
        (require(&["germany"]), Rule::HomeNotRequired),
        (require(&[]), Rule::HomeNotRequired),
    ] {
        let refused = sim.narrow(&standup(), &regions).unwrap_err();
        assert_eq!(refused.code(), rule.code(), "{regions:?}");
    }
    let nowhere = sim.narrow(&name("nowhere"), &RoomRegions::default()).unwrap_err();
    assert_eq!(nowhere, NarrowError::UnknownRoom);
    assert_eq!(sim.heard_by(paris, Media::rtp(1, 1)), [addr(MADRID), addr(DENVER)]);
    assert_eq!(sim.heard_by(denver, Media::rtp(2, 1)), [addr(PARIS), addr(MADRID)]);
}

#[test]
fn a_region_that_is_refused_takes_those_within_it_along() {
    let mut sim = Simulation::new(Setup::small_world(7));
    sim.latched("standup", "paris", PARIS);
    sim.latched("standup", "berlin", BERLIN);
    let narrowed = sim.narrow(&standup(), &refuse(&["germany"])).unwrap();
    assert_eq!(narrowed.cuts.participants[0].participant.as_str(), "berlin");
    assert_eq!(narrowed.cuts.participants_total, 1);
    let all = sim.narrow(&standup(), &refuse(&["europe"])).unwrap();
    assert_eq!(all.cuts.participants[0].participant.as_str(), "paris");
}

#[test]
fn regions_belong_to_the_room_from_its_first_participant_on() {
    let mut sim = Simulation::new(Setup::small_world(8));
    let first = Join { regions: refuse(&["germany", "united-states"]), ..wide("paris") };
    let paris = sim.guest_by(&first, PARIS);
    sim.latch(paris);
    let same = Join { regions: refuse(&["united-states", "germany"]), ..wide("madrid") };
    let madrid = sim.guest_by(&same, MADRID);
    sim.latch(madrid);
    let silent = sim.guest_by(&wide("berlin"), BERLIN);
    sim.check(silent);
    sim.settle();
    assert_eq!(sim.whereabouts("standup", "berlin"), None);
    for other in [refuse(&["germany"]), require(&["europe"])] {
        let join = Join { regions: other, ..wide("eve") };
        assert_eq!(sim.join(madrid, &join).unwrap_err(), JoinError::RoomHasOtherRegions);
    }
    let regions = refuse(&["atlantis"]);
    let refused = sim.join(madrid, &Join { room: name("new"), regions, ..wide("eve") });
    assert_eq!(refused.unwrap_err().code(), "unknown_region");
    assert!(sim.relay().registry().room(&name("new")).is_none());
}

#[test]
fn who_joins_after_a_narrowing_is_under_it_on_every_shard() {
    let setup = Setup { mail_ms: 0..=20, shards: 3, ..Setup::small_world(9) };
    let (mut sim, [_, paris, _]) = three(setup);
    sim.narrow(&standup(), &refuse(&["united-states"])).unwrap();
    let late = sim.guest_by(&wide("late"), "127.2.0.9:4000");
    sim.check(late);
    sim.settle();
    assert_eq!(sim.whereabouts("standup", "late"), None);
    assert_eq!(sim.heard_by(paris, Media::rtp(1, 1)), [addr(MADRID)]);
}

/// `acme` is at home in the united states, and this relay stands in europe.
fn home_elsewhere() -> PolicyDraft {
    let mut draft = small_world();
    draft.fences.iter_mut().for_each(|fence| fence.transit.value.push(written("united-states")));
    draft.tenants[0].home = written("united-states");
    draft
}

#[test]
fn a_room_that_no_longer_lets_this_site_carry_it_ends_here() {
    let policy = home_elsewhere();
    let (mut sim, [denver, paris, madrid]) = three(Setup { policy, ..Setup::small_world(10) });
    let narrowed = sim.narrow(&standup(), &require(&["united-states"])).unwrap();
    assert_eq!(narrowed.cuts.participants_total, 3);
    let rules = narrowed.cuts.participants.iter().map(|cut| cut.refusal.rule);
    assert!(rules.into_iter().all(|rule| rule == Rule::SiteNotRequired));
    sim.settle();
    for endpoint in [denver, paris, madrid] {
        sim.check(endpoint);
        sim.settle();
        assert_eq!(sim.heard_by(endpoint, Media::rtp(1, 1)), []);
    }
    let refused = sim.join(denver, &wide("late")).unwrap_err();
    assert_eq!(refused.code(), "site_not_required");
    let regions = require(&["united-states"]);
    let refused = sim.join(denver, &Join { room: name("new"), regions, ..wide("late") });
    assert_eq!(refused.unwrap_err().code(), "site_not_required");
}

#[test]
fn a_room_whose_region_a_policy_takes_away_closes() {
    let (mut sim, [_, paris, _]) = three(Setup::small_world(11));
    sim.narrow(&standup(), &refuse(&["germany"])).unwrap();
    sim.settle();
    let mut draft = small_world();
    draft.regions.remove(3);
    for draft in [draft, small_world()] {
        sim.adopt(draft).unwrap();
        sim.settle();
        sim.check(paris);
        sim.settle();
        assert_eq!(sim.heard_by(paris, Media::rtp(1, 1)), []);
        let view = sim.relay().registry().room(&standup()).unwrap();
        assert_eq!(view.closed.map(|refusal| refusal.rule), Some(Rule::UnknownRegion));
    }
    let refused = sim.narrow(&standup(), &refuse(&["germany"])).unwrap_err();
    assert_eq!(refused.code(), "unknown_region");
    assert!(sim.refusals(Rule::UnknownRegion) > 0);
}

#[test]
fn a_narrowing_outlives_a_policy_that_moves_regions_about() {
    let (mut sim, [_, paris, _]) = three(Setup::small_world(12));
    sim.narrow(&standup(), &refuse(&["united-states"])).unwrap();
    sim.settle();
    let mut draft = small_world();
    draft.regions.rotate_left(1);
    sim.adopt(draft).unwrap();
    sim.settle();
    assert_eq!(sim.heard_by(paris, Media::rtp(1, 1)), [addr(MADRID)]);
    let denver = sim.guest_by(&wide("denver-again"), "127.2.0.9:4000");
    sim.check(denver);
    sim.settle();
    assert_eq!(sim.whereabouts("standup", "denver-again"), None);
}

#[test]
fn a_policy_cuts_what_it_was_said_to_cut() {
    let (mut sim, _) = three(Setup::small_world(13));
    let mut draft = small_world();
    draft.fences[1].clients.value.retain(|region| region.value != "united-states");
    let policy = ringfence_fence::Policy::compile(&draft, ringfence_fence::Epoch(1)).unwrap();
    let foretold = sim.relay().registry().would_cut(&policy);
    assert_eq!(sim.relay_mut().registry_mut().take_cuts(), Default::default());
    assert_eq!(sim.whereabouts("standup", "denver"), Some(addr(DENVER)));
    sim.adopt(draft).unwrap();
    sim.settle();
    let cuts = sim.relay_mut().registry_mut().take_cuts();
    assert_eq!((cuts.participants_total, &*cuts.participants[0].region), (1, "united-states"));
    assert_eq!(cuts, foretold);
    assert_eq!(sim.relay_mut().registry_mut().take_cuts(), Default::default());
}

#[test]
fn a_group_belongs_to_the_room_and_narrows_its_fence() {
    let mut policy = home_elsewhere();
    policy.tenants[0].groups = vec![
        ringfence_tests::sim::drafts::group("staff", &["united-states", "europe"]),
        ringfence_tests::sim::drafts::group("board", &["united-states"]),
    ];
    let mut sim = Simulation::new(Setup { policy, ..Setup::small_world(14) });
    let group = |group: &str, who: &str| Join { group: Some(group.to_owned()), ..wide(who) };
    let paris = sim.guest_by(&group("staff", "paris"), PARIS);
    sim.latch(paris);
    let madrid = sim.guest_by(&wide("madrid"), MADRID);
    sim.latch(madrid);
    assert_eq!(sim.join(madrid, &group("board", "x")).unwrap_err(), JoinError::RoomHasOtherGroup);
    assert_eq!(sim.join(madrid, &group("crew", "x")).unwrap_err().code(), "unknown_group");
    let board = Join { room: name("board"), ..group("board", "x") };
    assert_eq!(sim.join(madrid, &board).unwrap_err().code(), "site_not_in_transit");
    assert!(sim.relay().registry().room(&name("board")).is_none());
    let mut draft = sim.book.draft().clone();
    draft.tenants[0].groups.remove(0);
    sim.adopt(draft).unwrap();
    sim.settle();
    assert_eq!(sim.heard_by(paris, Media::rtp(1, 1)), [], "its group is gone");
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
