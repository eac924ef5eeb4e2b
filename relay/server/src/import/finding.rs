//! What became of one setting. Never holds its value, which may be a secret.

use std::borrow::Cow;

use serde_json::{Value, json};

/// One setting of a turnserver.conf.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its line, counted from 1.
    pub line: usize,
    /// The option, or nothing where the line has none.
    pub option: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a setting, and where to or why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It stands in the new configuration.
    Mapped(Cow<'static, str>),
    /// Nothing is lost without it.
    Ignored(Cow<'static, str>),
    /// What it asks for would not be kept.
    Refused(Cow<'static, str>),
}

impl Outcome {
    pub(super) fn mapped(to: impl Into<Cow<'static, str>>) -> Self {
        Self::Mapped(to.into())
    }

    pub(super) fn ignored(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Ignored(why.into())
    }

    pub(super) fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(why.into())
    }

    /// `mapped`, `ignored` or `refused`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Mapped(_) => "mapped",
            Self::Ignored(_) => "ignored",
            Self::Refused(_) => "refused",
        }
    }

    /// Where it went, or why it did not.
    pub fn detail(&self) -> &str {
        match self {
            Self::Mapped(detail) | Self::Ignored(detail) | Self::Refused(detail) => detail,
        }
    }
}

impl Finding {
    /// As an object with `line`, `option`, `outcome` and `detail`.
    pub fn to_json(&self) -> Value {
        json!({
            "line": self.line,
            "option": self.option,
            "outcome": self.outcome.word(),
            "detail": self.outcome.detail(),
        })
    }
}
