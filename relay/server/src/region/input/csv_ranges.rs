//! Ranges as comma-separated values (RFC 4180): first address, last address, label, and perhaps more.
//!
//! The form of Debian's tor-geoipdb, with IPv4 addresses as numbers, and of most free databases.
//! A row with a prefix in its first column has its label in the second.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord, Trim};
use ipnet::IpNet;

use super::{BadInput, Rows, shown};

/// Labels that say that nobody knows: of tor-geoipdb, of other databases, and none at all.
const NOWHERE: [&str; 4] = ["??", "-", "ZZ", ""];

pub(super) fn read(bytes: &[u8], rows: &mut Rows<'_>) -> Result<(), BadInput> {
    let mut reader = ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).trim(Trim::All).comment(Some(b'#'));
    let mut reader = reader.from_reader(bytes);
    let mut record = StringRecord::new();
    let mut is_first = true;
    while reader.read_record(&mut record).map_err(|error| unreadable(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let is_heading = std::mem::take(&mut is_first) && !starts_with_address(&record);
        if !is_heading {
            add(&record, line, rows)?;
        }
    }
    Ok(())
}

fn add(record: &StringRecord, line: usize, rows: &mut Rows<'_>) -> Result<(), BadInput> {
    let column = |at: usize| {
        let help = "a row is: first address, last address, label";
        record.get(at).ok_or_else(|| BadInput::at(line, "this row is too short", help))
    };
    if let Ok(net) = IpNet::from_str(column(0)?) {
        let label = column(1)?;
        return if is_known(label) { rows.add_prefix(line, net.trunc(), label) } else { Ok(()) };
    }
    let (first, last) = (address(column(0)?, line)?, address(column(1)?, line)?);
    let label = column(2)?;
    if is_known(label) { rows.add_range(line, first, last, label) } else { Ok(()) }
}

fn is_known(label: &str) -> bool {
    !NOWHERE.contains(&label)
}

fn starts_with_address(record: &StringRecord) -> bool {
    record.get(0).is_some_and(|text| parse(text).is_some() || IpNet::from_str(text).is_ok())
}

fn address(text: &str, line: usize) -> Result<IpAddr, BadInput> {
    parse(text).ok_or_else(|| {
        let message = format!("`{}` is not an address", shown(text));
        BadInput::at(line, message, "write addresses out, or IPv4 addresses as numbers")
    })
}

/// An address, or an IPv4 address as a number.
fn parse(text: &str) -> Option<IpAddr> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok().map(|number| Ipv4Addr::from_bits(number).into()),
        false => text.parse().ok(),
    }
}

fn unreadable(error: &csv::Error) -> BadInput {
    let line = error.position().map_or(1, csv::Position::line);
    let line = usize::try_from(line).unwrap_or(usize::MAX);
    BadInput::at(line, "this row is not text in columns", "save the file as UTF-8")
}
