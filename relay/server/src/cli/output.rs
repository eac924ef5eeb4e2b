//! For whom results are written.

use std::io::IsTerminal;

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
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match json {
            true => Self::Json,
            false => Self::Human { color: !no_color && std::io::stdout().is_terminal() },
        }
    }

    /// Whether it is for programs.
    pub fn is_json(self) -> bool {
        self == Self::Json
    }
}
