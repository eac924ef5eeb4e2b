//! What a line says, beside where and when.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::anchor::Seal;
use crate::timestamp::Moment;

/// Characters of a text that a caller chose, such as who accepted a change.
const TEXT_CHARS_MAX: usize = 200;

/// One thing that happened. Addresses are written as `1.2.3.4:5` or `[2001:db8::1]:5`, times as
/// [`Moment`], rules by their codes, places as `file:line`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Record {
    /// The relay started.
    Started {
        /// Of the program.
        version: String,
        /// Region of the site.
        site_region: String,
    },
    /// The relay stopped in order.
    Stopped,
    /// A policy came into force; the line's epoch is its own.
    Policy(PolicyChange),
    /// A change of the policy was refused; the one in force stays.
    ReloadRefused {
        /// Stable name of the reason.
        code: String,
        /// The reason in words.
        reason: String,
        /// Of the plan that was refused, if it came to one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        digest: Option<String>,
        /// Who asked.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
    },
    /// The first participant made a room.
    RoomOpened {
        /// The room.
        room: String,
        /// Whose it is.
        tenant: String,
        /// Under which fence.
        fence: String,
    },
    /// A room was narrowed to fewer regions.
    RoomNarrowed {
        /// The room.
        room: String,
        /// Whose it is.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        tenant: Option<String>,
        /// Regions whose sites alone may carry from now on; `None`: those of the fence.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        require: Option<Vec<String>>,
        /// Regions whose participants are refused from now on.
        refuse: Vec<String>,
        /// How many participants that cut.
        cut: u64,
    },
    /// The last participant left.
    RoomClosed {
        /// The room.
        room: String,
        /// Whose it was.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        tenant: Option<String>,
    },
    /// Credentials were handed out.
    Joined {
        /// To whom.
        #[serde(flatten)]
        who: Who,
    },
    /// A stay ended.
    Left {
        /// Whose.
        #[serde(flatten)]
        who: Who,
        /// Why.
        cause: String,
    },
    /// An address speaks for a participant now.
    Latched {
        /// For whom.
        #[serde(flatten)]
        who: Who,
        /// The address.
        address: String,
        /// Where it is.
        region: String,
        /// Where this relay is.
        site_region: String,
        /// The address before, if there was one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        moved_from: Option<String>,
        /// As what this site was offered.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        offered_as: Option<OfferedAs>,
    },
    /// An address no longer speaks for a participant.
    Released {
        /// For whom.
        #[serde(flatten)]
        who: Who,
        /// The address.
        address: String,
        /// Why.
        cause: String,
    },
    /// The fence refused an address that had a participant's credentials.
    Refused {
        /// Whose.
        #[serde(flatten)]
        who: Who,
        /// The address.
        address: String,
        /// Why.
        #[serde(flatten)]
        by: RefusedBy,
    },
    /// A participant sent with another's SSRC.
    SsrcRefused {
        /// Who.
        #[serde(flatten)]
        who: Who,
        /// The SSRC.
        ssrc: u32,
    },
    /// What passed since the line of this kind before.
    Carried(Carried),
    /// A TURN client got relayed addresses.
    Allocated {
        /// Who.
        #[serde(flatten)]
        who: Who,
        /// The client's address.
        address: String,
        /// Where it is.
        region: String,
        /// Where this relay is.
        site_region: String,
        /// The addresses that it got.
        relayed: Vec<String>,
        /// As what this site was offered.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        offered_as: Option<OfferedAs>,
    },
    /// A TURN allocation ended.
    Deallocated {
        /// Whose.
        #[serde(flatten)]
        who: Who,
        /// The client's address.
        address: String,
        /// Why.
        cause: String,
    },
    /// The fence refused a TURN client that had authenticated.
    ClientRefused {
        /// Who.
        #[serde(flatten)]
        who: Who,
        /// From where.
        address: String,
        /// Why.
        #[serde(flatten)]
        by: RefusedBy,
    },
    /// The fence refused a peer of a TURN client.
    PeerRefused {
        /// Whose.
        #[serde(flatten)]
        who: Who,
        /// The peer, without a port.
        address: String,
        /// Why.
        #[serde(flatten)]
        by: RefusedBy,
    },
    /// A live flow ended because the fence no longer admits it.
    Cut {
        /// Whose.
        #[serde(flatten)]
        who: Who,
        /// The address.
        address: String,
        /// Why.
        #[serde(flatten)]
        by: RefusedBy,
    },
    /// Media that is evidently not encrypted.
    NotEncrypted {
        /// From whom.
        #[serde(flatten)]
        who: Who,
        /// What it looked like.
        finding: String,
        /// Whether its sender was cut for it.
        cut: bool,
    },
    /// Records that could not be written.
    Lost {
        /// How many.
        count: u64,
        /// Why: `queue_full`, `disk` or `too_long`.
        cause: String,
        /// The first of them happened no earlier.
        since: Moment,
    },
    /// Refusals that came too fast to be written one by one.
    Suppressed {
        /// How many.
        count: u64,
    },
    /// The end of the trail was mended at a start.
    Recovered {
        /// Bytes of a line that had not been written to its end, now gone.
        bytes: u64,
        /// Whole lines behind the head, kept.
        lines: u64,
    },
    /// Old files were removed, as `audit.keep` has it.
    Pruned {
        /// The last line that is gone.
        through_seq: u64,
        /// Its digest, which the first line that is left names.
        through_sha256: String,
    },
    /// Everything before this line, signed.
    Anchor(Seal),
}

/// A policy that came into force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyChange {
    /// Its version, the `epoch` of this line and those after it. Not written twice.
    #[serde(skip)]
    pub epoch: u32,
    /// Of the plan that led to it; `None` at a start.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// Of the policy itself.
    pub fingerprint: String,
    /// Whether it opened anything that was shut.
    pub widened: bool,
    /// Who accepted that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accepted_by: Option<String>,
    /// The plan that was accepted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accepted_digest: Option<String>,
    /// Region of the site under it.
    pub site_region: String,
}

/// Someone in a call.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Who {
    /// A participant of a room.
    Participant {
        /// The room.
        room: String,
        /// Whose it is; `None` where that is no longer known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        tenant: Option<String>,
        /// Its name.
        participant: String,
    },
    /// A party of a TURN meeting.
    Party {
        /// On whose account.
        tenant: String,
        /// The meeting; `None` for users with passwords of their own.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        meeting: Option<String>,
        /// Its name.
        party: String,
    },
}

/// The rule that refused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RefusedBy {
    /// Its code.
    pub rule: String,
    /// Where it is written; `None` where the form of the address decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<String>,
    /// The region that was judged, if one was found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<String>,
}

/// As what a site is offered to a client.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportOfferedAs)]
pub enum OfferedAs {
    /// Among the first choices.
    Primary,
    /// For when those are full.
    Spare,
    /// Neither: the client came all the same, and the fence admits it.
    Other,
}

/// What passed, since the line before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Carried {
    /// From whom, and to whom.
    #[serde(flatten)]
    pub who: Who,
    /// Where that address is.
    pub region: String,
    /// Where this relay is.
    pub site_region: String,
    /// The policy it passed under; the line's own epoch is that of when it was told.
    pub policy: u32,
    /// How much.
    #[serde(flatten)]
    pub traffic: Traffic,
}

/// Datagrams and their payload bytes; in: from the endpoint to the relay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = CarriedTraffic)]
pub struct Traffic {
    /// Datagrams from the endpoint.
    pub packets_in: u64,
    /// Their payload.
    pub bytes_in: u64,
    /// Datagrams to the endpoint.
    pub packets_out: u64,
    /// Their payload.
    pub bytes_out: u64,
}

/// Why something ended, as the lines have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The control side asked for it.
    Dismissed,
    /// The credentials, or a TURN lifetime, ran out.
    Expired,
    /// No valid check in the consent time (RFC 7675 section 5.1).
    ConsentExpired,
    /// The fence no longer admits it.
    Cut,
    /// The client gave it up.
    Deleted,
    /// The client's connection ended.
    Disconnected,
    /// It never came to be.
    Unbound,
    /// The secret or user that its credentials were made with is gone.
    CredentialsRemoved,
    /// Its media was evidently not encrypted, and the fence requires that it is.
    NotEncrypted,
}

impl Record {
    /// A policy that came into force; texts are cut to a length that fits a line.
    pub fn policy(change: PolicyChange) -> Self {
        let accepted_by = change.accepted_by.as_deref().map(words);
        Self::Policy(PolicyChange { accepted_by, ..change })
    }

    /// A change that was refused; texts are cut to a length that fits a line.
    pub fn reload_refused(
        code: &str,
        reason: &str,
        digest: Option<String>,
        by: Option<&str>,
    ) -> Self {
        let (code, reason) = (words(code), words(reason));
        Self::ReloadRefused { code, reason, digest, by: by.map(words) }
    }

    /// Whether strangers can cause any number of it.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::ClientRefused { .. }
                | Self::PeerRefused { .. }
                | Self::SsrcRefused { .. }
        )
    }
}

impl Who {
    /// The room or meeting.
    pub fn call(&self) -> Option<&str> {
        match self {
            Self::Participant { room, .. } => Some(room),
            Self::Party { meeting, .. } => meeting.as_deref(),
        }
    }

    /// The participant's or party's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Participant { participant, .. } => participant,
            Self::Party { party, .. } => party,
        }
    }

    /// On whose account, if that is known.
    pub fn tenant(&self) -> Option<&str> {
        match self {
            Self::Participant { tenant, .. } => tenant.as_deref(),
            Self::Party { tenant, .. } => Some(tenant),
        }
    }
}

impl Ended {
    /// Stable name in snake_case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Dismissed => "dismissed",
            Self::Expired => "expired",
            Self::ConsentExpired => "consent_expired",
            Self::Cut => "cut",
            Self::Deleted => "deleted",
            Self::Disconnected => "disconnected",
            Self::Unbound => "unbound",
            Self::CredentialsRemoved => "credentials_removed",
            Self::NotEncrypted => "not_encrypted",
        }
    }
}

impl Traffic {
    /// Nothing passed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.packets_in = self.packets_in.saturating_add(other.packets_in);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.packets_out = self.packets_out.saturating_add(other.packets_out);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
    }
}

/// A text that someone chose, cut to a length that fits a line.
pub fn words(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
