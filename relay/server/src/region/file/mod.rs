//! A region data file: a header that says what it is made of, then a sorted prefix and its label on
//! each line.
//!
//! ```text
//! # ringfence region data 1
//! # source: csv e3b0c442…b855 geoip
//! # date: 2026-11-22
//! # prefixes: 2
//! # sha256: 4355a46b…31a2
//! 81.0.0.0/16 DE
//! 2a01::/32 FR
//! ```
//!
//! The checksum is that of all lines behind the header, `tail -n +6 FILE | sha256sum` here, so that
//! a file that was cut short or changed by hand is not taken for whole.

mod fault;
mod header;
mod read;
mod write;

pub use fault::Fault;
pub use header::{Header, MAGIC, Source};
pub use read::{RegionFile, read};
pub use write::to_text;

/// Bytes of a region data file: room for [`super::PREFIXES_MAX`] long lines.
pub const FILE_BYTES_MAX: u64 = 256 << 20;
/// Files that one region data file is made of.
pub const SOURCES_MAX: usize = 64;
