//! Other people's lists of which address is where.

mod cidr_list;
mod csv_ranges;
mod kind;
mod mmdb;
mod rir;
mod rows;

use std::fmt;

pub use kind::Kind;
pub use mmdb::LabelPath;
pub use rows::{Found, Row, Rows};

/// Bytes of a list; the largest databases of cities have a tenth of it.
pub const INPUT_BYTES_MAX: u64 = 1 << 30;

/// How to read a list.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Of what form it is; without, what it looks like.
    pub kind: Option<Kind>,
    /// The label of a list of prefixes that has none of its own.
    pub label: Option<String>,
    /// Where in a record of an mmdb the label is.
    pub label_path: LabelPath,
}

/// Why a list cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadInput {
    /// Line, counted from 1, in a list that has lines.
    pub line: Option<u32>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do next.
    pub help: &'static str,
}

/// Reads a list. `tell` gets the number of rows now and then.
///
/// # Errors
/// The first row that cannot be read, a list that is cut short, or one that says nothing.
pub fn read(bytes: &[u8], reading: &Reading, rows: &mut Rows<'_>) -> Result<Kind, BadInput> {
    let kind = reading.kind.unwrap_or_else(|| Kind::of(bytes));
    let before = rows.len();
    match kind {
        Kind::Mmdb => mmdb::read(bytes, &reading.label_path, rows)?,
        Kind::Cidr => cidr_list::read(text(bytes)?, reading.label.as_deref(), rows)?,
        Kind::Csv => csv_ranges::read(bytes, rows)?,
        Kind::Rir => rir::read(text(bytes)?, rows)?,
    }
    if rows.len() == before {
        let help = "is it the right file? `--kind` says how to read it";
        return Err(BadInput::whole("it says of no address where it is", help));
    }
    Ok(kind)
}

fn text(bytes: &[u8]) -> Result<&str, BadInput> {
    std::str::from_utf8(bytes).map_err(|error| {
        let read = bytes.iter().take(error.valid_up_to());
        let line = read.filter(|byte| **byte == b'\n').count() + 1;
        BadInput::at(line, "this is not text", "`--kind` says how to read the file")
    })
}

/// The lines of a text with their numbers, without blank ones and comments.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

impl BadInput {
    fn at(line: usize, message: impl Into<String>, help: &'static str) -> Self {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Self { line: Some(line), ..Self::whole(message, help) }
    }

    fn whole(message: impl Into<String>, help: &'static str) -> Self {
        Self { line: None, message: message.into(), help }
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for BadInput {}

/// A piece of a list, fit for a message.
fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    text.escape_debug().take(SHOWN_CHARS_MAX).collect()
}
