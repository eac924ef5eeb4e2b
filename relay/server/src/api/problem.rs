//! Problem details (RFC 9457): what every call that fails answers with.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::select::NotOfferedSite;
use crate::plan_document::PlanDocument;

/// Problem details (RFC 9457). `code` is stable; the texts are for people and may change.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Stable name of the kind of problem, in snake_case; where a fence refused, the rule's.
    pub code: String,
    /// The kind of problem in a few words.
    #[schema(value_type = String)]
    pub title: Box<str>,
    /// What is wrong in this case, and what to do about it.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// The rule by which a fence refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub rule: Option<Box<str>>,
    /// Where that rule is written, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub place: Option<Box<str>>,
    /// The sites that are not offered, where none is.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<NotOfferedSite>)]
    pub refused_sites: Box<[NotOfferedSite]>,
    /// What a configuration or a change of it was refused for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ChangeRefused>)]
    pub change: Option<Box<ChangeRefused>>,
}

/// What a configuration or a change of it was refused for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct ChangeRefused {
    /// Every error of the configuration, as `check-config --json` shows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub errors: Vec<Value>,
    /// Digest of the change that widens a fence, which whoever accepts it must name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What that change would open and close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)?;
        match &self.place {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}
