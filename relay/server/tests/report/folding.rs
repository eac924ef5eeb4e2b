//! What a report says, from what the trails say.

use ringfence::audit::{OfferedAs, Record, Who};
use ringfence::report::{NoReport, Participant, Question, Report, SpareUse};

use crate::meeting::{
    Archive, at, latched, opened, passed, policy, standup, started, two_sites, who,
};

fn participant<'a>(report: &'a Report, name: &str) -> &'a Participant {
    report.participants.iter().find(|one| one.participant == name).unwrap()
}

#[test]
fn the_trails_of_several_sites_make_one_report() {
    let report = two_sites().report();
    assert_eq!((report.damaged, report.evidence.len()), (false, 2));
    assert_eq!((report.from, report.to), (at(60), at(2_460)));
    assert_eq!(report.tenant.as_deref(), Some("acme"));
    let sites: Vec<_> =
        report.sites.iter().map(|one| (&*one.site, &*one.region, one.from, one.to)).collect();
    let fra1 = ("fra1", "europe", at(65), Some(at(2_460)));
    assert_eq!(sites, [fra1, ("iad1", "united-states", at(301), Some(at(2_200)))]);
    let regions: Vec<_> =
        report.regions.iter().map(|one| (&*one.region, one.participants)).collect();
    assert_eq!(regions, [("europe", 3), ("united-states", 2)]);
    assert_eq!(report.participants.len(), 5, "nobody of other rooms");
}

#[test]
fn what_passed_is_put_where_it_passed() {
    let report = two_sites().report();
    assert_eq!(participant(&report, "alice").traffic, passed(4_500_000));
    let alice: Vec<_> = participant(&report, "alice").stays.iter().map(|s| s.traffic).collect();
    assert_eq!(alice, [passed(4_000_000), passed(500_000)], "before and after the move");
    assert_eq!(participant(&report, "bob").traffic, passed(4_000_000));
    assert_eq!(participant(&report, "dora").traffic, passed(2_000_000));
    assert_eq!(report.sites[1].traffic, passed(2_900_000));
    let all: u64 = report.regions.iter().map(|one| one.traffic.bytes_in).sum();
    assert_eq!(all, 11_400_000);
}

#[test]
fn stays_say_from_when_to_when_and_how_they_ended() {
    let report = two_sites().report();
    let stays: Vec<_> = report
        .participants
        .iter()
        .flat_map(|one| one.stays.iter().map(|stay| (&*one.participant, stay)))
        .map(|(name, stay)| (name, stay.from, stay.to.unwrap(), stay.ended.as_deref().unwrap()))
        .collect();
    let expected = [
        ("alice", at(65), at(900), "moved"),
        ("alice", at(900), at(1_500), "cut"),
        ("bob", at(80), at(2_460), "dismissed"),
        ("carol", at(301), at(1_800), "consent_expired"),
        ("dora", at(1_000), at(2_200), "deleted"),
    ];
    assert_eq!(stays, expected);
    assert!(participant(&report, "mallory").stays.is_empty());
    assert_eq!(participant(&report, "dora").door, "turn");
}

#[test]
fn refusals_are_told_by_rule_and_place() {
    let report = two_sites().report();
    let [mallory, peer] = &report.refusals[..] else { panic!("{:?}", report.refusals) };
    assert_eq!((&*mallory.participant, mallory.role, mallory.count), ("mallory", "client", 2));
    assert_eq!(mallory.rule, "region_not_in_clients");
    assert_eq!(mallory.place.as_deref(), Some("ringfence.toml:42"));
    assert_eq!((mallory.first, mallory.last), (at(100), at(400)));
    assert_eq!((peer.role, &*peer.address), ("peer", "198.51.100.0/24"));
}

#[test]
fn cuts_narrowings_and_policies_are_told() {
    let report = two_sites().report();
    let [cut] = &report.cuts[..] else { panic!("{:?}", report.cuts) };
    assert_eq!((&*cut.participant, cut.epoch, cut.time), ("alice", 2, at(1_500)));
    assert_eq!(cut.place.as_deref(), Some("ringfence.toml:57"));
    assert_eq!(report.narrowings[0].refuse.len(), 2);
    let policies: Vec<_> =
        report.policies.iter().map(|one| (&*one.site, one.epoch, one.since.unwrap())).collect();
    assert_eq!(policies, [("fra1", 1, at(0)), ("fra1", 2, at(1_500)), ("iad1", 1, at(0))]);
    assert_eq!(report.policies[1].widened, Some(false));
}

#[test]
fn whether_a_spare_was_used_is_said_only_where_it_is_known() {
    assert_eq!(two_sites().report().spare_used, SpareUse::Yes);
    let of = |records| {
        let archive = Archive::new();
        archive.write("fra1", records);
        archive.report().spare_used
    };
    let primary = || latched("alice", "203.0.113.7:5000", "europe", OfferedAs::Primary);
    assert_eq!(of(vec![(0, primary())]), SpareUse::No);
    let mut unknown = latched("bob", "203.0.113.8:5000", "europe", OfferedAs::Primary);
    if let Record::Latched { offered_as, .. } = &mut unknown {
        *offered_as = None;
    }
    assert_eq!(of(vec![(0, primary()), (1, unknown)]), SpareUse::NotRecorded);
    assert_eq!(of(vec![(0, opened())]), SpareUse::NotRecorded);
}

#[test]
fn addresses_are_cut_unless_asked() {
    let archive = two_sites();
    let report = serde_json::to_string(&archive.report()).unwrap();
    for cut in ["203.0.113.0/24", "2001:db8:7::/48", "198.51.100.0/24", "192.0.2.0/24"] {
        assert!(report.contains(cut), "{cut}");
    }
    for whole in ["203.0.113.7", "2001:db8:7:1", "198.51.100.1", "198.51.100.77", "192.0.2.4"] {
        assert!(!report.contains(whole), "{whole}");
    }
    let full = archive.ask(&Question { full_addresses: true, ..standup() }).unwrap();
    assert!(serde_json::to_string(&full).unwrap().contains("[2001:db8:7:1::9]:6000"));
}

#[test]
fn a_report_from_damaged_evidence_says_so() {
    let archive = two_sites();
    archive.tamper("fra1");
    let report = archive.report();
    assert!(report.damaged);
    assert_eq!(report.evidence.iter().filter(|one| !one.whole).count(), 1);
}

#[test]
fn the_same_name_of_two_tenants_is_not_thrown_together() {
    let archive = two_sites();
    let other = Who::Participant {
        room: "standup".to_owned(),
        tenant: Some("globex".to_owned()),
        participant: "zoe".to_owned(),
    };
    archive.write("pek1", vec![(5_000, Record::Joined { who: other })]);
    let NoReport::SeveralTenants(tenants) = archive.ask(&standup()).unwrap_err() else {
        panic!("one report of two")
    };
    assert_eq!(tenants, ["acme", "globex"]);
    let question = Question { tenant: Some("globex".to_owned()), ..standup() };
    let report = archive.ask(&question).unwrap();
    assert_eq!((report.participants.len(), report.sites.len()), (1, 0));
    let question = Question { tenant: Some("initech".to_owned()), ..standup() };
    assert!(matches!(archive.ask(&question), Err(NoReport::NotOnRecord(_, false))));
}

#[test]
fn a_relay_that_went_down_ends_what_it_carried() {
    let archive = Archive::new();
    let alice = || latched("alice", "203.0.113.7:5000", "europe", OfferedAs::Primary);
    archive.write("fra1", vec![(0, alice()), (50, started("europe")), (60, alice())]);
    archive.write("ams1", vec![(0, alice()), (70, Record::Stopped)]);
    let report = archive.report();
    let ends: Vec<_> =
        report.participants[0].stays.iter().map(|stay| (stay.to, stay.ended.as_deref())).collect();
    let restarted = (Some(at(50)), Some("relay_restarted"));
    assert!(ends.contains(&restarted) && ends.contains(&(None, None)), "{ends:?}");
    assert!(ends.contains(&(Some(at(70)), Some("relay_stopped"))), "{ends:?}");
}

fn lost(count: u64, since: u64) -> Record {
    Record::Lost { count, cause: "queue_full".to_owned(), since: at(since) }
}

#[test]
fn what_was_lost_before_and_after_is_no_gap() {
    let archive = Archive::new();
    let closed = Record::RoomClosed { room: "standup".to_owned(), tenant: None };
    archive.write("fra1", vec![(5, lost(1, 4)), (6, opened()), (7, closed), (9, lost(2, 8))]);
    assert!(archive.report().notes.is_empty());
}

#[test]
fn what_the_report_cannot_know_is_noted() {
    let archive = Archive::new();
    archive.write(
        "fra1",
        vec![
            (0, opened()),
            (1, lost(7, 0)),
            (2, Record::Suppressed { count: 9 }),
            (2, crate::meeting::carried(who("ghost"), 1_000)),
            (3, Record::NotEncrypted { who: who("bob"), finding: "plain".to_owned(), cut: true }),
            (4, Record::SsrcRefused { who: who("bob"), ssrc: 1 }),
        ],
    );
    let notes = archive.report().notes.join("\n");
    for shown in ["7 records were lost", "9 refusals", "30 packets", "bob sent media that is not"] {
        assert!(notes.contains(shown), "{shown}: {notes}");
    }
}

#[test]
fn a_policy_of_another_time_is_not_the_meeting_s() {
    let archive = Archive::new();
    let alice = latched("alice", "203.0.113.7:5000", "europe", OfferedAs::Primary);
    let gone = crate::meeting::released("alice", "expired");
    let records = vec![(0, policy(1, true)), (5, alice), (6, gone), (9, policy(2, false))];
    archive.write("fra1", records);
    let report = archive.report();
    let [one] = &report.policies[..] else { panic!("{:?}", report.policies) };
    assert_eq!((one.epoch, one.widened, one.accepted_by.as_deref()), (1, Some(true), Some("root")));
}
