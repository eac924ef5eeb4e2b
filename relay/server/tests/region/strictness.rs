//! A file that is not exactly what was written is not taken, and what is wrong is told by its line.

use proptest::prelude::*;
use ringfence::region::file::{Fault, read};

use crate::workshop::region_data;

const DATE: &str = "2026-11-01";
const LINES: [&str; 4] = ["81.0.0.0/16 DE", "82.0.0.0/8 FR", "2a01::/32 DE", "2a01:1::/32 FR"];

fn good() -> String {
    region_data(DATE, &LINES)
}

fn fault(text: &str) -> Fault {
    read(text.as_bytes()).expect_err(text)
}

/// The code and the line of what is wrong with a file of these lines.
fn fault_of(lines: &[&str]) -> (&'static str, u32) {
    let fault = fault(&region_data(DATE, lines));
    assert!(!fault.help.is_empty() && !fault.message.contains('\n'));
    (fault.code, fault.line)
}

#[test]
fn a_whole_file_is_read_as_it_stands() {
    let file = read(good().as_bytes()).unwrap();
    assert_eq!((file.header.prefixes, file.first_line, file.date_line()), (4, 5, 2));
    assert_eq!(file.header.date.to_string(), DATE);
    let labels = file.table.labels();
    let lines =
        file.table.prefixes().iter().map(|&(net, label)| format!("{net} {}", labels.name(label)));
    assert_eq!(lines.collect::<Vec<_>>(), LINES);
}

#[test]
fn each_line_has_a_good_prefix_in_its_place_and_a_label() {
    for (line, code) in [
        ("83.0.0.0/33 DE", "bad_prefix"),
        ("83.0.0.0 DE", "bad_prefix"),
        // In another way than we write it.
        ("2a02:0::/32 DE", "bad_prefix"),
        ("", "bad_prefix"),
        ("# a comment", "bad_prefix"),
        (" 83.0.0.0/8 DE", "bad_prefix"),
        ("83.0.0.0/8", "bad_label"),
        ("83.0.0.0/8 ", "bad_label"),
        ("83.0.0.0/8 DE ", "bad_label"),
        ("83.0.0.0/8  DE", "bad_label"),
        ("83.0.0.0/8 D E", "bad_label"),
        ("83.0.0.0/8 -E", "bad_label"),
        ("83.0.0.0/8 DE\r", "bad_label"),
        ("83.1.0.0/8 DE", "host_bits"),
        ("82.0.0.0/8 DE", "duplicate_prefix"),
        ("82.1.0.0/16 DE", "overlapping_prefix"),
        ("80.0.0.0/8 DE", "out_of_order"),
        ("82.0.0.0/7 DE", "out_of_order"),
        ("224.0.0.0/8 DE", "refused_space"),
        ("2002::/16 DE", "refused_space"),
        ("83.0.0.0/8 FR", "not_minimal"),
    ] {
        assert_eq!(fault_of(&["81.0.0.0/16 DE", "82.0.0.0/8 FR", line]), (code, 7), "{line:?}");
    }
    let long = format!("83.0.0.0/8 {}", "x".repeat(65));
    assert_eq!(fault_of(&[&long]), ("bad_label", 5));
}

#[test]
fn a_file_that_is_empty_or_of_something_else_is_refused() {
    for text in ["", "\n", " \n\n"] {
        assert_eq!((fault(text).code, fault(text).line), ("empty_file", 1), "{text:?}");
    }
    assert_eq!(fault_of(&[]).0, "empty_file");
    for text in ["81.0.0.0/16 DE\n", "# ringfence region data 2\n", "{\"a\": 1}\n"] {
        assert_eq!(fault(text).code, "region_data_header", "{text:?}");
    }
    assert_eq!(read(b"# ringfence region data 1\n\xff\n").unwrap_err().code, "not_utf8");
}

#[test]
fn a_header_with_a_line_missing_swapped_or_changed_is_refused() {
    let text = good();
    let lines: Vec<&str> = text.lines().collect();
    for at in 0..4 {
        let without: Vec<&str> = [&lines[..at], &lines[at + 1..]].concat();
        assert_eq!(fault(&(without.join("\n") + "\n")).code, "region_data_header", "without {at}");
    }
    for (from, to) in [
        ("date: 2026-11-01", "date: 2026-11-31"),
        ("date: 2026-11-01", "date: today"),
        ("prefixes: 4", "prefixes: four"),
        ("prefixes: 4", "prefixes: -4"),
        ("# date", "# source: csv 0 x\n# date"),
        ("# sha256: ", "# sha256: 00"),
    ] {
        assert_eq!(fault(&text.replacen(from, to, 1)).code, "region_data_header", "{to}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let text = good();
    for length in 0..text.len() {
        let fault = fault(&text[..length]);
        let codes = ["empty_file", "truncated", "region_data_header"];
        assert!(codes.contains(&fault.code), "{length}: {fault}");
    }
    let without_last = text.rsplit_once("2a01:1").unwrap().0;
    assert_eq!(fault(without_last).code, "truncated");
}

#[test]
fn a_line_that_is_changed_is_noticed_by_the_checksum_at_least() {
    for (from, to) in [("82.0.0.0/8", "82.0.0.0/9"), ("FR", "DE"), ("2a01:1::", "2a01:2::")] {
        let fault = fault(&good().replacen(from, to, 1));
        assert_eq!((fault.code, fault.line), ("region_data_checksum", 4), "{to}");
    }
}

proptest! {
    #[test]
    fn no_flipped_byte_goes_unnoticed(at in 0..1_000_usize, bits in 1..=255_u8) {
        let whole = read(good().as_bytes()).unwrap();
        let mut bytes = good().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= bits;
        match read(&bytes) {
            Err(_) => {}
            // The date is the only thing that can be another good one.
            Ok(changed) => prop_assert!(changed.table == whole.table && changed.header.date != whole.header.date),
        }
    }

    #[test]
    fn garbage_is_refused_in_an_orderly_way(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = [good().as_bytes(), &bytes].concat();
        prop_assert!(bytes.is_empty() || read(&text).is_err());
        prop_assert!(read(&bytes).is_err());
    }
}
