//! What is wrong with a policy as written.

use std::fmt;

use crate::Origin;

/// One contradiction in a [`crate::PolicyDraft`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyError {
    /// Stable name of the kind of error, snake_case.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where it was written.
    pub origin: Origin,
    /// The other places that take part, each with what it says.
    pub related: Vec<(Origin, String)>,
    /// What to write instead.
    pub help: Option<String>,
}

impl PolicyError {
    pub(crate) fn new(code: &'static str, origin: Origin, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), origin, related: Vec::new(), help: None }
    }

    pub(crate) fn related(mut self, origin: Origin, label: impl Into<String>) -> Self {
        self.related.push((origin, label.into()));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for PolicyError {}
