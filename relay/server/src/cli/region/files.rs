//! Lists and region data on disk.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use super::super::failure::Failure;
use super::super::output::print_error;
use crate::region::file::{self, FILE_BYTES_MAX, RegionFile};
use crate::region::input::{self, INPUT_BYTES_MAX, Kind, Reading, Rows};

/// The whole of a file.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
    read.map_err(|error| unusable(path, &error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(unusable(path, &format!("it is larger than {bytes_max} bytes")));
    }
    Ok(bytes)
}

/// A region data file.
pub(super) fn read_region_data(path: &Path) -> Result<RegionFile, Failure> {
    let bytes = read(path, FILE_BYTES_MAX)?;
    file::read(&bytes).map_err(|fault| {
        let text = format!("{}:{}: {}", path.display(), fault.line, fault.message);
        Failure::region(fault.code, &format!("{text}\n{}", capitalised(fault.help)))
    })
}

/// A list, of which `rows` takes in what it says. Gives its bytes for the checksum.
pub(super) fn read_list(
    path: &Path,
    reading: &Reading,
    rows: &mut Rows<'_>,
) -> Result<(Kind, Vec<u8>), Failure> {
    let bytes = read(path, INPUT_BYTES_MAX)?;
    let kind = input::read(&bytes, reading, rows).map_err(|bad| {
        let line = bad.line.map_or(String::new(), |line| format!(":{line}"));
        let text = format!("{}{line}: {}", path.display(), bad.message);
        Failure::region("bad_input", &format!("{text}\n{}", capitalised(bad.help)))
    })?;
    Ok((kind, bytes))
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = Path::new(&beside);
    let written = write_new(beside, text).and_then(|()| fs::rename(beside, path));
    written.map_err(|error| {
        // What is left of it is of no use, and may not even be there.
        let _ = fs::remove_file(beside);
        Failure::write(&path.display().to_string(), &error)
    })
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::region("unreadable_file", &format!("{} cannot be read: {error}", path.display()))
}

pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).chain(['.']).collect()
}

/// A word of progress that the next one replaces, for who watches.
pub(super) struct Progress {
    is_watched: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_watched: io::stderr().is_terminal() }
    }

    pub(super) fn tell(&self, what: &str) {
        if self.is_watched {
            print_error(&format!("\r\x1b[K{what}"));
        }
    }
}

/// Leaves nothing behind.
impl Drop for Progress {
    fn drop(&mut self) {
        self.tell("");
    }
}
