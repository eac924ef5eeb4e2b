//! A meeting that two sites carried, as their trails have it.

use std::fs;
use std::path::{Path, PathBuf};

use ringfence::audit::{
    Carried, Chain, ChainSettings, OfferedAs, PolicyChange, Record, RefusedBy, Traffic, Trail, Who,
};
use ringfence::report::{NoReport, Question, Report, report};
use ringfence::timestamp::Moment;
use tempfile::TempDir;

/// 2026-11-22T10:00:00Z
const START_US: u64 = 1_795_341_600_000_000;

/// A folder with the trails of several sites.
pub(crate) struct Archive(pub(crate) TempDir);

impl Archive {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn trail(&self, site: &str) -> PathBuf {
        self.path().join(format!("{site}.jsonl"))
    }

    /// Writes a site's trail: seconds from the start, and what happened then.
    pub(crate) fn write(&self, site: &str, records: Vec<(u64, Record)>) {
        let settings = ChainSettings {
            path: self.trail(site),
            site: site.to_owned(),
            rotate_bytes: u64::MAX,
            keep: 0,
            signing_key: None,
        };
        let mut chain = Chain::open(settings, 1).unwrap();
        for (second, record) in records {
            chain.append(at(second), record).unwrap();
        }
        chain.seal().unwrap();
    }

    pub(crate) fn ask(&self, question: &Question) -> Result<Report, NoReport> {
        report(&Trail::open_all(&[self.path().to_owned()]).unwrap(), question)
    }

    pub(crate) fn report(&self) -> Report {
        self.ask(&standup()).unwrap()
    }

    /// Changes one letter of a trail.
    pub(crate) fn tamper(&self, site: &str) {
        let text = fs::read_to_string(self.trail(site)).unwrap();
        fs::write(self.trail(site), text.replacen("alice", "alicf", 1)).unwrap();
    }
}

pub(crate) fn at(second: u64) -> Moment {
    Moment { unix_us: START_US + second * 1_000_000 }
}

pub(crate) fn standup() -> Question {
    Question { room: "standup".to_owned(), tenant: None, full_addresses: false }
}

pub(crate) fn who(participant: &str) -> Who {
    let (room, tenant) = ("standup".to_owned(), Some("acme".to_owned()));
    Who::Participant { room, tenant, participant: participant.to_owned() }
}

pub(crate) fn party(party: &str) -> Who {
    let (tenant, meeting) = ("acme".to_owned(), Some("standup".to_owned()));
    Who::Party { tenant, meeting, party: party.to_owned() }
}

pub(crate) fn started(region: &str) -> Record {
    Record::Started { version: "0.1.0".to_owned(), site_region: region.to_owned() }
}

pub(crate) fn opened() -> Record {
    let [room, tenant, fence] = ["standup", "acme", "eu-us"].map(str::to_owned);
    Record::RoomOpened { room, tenant, fence }
}

pub(crate) fn latched(name: &str, address: &str, region: &str, offered_as: OfferedAs) -> Record {
    let site_region = if offered_as == OfferedAs::Spare { "united-states" } else { "europe" };
    Record::Latched {
        who: who(name),
        address: address.to_owned(),
        region: region.to_owned(),
        site_region: site_region.to_owned(),
        moved_from: None,
        offered_as: Some(offered_as),
    }
}

pub(crate) fn released(name: &str, cause: &str) -> Record {
    Record::Released { who: who(name), address: "any".to_owned(), cause: cause.to_owned() }
}

pub(crate) fn passed(bytes: u64) -> Traffic {
    let packets = bytes / 100;
    Traffic { packets_in: packets, bytes_in: bytes, packets_out: 2 * packets, bytes_out: 2 * bytes }
}

pub(crate) fn carried(who: Who, bytes: u64) -> Record {
    let [region, site_region] = ["europe", "europe"].map(str::to_owned);
    Record::Carried(Carried { who, region, site_region, policy: 1, traffic: passed(bytes) })
}

pub(crate) fn by(rule: &str, line: u32, region: &str) -> RefusedBy {
    let place = Some(format!("ringfence.toml:{line}"));
    RefusedBy { rule: rule.to_owned(), place, region: Some(region.to_owned()) }
}

pub(crate) fn policy(epoch: u32, widened: bool) -> Record {
    Record::policy(PolicyChange {
        epoch,
        digest: Some(format!("{epoch:064}")),
        fingerprint: format!("{epoch:064x}"),
        widened,
        accepted_by: widened.then(|| "root".to_owned()),
        accepted_digest: widened.then(|| format!("{epoch:064}")),
        site_region: "europe".to_owned(),
    })
}

/// Alice moves and is cut, bob stays, carol comes by a spare, dora by TURN, and mallory is refused.
pub(crate) fn two_sites() -> Archive {
    let archive = Archive::new();
    let mallory = |place: &str| Record::Refused {
        who: who("mallory"),
        address: format!("198.51.100.{place}"),
        by: by("region_not_in_clients", 42, "china"),
    };
    archive.write(
        "fra1",
        vec![
            (0, started("europe")),
            (60, opened()),
            (60, Record::Joined { who: who("alice") }),
            (61, Record::Joined { who: who("bob") }),
            (62, Record::Joined { who: who("mallory") }),
            (65, latched("alice", "203.0.113.7:5000", "europe", OfferedAs::Primary)),
            (80, latched("bob", "[2001:db8:7:1::9]:6000", "united-states", OfferedAs::Primary)),
            (100, mallory("1:9")),
            (400, mallory("2:9")),
            (600, carried(who("alice"), 4_000_000)),
            (600, carried(who("bob"), 3_000_000)),
            (900, latched("alice", "192.0.2.4:5001", "united-states", OfferedAs::Primary)),
            (1_500, policy(2, false)),
            (
                1_500,
                Record::Cut {
                    who: who("alice"),
                    address: "192.0.2.4:5001".to_owned(),
                    by: by("region_not_in_clients", 57, "united-states"),
                },
            ),
            (1_500, released("alice", "cut")),
            (1_501, carried(who("alice"), 500_000)),
            (
                2_000,
                Record::RoomNarrowed {
                    room: "standup".to_owned(),
                    tenant: None,
                    require: None,
                    refuse: vec!["china".to_owned(), "united-states".to_owned()],
                    cut: 1,
                },
            ),
            (2_400, carried(who("bob"), 1_000_000)),
            (2_460, Record::Left { who: who("bob"), cause: "dismissed".to_owned() }),
            (2_460, Record::RoomClosed { room: "standup".to_owned(), tenant: None }),
            (2_500, latched_elsewhere()),
        ],
    );
    archive.write("iad1", second_site());
    archive
}

fn second_site() -> Vec<(u64, Record)> {
    let allocated = Record::Allocated {
        who: party("dora"),
        address: "203.0.113.200:7000".to_owned(),
        region: "europe".to_owned(),
        site_region: "united-states".to_owned(),
        relayed: vec!["192.0.2.1:50000".to_owned()],
        offered_as: Some(OfferedAs::Spare),
    };
    let deallocated = Record::Deallocated {
        who: party("dora"),
        address: "203.0.113.200:7000".to_owned(),
        cause: "deleted".to_owned(),
    };
    let peer = Record::PeerRefused {
        who: party("dora"),
        address: "198.51.100.77".to_owned(),
        by: by("region_not_in_peers", 43, "china"),
    };
    vec![
        (0, started("united-states")),
        (300, opened()),
        (301, latched("carol", "203.0.113.99:5000", "europe", OfferedAs::Spare)),
        (700, carried(who("carol"), 900_000)),
        (1_000, allocated),
        (1_010, peer),
        (1_800, released("carol", "consent_expired")),
        (2_199, carried(party("dora"), 2_000_000)),
        (2_200, deallocated),
    ]
}

/// Another room, which is nobody's business here.
fn latched_elsewhere() -> Record {
    Record::Latched {
        who: Who::Participant {
            room: "elsewhere".to_owned(),
            tenant: Some("globex".to_owned()),
            participant: "standup".to_owned(),
        },
        address: "203.0.113.1:1".to_owned(),
        region: "china".to_owned(),
        site_region: "china".to_owned(),
        moved_from: None,
        offered_as: None,
    }
}
