//! How a reload ended.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::judge::Judged;
use super::{CutList, Request};
use crate::config::{self, Failure};
use crate::plan_document::PlanDocument;

/// Another policy is in force, or would be.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Reloaded {
    /// Whether it is in force; not after a dry run.
    pub applied: bool,
    /// Its version.
    pub epoch: u32,
    /// Digest of the change, as `accept` wants it.
    pub digest: String,
    /// What it opens and closes.
    pub plan: PlanDocument,
    /// Whom it has cut; after a dry run, whom it would.
    pub cuts: CutList,
    /// What does less than it seems to; `needs_restart` is what stays as it was.
    #[schema(value_type = Vec<Object>)]
    pub warnings: Value,
    /// From the question to the answer, in microseconds.
    pub elapsed_us: u64,
}

/// Why no other policy is in force.
#[derive(Debug)]
pub enum Refused {
    /// Another reload is under way.
    InProgress,
    /// The relay was not started from a file.
    NotReloadable,
    /// The file has errors.
    BadConfig(Box<Failure>),
    /// It breaks a promise that every policy, or this one, makes.
    Violated(Box<Failure>),
    /// It admits what is refused now, and nobody has accepted this very change.
    Widens {
        /// What it would open and close.
        plan: Box<PlanDocument>,
        /// What `accept` must be.
        digest: String,
    },
    /// The shards are behind. Nothing was done.
    Busy,
    /// A shard has not confirmed in time. It is in force on the others, and there as soon as that
    /// shard looks.
    Unconfirmed,
    /// The relay stops.
    Interrupted,
}

impl Reloaded {
    pub(super) fn of(judged: &Judged, request: &Request) -> Self {
        let loaded = &judged.loaded;
        Self {
            applied: !request.dry_run,
            epoch: loaded.policy.epoch().0,
            digest: judged.digest.clone(),
            plan: judged.plan.clone(),
            cuts: CutList::default(),
            warnings: config::to_json(&loaded.warnings, &loaded.sources),
            elapsed_us: 0,
        }
    }
}

impl Refused {
    /// Stable name, in snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InProgress | Self::Busy | Self::Unconfirmed | Self::Interrupted => "busy",
            Self::NotReloadable => "not_reloadable",
            Self::BadConfig(_) => "bad_config",
            Self::Violated(_) => "invariant_violated",
            Self::Widens { .. } => "widening_refused",
        }
    }

    /// Digest of the change, where there is one.
    pub fn digest(&self) -> Option<&str> {
        match self {
            Self::Widens { digest, .. } => Some(digest),
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProgress => f.write_str("another reload is under way; try again in a second"),
            Self::NotReloadable => f.write_str(
                "this relay was not started from a file, so there is none to read again",
            ),
            Self::BadConfig(failure) => {
                let errors = failure.diagnostics.len();
                let first = failure.diagnostics.first().map_or("", |first| &first.message);
                write!(f, "the configuration has {errors} errors, the first: {first}")
            }
            Self::Violated(failure) => {
                let first = failure.diagnostics.first().map_or("", |first| &first.message);
                write!(f, "the policy does not keep what it promises: {first}")
            }
            Self::Widens { plan, digest } => {
                write!(f, "{}; accept exactly this change with {digest}", plan.verdict())
            }
            Self::Busy => f.write_str("the shards are behind; nothing was done, try again"),
            Self::Unconfirmed => f.write_str(
                "a shard has not confirmed the new policy in time; it does so before it moves \
                 another packet",
            ),
            Self::Interrupted => f.write_str("the relay stops"),
        }
    }
}

impl std::error::Error for Refused {}
