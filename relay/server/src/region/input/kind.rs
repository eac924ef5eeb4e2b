//! The forms in which lists come.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

/// The form of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Kind {
    /// A prefix and a label on each line.
    Cidr,
    /// First address, last address, label; addresses as numbers or written out.
    Csv,
    /// A MaxMind database.
    Mmdb,
    /// Statistics of a regional Internet registry, `delegated-…-extended`.
    Rir,
}

/// Stands before the metadata of a MaxMind database (MaxMind DB file format 2.0, "Database
/// Metadata"), in its last 128 KiB.
const MMDB_MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
const MMDB_METADATA_BYTES_MAX: usize = 128 << 10;

impl Kind {
    /// The form that a list seems to have.
    pub fn of(bytes: &[u8]) -> Self {
        let end = &bytes[bytes.len().saturating_sub(MMDB_METADATA_BYTES_MAX)..];
        if end.windows(MMDB_MARKER.len()).any(|window| window == MMDB_MARKER) {
            return Self::Mmdb;
        }
        let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
        match first.unwrap_or_default() {
            line if line.contains(&b'|') => Self::Rir,
            line if line.contains(&b',') => Self::Csv,
            _ => Self::Cidr,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Cidr => "cidr",
            Self::Csv => "csv",
            Self::Mmdb => "mmdb",
            Self::Rir => "rir",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = fmt::Error;

    fn from_str(text: &str) -> Result<Self, fmt::Error> {
        Self::value_variants().iter().copied().find(|kind| kind.word() == text).ok_or(fmt::Error)
    }
}
