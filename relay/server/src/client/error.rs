//! Why a call came to nothing.

use std::fmt;

use crate::api::Problem;

/// Why a call came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientError {
    /// Nothing answers there.
    Unreachable {
        /// The socket or address.
        target: String,
        /// What the system said.
        reason: String,
    },
    /// The relay said no.
    Problem(Box<Problem>),
    /// What answers there does not speak as a relay does.
    Garbled(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { target, reason } => write!(
                f,
                "no relay answers at {target}: {reason}\n\
                 Is it running? If it listens elsewhere, say so with --socket or --config."
            ),
            Self::Problem(problem) => problem.fmt(f),
            Self::Garbled(what) => write!(f, "this is not an answer of a relay: {what}"),
        }
    }
}

impl std::error::Error for ClientError {}
