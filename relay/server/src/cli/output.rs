//! For whom results are written, and the writing.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde_json::Value;

use super::exit;

/// How results and errors are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutputMode {
    /// Tables and sentences.
    Human {
        /// Whether standard output takes colour: it is a terminal and `NO_COLOR` is not set.
        color: bool,
    },
    /// One JSON value on standard output, errors as one on standard error.
    Json,
}

impl OutputMode {
    /// What the command line, the environment (no-color.org) and the terminal ask for.
    pub fn detect(json: bool) -> Self {
        match json {
            true => Self::Json,
            false => Self::Human { color: color_wanted() && io::stdout().is_terminal() },
        }
    }

    /// Whether it is for programs.
    pub fn is_json(self) -> bool {
        self == Self::Json
    }

    /// Writes a result: the value, or what `human` makes for people, in colour if it may.
    pub(super) fn show(self, value: &Value, human: impl FnOnce(bool) -> String) -> ExitCode {
        match self {
            Self::Json => print(&format!("{value:#}\n")),
            Self::Human { color } => print(&human(color)),
        }
    }
}

/// Writes to standard output. A reader that has had enough (`| head`) is no error.
pub(super) fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => exit::code(exit::INPUT_OUTPUT),
        _ => ExitCode::SUCCESS,
    }
}

/// Writes to standard error, where there is nobody else to tell of a failure.
pub(super) fn print_error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether errors may be in colour.
pub(super) fn style_errors() -> bool {
    color_wanted() && io::stderr().is_terminal()
}

/// no-color.org: set and not empty means no.
fn color_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
