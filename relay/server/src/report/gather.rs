//! Reads trails, checks them, and keeps what has to do with one meeting.

use std::collections::{BTreeMap, BTreeSet};

use super::{NoReport, Question};
use crate::audit::{Line, Reading, Record, Verdict, Who, verify_with};

/// Lines that are kept: a meeting of a thousand for a day, with a line a minute for each.
const LINES_MAX: usize = 300_000;

/// Lines of all trails in the order of time, and what is to be thought of the trails.
pub(super) struct Gathered {
    pub(super) lines: Vec<Line>,
    pub(super) verdicts: Vec<Verdict>,
}

pub(super) fn gather(readings: &[Reading], question: &Question) -> Result<Gathered, NoReport> {
    let name = format!("\"{}\"", question.room);
    let (mut lines, mut verdicts): (Vec<Line>, Vec<Verdict>) = (Vec::new(), Vec::new());
    for reading in readings {
        let begun = lines.len();
        let verdict = verify_with(reading, None, |event, line| {
            if lines.len() <= LINES_MAX && (is_of_relay(event) || holds(line, &name)) {
                lines.extend(serde_json::from_slice::<Line>(line));
            }
        })?;
        in_order(&mut lines[begun..]);
        verdicts.push(verdict);
    }
    if lines.len() > LINES_MAX {
        return Err(NoReport::TooMuch(LINES_MAX as u64));
    }
    // Lines of one trail have come in order, and stay so.
    lines.sort_by_key(|line| line.time);
    let mut owners = Owners { question, by_site: BTreeMap::new() };
    lines.retain(|line| owners.keeps(line));
    let tenants = tenants(&lines);
    match tenants.len() > 1 && question.tenant.is_none() {
        true => Err(NoReport::SeveralTenants(tenants.into_iter().collect())),
        false => Ok(Gathered { lines, verdicts }),
    }
}

/// What is told of a relay as a whole.
fn is_of_relay(event: &str) -> bool {
    matches!(event, "started" | "stopped" | "policy" | "lost" | "suppressed")
}

/// Names need no escape, so that a line about one holds it in quotes.
fn holds(line: &[u8], name: &str) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| line.contains(name))
}

/// A clock that was set back does not put lines of one relay out of order.
fn in_order(lines: &mut [Line]) {
    let mut latest = Default::default();
    for line in lines {
        line.time = line.time.max(latest);
        latest = line.time;
    }
}

/// What sorts lines out: each site has one tenant's room of a name at a time.
struct Owners<'a> {
    question: &'a Question,
    by_site: BTreeMap<String, String>,
}

impl Owners<'_> {
    /// Whether a line is the asked meeting's, or about its relay. Lines come in order.
    fn keeps(&mut self, line: &Line) -> bool {
        let Some((call, tenant)) = call_of(&line.record) else {
            return who(&line.record).is_none();
        };
        if call != self.question.room {
            return false;
        }
        if let Some(tenant) = tenant {
            self.by_site.insert(line.site.clone(), tenant.to_owned());
        }
        let owner = self.by_site.get(&line.site);
        self.question.tenant.is_none() || self.question.tenant.as_ref() == owner
    }
}

/// The room or meeting, and on whose account, if the line says so.
fn call_of(record: &Record) -> Option<(&str, Option<&str>)> {
    match record {
        Record::RoomOpened { room, tenant, .. } => Some((room, Some(tenant))),
        Record::RoomNarrowed { room, tenant, .. } | Record::RoomClosed { room, tenant } => {
            Some((room, tenant.as_deref()))
        }
        record => who(record).and_then(|who| Some((who.call()?, who.tenant()))),
    }
}

/// Whom a record is about, if it is one in a call.
pub(super) fn who(record: &Record) -> Option<&Who> {
    match record {
        Record::Joined { who }
        | Record::Left { who, .. }
        | Record::Latched { who, .. }
        | Record::Released { who, .. }
        | Record::Refused { who, .. }
        | Record::SsrcRefused { who, .. }
        | Record::Allocated { who, .. }
        | Record::Deallocated { who, .. }
        | Record::ClientRefused { who, .. }
        | Record::PeerRefused { who, .. }
        | Record::Cut { who, .. }
        | Record::NotEncrypted { who, .. } => Some(who),
        Record::Carried(carried) => Some(&carried.who),
        _ => None,
    }
}

/// Everyone on whose account something was.
fn tenants(lines: &[Line]) -> BTreeSet<String> {
    let named = lines.iter().filter_map(|line| call_of(&line.record)?.1);
    named.map(str::to_owned).collect()
}
