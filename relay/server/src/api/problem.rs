//! Problem details (RFC 9457): what every call that fails answers with.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Problem details (RFC 9457). `code` is stable; the texts are for people and may change.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Stable name of the kind of problem, in snake_case; where a fence refused, the rule's.
    pub code: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// What is wrong in this case, and what to do about it.
    pub detail: String,
    /// The rule by which a fence refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub rule: Option<Box<str>>,
    /// Where that rule is written, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub place: Option<Box<str>>,
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
