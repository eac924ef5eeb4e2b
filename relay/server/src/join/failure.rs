//! Why a sidecar gave up, and what to do next.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::client::ClientError;

/// An end that nobody asked for.
#[derive(Debug)]
pub(super) struct Failure {
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Refused,
    Usage,
    Unavailable,
    System,
}

impl Failure {
    /// The relay or its fence said no; asking again changes nothing.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::new(Kind::Refused, text)
    }

    /// A wrong command line.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::new(Kind::Usage, text)
    }

    /// Nobody answers, at the moment.
    pub(super) fn unavailable(text: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, text)
    }

    /// The system refused an address or the like.
    pub(super) fn system(what: &str, error: &io::Error) -> Self {
        Self::new(Kind::System, format!("cannot get {what}: {error}"))
    }

    /// Whether the same may work in a while.
    pub(super) fn may_pass(&self) -> bool {
        self.kind == Kind::Unavailable
    }

    /// Stable name, in snake_case.
    pub(super) fn code(&self) -> &'static str {
        match self.kind {
            Kind::Refused => "refused",
            Kind::Usage => "usage",
            Kind::Unavailable => "unavailable",
            Kind::System => "system",
        }
    }

    /// As in `ringfence --help`: those of sysexits(3) where one fits.
    pub(super) fn exit(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            Kind::Refused => 1,
            Kind::Usage => 2,
            Kind::Unavailable => 69,
            Kind::System => 71,
        })
    }

    fn new(kind: Kind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind, text }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        match &error {
            ClientError::Unreachable { .. } => Self::unavailable(text),
            ClientError::Garbled(_) => Self::refused(text),
            ClientError::Problem(problem) if problem.status >= 500 || problem.status == 429 => {
                Self::unavailable(text)
            }
            ClientError::Problem(problem) if problem.code == "participant_exists" => {
                Self::refused(format!("{text}\nTo take its place, say --replace."))
            }
            ClientError::Problem(_) => Self::refused(text),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}
