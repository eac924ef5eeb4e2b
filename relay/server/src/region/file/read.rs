//! Region data from text, strictly: a file that is not exactly as it was written is not taken.

use std::str::FromStr;

use ipnet::IpNet;
use ringfence_fence::label_table::{LabelTable, Misplaced};

use super::super::digest::Sha256Sum;
use super::super::{PREFIXES_MAX, is_label};
use super::fault::{FETCH_AGAIN, Fault};
use super::header::{Header, cut_short};

/// A whole file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegionFile {
    /// What it says of itself; all of it is true.
    pub header: Header,
    /// Line of the first prefix, counted from 1.
    pub first_line: u32,
    /// Its prefixes, at least one.
    pub table: LabelTable,
}

impl RegionFile {
    /// Line of the date in its header, counted from 1.
    pub fn date_line(&self) -> u32 {
        self.first_line.saturating_sub(3)
    }
}

/// Reads a file, of at most [`super::FILE_BYTES_MAX`] bytes.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(bytes: &[u8]) -> Result<RegionFile, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::new("empty_file", 1, "the file is empty").help(FETCH_AGAIN));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_text(bytes, error.valid_up_to()))?;
    let text = text.strip_suffix('\n').ok_or_else(|| cut_off(text))?;
    let mut lines = text.split('\n').enumerate().map(|(at, line)| (at + 1, line));
    let header = Header::take(&mut lines)?;
    let first_line = header.sources.len() + 5;
    let table = read_table(lines, &header)?;
    check_whole(bytes, &header, first_line, &table)?;
    let first_line = u32::try_from(first_line).map_err(|_| cut_short(1))?;
    Ok(RegionFile { header, first_line, table })
}

fn read_table<'t>(
    lines: impl Iterator<Item = (usize, &'t str)>,
    header: &Header,
) -> Result<LabelTable, Fault> {
    let mut table = LabelTable::default();
    for (number, line) in lines {
        if table.prefixes().len() == PREFIXES_MAX {
            let message = format!("there are more than {PREFIXES_MAX} prefixes");
            return Err(Fault::new("too_many", number, message).help("leave some labels out"));
        }
        add(&mut table, number, line)?;
    }
    if table.prefixes().is_empty() && header.prefixes == 0 {
        let message = "there are no prefixes in it, so every address would be unknown";
        return Err(Fault::new("empty_file", 1, message));
    }
    Ok(table)
}

fn add(table: &mut LabelTable, number: usize, line: &str) -> Result<(), Fault> {
    let (prefix, label) = line.split_once(' ').unwrap_or((line, ""));
    // A prefix can be written in several ways, of which one is ours.
    let net = IpNet::from_str(prefix).ok().filter(|net| net.to_string() == prefix);
    let Some(net) = net else {
        let message = format!("`{}` is not a prefix", shown(prefix));
        return Err(Fault::new("bad_prefix", number, message));
    };
    let label = if is_label(label) { table.labels_mut().intern(label) } else { None };
    let Some(label) = label else {
        let message = format!("`{net}` has no label that can be one");
        return Err(Fault::new("bad_label", number, message));
    };
    table.push(net, label).map_err(|misplaced| {
        let fault = Fault::new(code(misplaced), number, format!("`{net}` {misplaced}"));
        match misplaced {
            Misplaced::RefusedSpace => fault.help("take it out: no policy can open it"),
            _ => fault,
        }
    })
}

fn code(misplaced: Misplaced) -> &'static str {
    match misplaced {
        Misplaced::HostBits => "host_bits",
        Misplaced::RefusedSpace => "refused_space",
        Misplaced::Duplicate => "duplicate_prefix",
        Misplaced::Overlap => "overlapping_prefix",
        Misplaced::OutOfOrder => "out_of_order",
        Misplaced::Mergeable => "not_minimal",
        Misplaced::UnknownLabel => "bad_label",
    }
}

/// Counts and checks what the header says of the rest.
fn check_whole(
    bytes: &[u8],
    header: &Header,
    first_line: usize,
    table: &LabelTable,
) -> Result<(), Fault> {
    let found = table.prefixes().len();
    if header.prefixes as usize != found {
        let message = format!("the header promises {} prefixes, here are {found}", header.prefixes);
        return Err(Fault::new("truncated", first_line - 2, message).help(FETCH_AGAIN));
    }
    let behind_header = bytes.splitn(first_line, |byte| *byte == b'\n').last().unwrap_or_default();
    if Sha256Sum::of(behind_header) != header.sha256 {
        let message = "the lines behind the header are not those that the checksum was made of";
        return Err(Fault::new("region_data_checksum", first_line - 1, message).help(FETCH_AGAIN));
    }
    Ok(())
}

fn not_text(bytes: &[u8], at: usize) -> Fault {
    let line = bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    Fault::new("not_utf8", line, "this is not text").help(FETCH_AGAIN)
}

fn cut_off(text: &str) -> Fault {
    let message = "the file ends in the middle of a line";
    Fault::new("truncated", text.split('\n').count(), message).help(FETCH_AGAIN)
}

fn shown(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    text.escape_debug().take(SHOWN_CHARS_MAX).collect()
}
