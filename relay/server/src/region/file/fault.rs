//! What is wrong with a region data file.

use std::fmt;

/// The first thing that is wrong, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Stable name of the kind of fault, in snake_case.
    pub code: &'static str,
    /// Line, counted from 1.
    pub line: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do next.
    pub help: &'static str,
}

/// What to do about a file that is not as it was written.
pub(super) const FETCH_AGAIN: &str =
    "copy the file again, or make it anew with `ringfence region build`";
/// What to do about a file that was written by hand.
pub(super) const BUILD: &str =
    "make the file with `ringfence region build`, which sorts and checks";

impl Fault {
    pub(super) fn new(code: &'static str, line: usize, message: impl Into<String>) -> Self {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Self { code, line, message: message.into(), help: BUILD }
    }

    pub(super) fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}; {}", self.line, self.message, self.help)
    }
}

impl std::error::Error for Fault {}
