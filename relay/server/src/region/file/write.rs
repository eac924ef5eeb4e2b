//! Region data to text.

use std::fmt::Write;

use ringfence_fence::label_table::LabelTable;

use super::super::date::Date;
use super::super::digest::Sha256Sum;
use super::header::{Header, Source};

/// The text of a file. `None` for a table with more prefixes than can be counted.
pub fn to_text(sources: Vec<Source>, date: Date, table: &LabelTable) -> Option<String> {
    let mut body = String::new();
    for &(net, label) in table.prefixes() {
        writeln!(body, "{net} {}", table.labels().name(label)).ok()?;
    }
    let prefixes = u32::try_from(table.prefixes().len()).ok()?;
    let sha256 = Sha256Sum::of(body.as_bytes());
    let header = Header { sources, date, prefixes, sha256 };
    Some(format!("{header}{body}"))
}
