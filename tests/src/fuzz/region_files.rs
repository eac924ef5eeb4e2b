//! Region data: a file that is taken is one that we could have written, byte for byte; and what is built
//! of other people's lists says of each address what the list's longest prefix says.

use std::cmp::Reverse;
use std::net::IpAddr;

use ipnet::IpNet;
use ringfence::region::build::{LabelMap, NotBuilt, Prefer, build};
use ringfence::region::date::Date;
use ringfence::region::digest::Sha256Sum;
use ringfence::region::file::{self, Header, RegionFile};
use ringfence::region::input::{self, Found, Reading, Rows};
use ringfence_fence::label_table::{LabelId, LabelTable, Labels};

/// Prefixes of a table that are compared with the lists.
const COMPARED_MAX: usize = 64;

/// The bytes as a file, as what stands behind a file's header, and as a list.
pub(super) fn run(bytes: &[u8]) {
    as_file(bytes);
    as_file(&[header_of(bytes).to_string().as_bytes(), bytes].concat());
    as_list(bytes);
}

fn as_file(bytes: &[u8]) {
    match file::read(bytes) {
        Ok(RegionFile { header, table, .. }) => {
            let again = file::to_text(header.sources, header.date, &table);
            assert_eq!(again.expect("few prefixes").as_bytes(), bytes);
            each_address_once(&table);
        }
        Err(fault) => {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&(fault.line as usize)), "{fault} of {lines}");
            assert!(!fault.message.is_empty() && !fault.help.is_empty());
        }
    }
}

/// The header that makes of these lines a whole file, if anything does.
fn header_of(lines: &[u8]) -> Header {
    let count = lines.iter().filter(|byte| **byte == b'\n').count();
    Header {
        sources: Vec::new(),
        date: "2026-11-22".parse::<Date>().expect("a date"),
        prefixes: u32::try_from(count).expect("few lines"),
        sha256: Sha256Sum::of(lines),
    }
}

fn each_address_once(table: &LabelTable) {
    for pair in table.prefixes().windows(2) {
        let [(first, _), (second, _)] = [pair[0], pair[1]];
        assert!(bounds(first) < bounds(second), "{first} before {second}");
        let same_family = first.addr().is_ipv4() == second.addr().is_ipv4();
        assert!(!same_family || bounds(first).1 < bounds(second).0, "{first} and {second}");
    }
}

fn as_list(bytes: &[u8]) {
    let mut rows = Rows::new(|_| ());
    let reading = Reading { label: Some("XX".to_owned()), ..Reading::default() };
    match input::read(bytes, &reading, &mut rows) {
        Err(bad) => assert!(!bad.message.is_empty() && !bad.help.is_empty()),
        Ok(_) => {
            let (labels, found) = rows.into_parts();
            built(&labels, &found);
        }
    }
}

fn built(labels: &Labels, found: &[Found]) {
    let none = LabelMap::default();
    let table = match build(labels, found.to_vec(), &none, Prefer::First) {
        Ok(built) => built.table,
        Err(NotBuilt::Nothing) => return,
        Err(other) => panic!("{other} although the first is preferred"),
    };
    each_address_once(&table);
    for (net, label) in table.prefixes().iter().take(COMPARED_MAX) {
        for ip in [net.network(), net.broadcast()] {
            let said = said_of(ip, found).any(|id| labels.name(id) == table.labels().name(*label));
            assert!(said, "no list says {} of {ip}", table.labels().name(*label));
        }
    }
    let text = file::to_text(Vec::new(), header_of(b"").date, &table).expect("few prefixes");
    let read = file::read(text.as_bytes()).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
    assert_eq!(read.table.prefixes().len(), table.prefixes().len());
}

/// What the first row with the longest prefix says. A list may have several rows on one line.
fn said_of(ip: IpAddr, found: &[Found]) -> impl Iterator<Item = LabelId> {
    let over = found.iter().filter(move |found| found.net.contains(&ip));
    let rank = |found: &Found| (Reverse(found.net.prefix_len()), found.row);
    let first = over.clone().map(rank).min();
    over.filter(move |found| Some(rank(found)) == first).map(|found| found.label)
}

/// First and last address; IPv4 sorts below IPv6.
fn bounds(net: IpNet) -> (IpAddr, IpAddr) {
    (net.network(), net.broadcast())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this the target could hold by refusing everything.
    #[test]
    fn good_lines_behind_the_header_are_a_file_and_good_rows_are_a_list() {
        let lines = b"81.0.0.0/16 DE\n2a01::/32 FR\n";
        let whole = [header_of(lines).to_string().as_bytes(), lines].concat();
        assert!(file::read(&whole).is_ok());
        run(lines);
        let mut rows = Rows::new(|_| ());
        input::read(lines, &Reading::default(), &mut rows).unwrap();
        assert_eq!(rows.into_parts().1.len(), 2);
    }
}
