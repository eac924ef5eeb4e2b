//! The header of a region data file.

use std::fmt;
use std::str::FromStr;

use super::super::date::Date;
use super::super::digest::Sha256Sum;
use super::super::input::Kind;
use super::SOURCES_MAX;
use super::fault::{FETCH_AGAIN, Fault};

/// The first line, with the version of the format.
pub const MAGIC: &str = "# ringfence region data 1";
/// Characters of a source's name that are kept.
const NAME_CHARS_MAX: usize = 120;

/// What a file says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// What it was made of, in this order.
    pub sources: Vec<Source>,
    /// The day of that data.
    pub date: Date,
    /// How many prefixes follow.
    pub prefixes: u32,
    /// Checksum of the lines that follow.
    pub sha256: Sha256Sum,
}

/// A list that went into a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Of what form it was.
    pub kind: Kind,
    /// Its checksum.
    pub sha256: Sha256Sum,
    /// Its file name, without the folder.
    pub name: String,
}

impl Source {
    /// A source; of its name what fits on a line.
    pub fn new(kind: Kind, sha256: Sha256Sum, name: &str) -> Self {
        let plain = |c: char| if c.is_control() { '?' } else { c };
        Self { kind, sha256, name: name.chars().take(NAME_CHARS_MAX).map(plain).collect() }
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        let (sha256, name) = rest.split_once(' ')?;
        let source = Self::new(kind.parse().ok()?, sha256.parse().ok()?, name);
        (source.name == name && !name.is_empty()).then_some(source)
    }
}

impl Header {
    /// Reads it from the lines of a file, each with its number, and leaves what follows.
    pub(super) fn take<'t>(
        lines: &mut impl Iterator<Item = (usize, &'t str)>,
    ) -> Result<Self, Fault> {
        let mut next = || lines.next().ok_or_else(|| cut_short(1));
        let (_, first) = next()?;
        if first != MAGIC {
            let message = format!("this is not region data: its first line is not `{MAGIC}`");
            return Err(Fault::new("region_data_header", 1, message));
        }
        let (mut sources, mut line) = (Vec::new(), next()?);
        while let Some(source) = line.1.strip_prefix("# source: ") {
            let source = Source::parse(source).filter(|_| sources.len() < SOURCES_MAX);
            sources.push(source.ok_or_else(|| wrong("source", line.0))?);
            line = next()?;
        }
        let date = value("date", line)?;
        let prefixes = value("prefixes", next()?)?;
        let sha256 = value("sha256", next()?)?;
        Ok(Self { sources, date, prefixes, sha256 })
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}")?;
        for Source { kind, sha256, name } in &self.sources {
            writeln!(f, "# source: {kind} {sha256} {name}")?;
        }
        let Self { date, prefixes, sha256, .. } = self;
        write!(f, "# date: {date}\n# prefixes: {prefixes}\n# sha256: {sha256}\n")
    }
}

/// The value of the line that must be there next.
fn value<T: FromStr>(key: &str, (number, line): (usize, &str)) -> Result<T, Fault> {
    let text = line.strip_prefix("# ").and_then(|line| line.strip_prefix(key)?.strip_prefix(": "));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| wrong(key, number))
}

fn wrong(key: &str, line: usize) -> Fault {
    let message = format!("the header has no good `# {key}: …` here");
    Fault::new("region_data_header", line, message)
}

pub(super) fn cut_short(line: usize) -> Fault {
    Fault::new("truncated", line, "the file ends within its header").help(FETCH_AGAIN)
}
