//! Where one meeting went: what the audit trails of all relays that carried it say, in one place.
//!
//! `gather` reads and checks the trails, `fold` makes the report, `page` draws it.

mod address;
mod fold;
mod gather;
mod page;
mod stays;

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{NoTrail, OfferedAs, Reading, Traffic, Verdict};
use crate::timestamp::Moment;

pub use self::page::html;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The room, or the meeting of TURN clients.
    pub room: String,
    /// On whose account; needed where several tenants used the name.
    pub tenant: Option<String>,
    /// Whether addresses are shown whole, and not cut to /24 and /48.
    pub full_addresses: bool,
}

/// Where a meeting went. Times are UTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Report {
    /// The room or meeting.
    pub room: String,
    /// Whose it was, if that is on record.
    pub tenant: Option<String>,
    /// Whether any of the evidence was changed or is missing: then this report proves nothing.
    pub damaged: bool,
    /// The trails it was made from, and whether each is whole.
    pub evidence: Vec<Verdict>,
    /// The first line about it.
    #[schema(value_type = String, format = DateTime)]
    pub from: Moment,
    /// The last line about it.
    #[schema(value_type = String, format = DateTime)]
    pub to: Moment,
    /// Whether a site carried it that is offered only when others are full.
    pub spare_used: SpareUse,
    /// The sites that carried it.
    pub sites: Vec<SiteUse>,
    /// The regions that its participants were in.
    pub regions: Vec<RegionUse>,
    /// Who took part.
    pub participants: Vec<Participant>,
    /// The policies it was under.
    pub policies: Vec<PolicyUse>,
    /// What the fence refused.
    pub refusals: Vec<Refused>,
    /// Live flows that a change of the fence ended.
    pub cuts: Vec<Cut>,
    /// Changes that narrowed the room.
    pub narrowings: Vec<Narrowing>,
    /// What this report cannot know, and what else stood out.
    pub notes: Vec<String>,
}

/// Whether a spare carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportSpareUse)]
pub enum SpareUse {
    /// For someone at least.
    Yes,
    /// For nobody.
    No,
    /// The trails do not say how every site was offered.
    NotRecorded,
}

/// What one site carried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportSiteUse)]
pub struct SiteUse {
    /// The site.
    pub site: String,
    /// Where it is.
    pub region: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub from: Moment,
    /// Until when; `null`: it still does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub to: Option<Moment>,
    /// As what it was offered, all clients together.
    pub offered_as: Vec<OfferedAs>,
    /// Participants it carried.
    pub participants: usize,
    /// What it carried.
    pub traffic: Traffic,
}

/// What passed to and from one region.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportRegionUse)]
pub struct RegionUse {
    /// The region.
    pub region: String,
    /// Participants that were there.
    pub participants: usize,
    /// What passed.
    pub traffic: Traffic,
}

/// One who took part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportParticipant)]
pub struct Participant {
    /// The name.
    pub participant: String,
    /// By which door: `rooms` or `turn`.
    pub door: &'static str,
    /// Where it was, in turn.
    pub stays: Vec<Stay>,
    /// All that passed.
    pub traffic: Traffic,
}

/// A time that one participant spoke from one address through one site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportStay)]
pub struct Stay {
    /// The site that carried.
    pub site: String,
    /// Where that is.
    pub site_region: String,
    /// From where, or the network it is in.
    pub address: String,
    /// Where that is.
    pub region: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub from: Moment,
    /// Until when; `null`: it has not ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub to: Option<Moment>,
    /// How it ended: `moved`, `cut`, `consent_expired` and so on.
    pub ended: Option<String>,
    /// As what the site was offered, if that is on record.
    pub offered_as: Option<OfferedAs>,
    /// The policy it began under.
    pub epoch: u32,
    /// What passed.
    pub traffic: Traffic,
}

/// A policy that was in force at a site while it had to do with the meeting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportPolicyUse)]
pub struct PolicyUse {
    /// The site.
    pub site: String,
    /// Its version there; each start of a relay counts from 1.
    pub epoch: u32,
    /// When it came into force; `null`: before the first line that is left.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Moment>,
    /// Digest of the plan that led to it.
    pub digest: Option<String>,
    /// Of the policy itself.
    pub fingerprint: Option<String>,
    /// Whether it opened anything that was shut before.
    pub widened: Option<bool>,
    /// Who accepted that.
    pub accepted_by: Option<String>,
    /// Which plan was accepted.
    pub accepted_digest: Option<String>,
}

/// Refusals of one address, or network, by one rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportRefused)]
pub struct Refused {
    /// Whose credentials it had.
    pub participant: String,
    /// As what it was refused: `client` or `peer`.
    pub role: &'static str,
    /// From where or to where, or the network that is in.
    pub address: String,
    /// Where that is, if it is anywhere.
    pub region: Option<String>,
    /// The site that refused.
    pub site: String,
    /// By which rule.
    pub rule: String,
    /// Where that is written, as `file:line`.
    pub place: Option<String>,
    /// How often.
    pub count: u64,
    /// First time.
    #[schema(value_type = String, format = DateTime)]
    pub first: Moment,
    /// Last time.
    #[schema(value_type = String, format = DateTime)]
    pub last: Moment,
}

/// A live flow that a change of the fence ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportCut)]
pub struct Cut {
    /// Whose.
    pub participant: String,
    /// The address it had, or its network.
    pub address: String,
    /// Where.
    pub site: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Moment,
    /// By which rule.
    pub rule: String,
    /// Where that is written, as `file:line`.
    pub place: Option<String>,
    /// Version of the policy that did it.
    pub epoch: u32,
}

/// A room that was narrowed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = ReportNarrowing)]
pub struct Narrowing {
    /// Where.
    pub site: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub time: Moment,
    /// Regions whose sites alone may carry from then on; `null`: those of the fence.
    pub require: Option<Vec<String>>,
    /// Regions whose participants are refused from then on.
    pub refuse: Vec<String>,
    /// How many participants that cut.
    pub cut: u64,
}

/// Why there is no report.
#[derive(Debug)]
pub enum NoReport {
    /// The trails do not speak of it. True: and they are damaged.
    NotOnRecord(String, bool),
    /// Several tenants used the name.
    SeveralTenants(Vec<String>),
    /// There is more to read than is read.
    TooMuch(u64),
    /// A trail cannot be read.
    NoTrail(NoTrail),
}

/// Reads and checks the trails, and reports what they say.
///
/// # Errors
/// [`NoReport`]. Damage is none: the report says so.
pub fn report(readings: &[Reading], question: &Question) -> Result<Report, NoReport> {
    let gathered = gather::gather(readings, question)?;
    fold::fold(gathered, question)
}

impl SpareUse {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotRecorded => "not recorded",
        }
    }
}

impl From<NoTrail> for NoReport {
    fn from(error: NoTrail) -> Self {
        Self::NoTrail(error)
    }
}

impl fmt::Display for NoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnRecord(room, false) => write!(f, "the audit trail says nothing of `{room}`"),
            Self::NotOnRecord(room, true) => {
                write!(f, "the audit trail is DAMAGED, and what is left says nothing of `{room}`")
            }
            Self::SeveralTenants(tenants) => {
                write!(f, "several tenants used this name: {}", tenants.join(", "))
            }
            Self::TooMuch(most) => write!(f, "there is more to read than {most} bytes or lines"),
            Self::NoTrail(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoReport {}
