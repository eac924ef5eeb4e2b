//! Lines into a report.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Gathered, who};
use super::stays::{Arrival, Stays};
use super::{
    Cut, Narrowing, NoReport, Participant, PolicyUse, Question, Refused, RegionUse, Report,
    SiteUse, SpareUse, address,
};
use crate::audit::{Line, OfferedAs, PolicyChange, Record, RefusedBy, Traffic, Verdict, Who};
use crate::timestamp::Moment;

/// Cuts and narrowings that are told one by one; a report of more is read by nobody.
const TOLD_MAX: usize = 10_000;

pub(super) fn fold(gathered: Gathered, question: &Question) -> Result<Report, NoReport> {
    let Gathered { lines, verdicts } = gathered;
    let mut about = lines.iter().filter(|line| !is_of_relay(&line.record));
    let times = (about.clone().next(), about.next_back());
    let (Some(first), Some(last)) = times else {
        let damaged = verdicts.iter().any(|verdict| !verdict.whole);
        return Err(NoReport::NotOnRecord(question.room.clone(), damaged));
    };
    let (from, to) = (first.time, last.time);
    let mut fold = Fold::new(question);
    lines.iter().for_each(|line| fold.line(line, (from, to)));
    Ok(fold.finish(verdicts, question, (from, to)))
}

struct Fold {
    stays: Stays,
    full_addresses: bool,
    tenant: Option<String>,
    /// What each site's relay works by, and how often it has started.
    in_force: BTreeMap<String, InForce>,
    policies: BTreeMap<(String, u32, u32), PolicyUse>,
    refusals: BTreeMap<RefusalKey, Refused>,
    cuts: Vec<Cut>,
    narrowings: Vec<Narrowing>,
    lost: u64,
    suppressed: u64,
    notes: BTreeSet<String>,
}

#[derive(Default)]
struct InForce {
    starts: u32,
    since: Option<Moment>,
    change: Option<PolicyChange>,
}

type RefusalKey = (String, &'static str, String, String, RefusedBy);

impl Fold {
    fn new(question: &Question) -> Self {
        Self {
            stays: Stays::new(question.full_addresses),
            full_addresses: question.full_addresses,
            tenant: question.tenant.clone(),
            in_force: BTreeMap::new(),
            policies: BTreeMap::new(),
            refusals: BTreeMap::new(),
            cuts: Vec::new(),
            narrowings: Vec::new(),
            lost: 0,
            suppressed: 0,
            notes: BTreeSet::new(),
        }
    }

    fn line(&mut self, line: &Line, during: (Moment, Moment)) {
        let is_during = during.0 <= line.time && line.time <= during.1;
        match &line.record {
            Record::Started { .. } => self.started(line),
            Record::Stopped => self.stays.end_all(&line.site, None, line.time, "relay_stopped"),
            Record::Policy(change) => self.policy(line, change),
            Record::Lost { count, since, .. } if during.0 <= line.time && *since <= during.1 => {
                self.lost += count;
            }
            Record::Suppressed { count } if is_during => self.suppressed += count,
            Record::Lost { .. } | Record::Suppressed { .. } => {}
            _ => {
                self.under_policy(line);
                self.of_meeting(line);
            }
        }
    }

    /// Whoever was there when a relay went down without a word was there until then at the latest.
    fn started(&mut self, line: &Line) {
        self.stays.end_all(&line.site, None, line.time, "relay_restarted");
        let in_force = self.in_force.entry(line.site.clone()).or_default();
        let starts = in_force.starts.saturating_add(1);
        *in_force = InForce { starts, since: Some(line.time), change: None };
    }

    fn policy(&mut self, line: &Line, change: &PolicyChange) {
        let in_force = self.in_force.entry(line.site.clone()).or_default();
        in_force.since = Some(line.time);
        in_force.change = Some(change.clone());
        if self.stays.any_at(&line.site) {
            self.under_policy(line);
        }
    }

    fn under_policy(&mut self, line: &Line) {
        let in_force = self.in_force.entry(line.site.clone()).or_default();
        let change = in_force.change.as_ref();
        let key = (line.site.clone(), in_force.starts, line.epoch);
        self.policies.entry(key).or_insert_with(|| PolicyUse {
            site: line.site.clone(),
            epoch: line.epoch,
            since: in_force.since,
            digest: change.and_then(|change| change.digest.clone()),
            fingerprint: change.map(|change| change.fingerprint.clone()),
            widened: change.map(|change| change.widened),
            accepted_by: change.and_then(|change| change.accepted_by.clone()),
            accepted_digest: change.and_then(|change| change.accepted_digest.clone()),
        });
    }

    fn of_meeting(&mut self, line: &Line) {
        let (site, time) = (line.site.as_str(), line.time);
        if let Some(tenant) = who(&line.record).and_then(Who::tenant) {
            self.tenant = Some(tenant.to_owned());
        }
        match &line.record {
            Record::RoomOpened { tenant, .. } => self.tenant = Some(tenant.clone()),
            Record::RoomClosed { .. } => self.stays.end_all(site, Some("rooms"), time, "left"),
            Record::RoomNarrowed { require, refuse, cut, .. }
                if self.narrowings.len() < TOLD_MAX =>
            {
                let (require, refuse) = (require.clone(), refuse.clone());
                let site = line.site.clone();
                self.narrowings.push(Narrowing { site, time, require, refuse, cut: *cut });
            }
            Record::Joined { who } => self.stays.meet(who),
            Record::Left { who, cause } => self.stays.end(who, (site, ""), time, cause),
            Record::Latched { .. } | Record::Allocated { .. } => self.arrived(line),
            Record::Released { who, address, cause } => {
                self.stays.end(who, (site, address), time, cause);
            }
            Record::Deallocated { who, address, cause } => {
                self.stays.end(who, (site, address), time, cause);
            }
            Record::Carried(carried) => {
                self.stays.carry(&carried.who, site, carried.traffic);
            }
            Record::NotEncrypted { who, finding, cut } => {
                let end = if *cut { "; its sender was cut" } else { "" };
                let name = who.name();
                self.notes
                    .insert(format!("{name} sent media that is not encrypted: {finding}{end}"));
            }
            _ => self.refused_or_cut(line),
        }
    }

    fn arrived(&mut self, line: &Line) {
        let (Record::Latched { who, address, region, site_region, offered_as, .. }
        | Record::Allocated { who, address, region, site_region, offered_as, .. }) = &line.record
        else {
            return;
        };
        let (site, time, epoch) = (&line.site, line.time, line.epoch);
        let offered_as = *offered_as;
        let arrival = Arrival { site, site_region, address, region, time, offered_as, epoch };
        self.stays.begin(who, &arrival);
    }

    fn refused_or_cut(&mut self, line: &Line) {
        match &line.record {
            Record::Refused { who, address, by } | Record::ClientRefused { who, address, by } => {
                self.refused(line, who, "client", address, by);
            }
            Record::PeerRefused { who, address, by } => {
                self.refused(line, who, "peer", address, by);
            }
            Record::SsrcRefused { who, .. } => {
                let name = who.name();
                self.notes
                    .insert(format!("{name} sent with the SSRC of another, and was not heard"));
            }
            Record::Cut { who, address, by } if self.cuts.len() < TOLD_MAX => {
                self.cuts.push(Cut {
                    participant: who.name().to_owned(),
                    address: address::shown(address, self.full_addresses),
                    site: line.site.clone(),
                    time: line.time,
                    rule: by.rule.clone(),
                    place: by.place.clone(),
                    epoch: line.epoch,
                });
            }
            _ => {}
        }
    }

    fn refused(&mut self, line: &Line, who: &Who, role: &'static str, at: &str, by: &RefusedBy) {
        let address = address::shown(at, self.full_addresses);
        let participant = who.name().to_owned();
        let site = line.site.clone();
        let key = (participant.clone(), role, address.clone(), site.clone(), by.clone());
        let refused = self.refusals.entry(key).or_insert_with(|| Refused {
            participant,
            role,
            address,
            region: by.region.clone(),
            site,
            rule: by.rule.clone(),
            place: by.place.clone(),
            count: 0,
            first: line.time,
            last: line.time,
        });
        refused.count += 1;
        refused.last = line.time;
    }

    fn finish(
        mut self,
        evidence: Vec<Verdict>,
        question: &Question,
        (from, to): (Moment, Moment),
    ) -> Report {
        self.add_notes(&evidence);
        let participants = self.stays.into_participants();
        let mut refusals: Vec<_> = self.refusals.into_values().collect();
        refusals.sort_by_key(|refused| refused.first);
        Report {
            room: question.room.clone(),
            tenant: self.tenant,
            damaged: evidence.iter().any(|verdict| !verdict.whole),
            evidence,
            from,
            to,
            spare_used: spare_used(&participants),
            sites: sites(&participants),
            regions: regions(&participants),
            participants,
            policies: self.policies.into_values().collect(),
            refusals,
            cuts: self.cuts,
            narrowings: self.narrowings,
            notes: self.notes.into_iter().collect(),
        }
    }

    fn add_notes(&mut self, evidence: &[Verdict]) {
        let unsealed: u64 = evidence.iter().map(|verdict| verdict.unsealed_lines).sum();
        let unplaced = self.stays.unplaced;
        for (count, what) in [
            (self.lost, "records were lost to a full queue or a failing disk: the report has gaps"),
            (
                self.suppressed,
                "refusals came too fast to be written one by one, of this meeting or others",
            ),
            (unplaced, "packets passed for someone of whom no address is on record"),
            (unsealed, "lines at the end are not sealed yet: a loss of them would not show"),
        ] {
            if count > 0 {
                self.notes.insert(format!("{count} {what}"));
            }
        }
    }
}

/// What tells of a relay, and of no call.
fn is_of_relay(record: &Record) -> bool {
    matches!(
        record,
        Record::Started { .. }
            | Record::Stopped
            | Record::Policy(_)
            | Record::Lost { .. }
            | Record::Suppressed { .. }
    )
}

fn spare_used(participants: &[Participant]) -> SpareUse {
    let mut offers =
        participants.iter().flat_map(|one| &one.stays).map(|stay| stay.offered_as).peekable();
    if offers.peek().is_none() {
        return SpareUse::NotRecorded;
    }
    let offers: BTreeSet<_> = offers.collect();
    match (offers.contains(&Some(OfferedAs::Spare)), offers.contains(&None)) {
        (true, _) => SpareUse::Yes,
        (false, true) => SpareUse::NotRecorded,
        (false, false) => SpareUse::No,
    }
}

fn sites(participants: &[Participant]) -> Vec<SiteUse> {
    let mut sites: BTreeMap<(&str, &str), (SiteUse, BTreeSet<&str>)> = BTreeMap::new();
    for one in participants {
        for stay in &one.stays {
            let key = (stay.site.as_str(), stay.site_region.as_str());
            let (site, names) = sites.entry(key).or_insert_with(|| {
                let site = SiteUse {
                    site: stay.site.clone(),
                    region: stay.site_region.clone(),
                    from: stay.from,
                    to: stay.to,
                    offered_as: Vec::new(),
                    participants: 0,
                    traffic: Traffic::default(),
                };
                (site, BTreeSet::new())
            });
            site.from = site.from.min(stay.from);
            site.to = site.to.zip(stay.to).map(|(one, other)| one.max(other));
            site.offered_as.extend(stay.offered_as);
            site.traffic += stay.traffic;
            names.insert(&one.participant);
        }
    }
    let counted = sites.into_values().map(|(mut site, names)| {
        site.offered_as.sort();
        site.offered_as.dedup();
        site.participants = names.len();
        site
    });
    counted.collect()
}

fn regions(participants: &[Participant]) -> Vec<RegionUse> {
    let mut regions: BTreeMap<&str, (Traffic, BTreeSet<&str>)> = BTreeMap::new();
    for one in participants {
        for stay in &one.stays {
            let (traffic, names) = regions.entry(&stay.region).or_default();
            *traffic += stay.traffic;
            names.insert(&one.participant);
        }
    }
    let counted = regions.into_iter().map(|(region, (traffic, names))| RegionUse {
        region: region.to_owned(),
        participants: names.len(),
        traffic,
    });
    counted.collect()
}
