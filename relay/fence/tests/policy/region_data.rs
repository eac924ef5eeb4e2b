//! Regions that take their prefixes from a data file by label.

use std::net::IpAddr;
use std::sync::Arc;

use ringfence_fence::draft::RegionData;
use ringfence_fence::label_table::{LabelTable, Labels};
use ringfence_fence::{FileId, Origin, Policy, PolicyDraft, Rule};

use super::drafts::{EPOCH, compiled, names, nets, region, world};

/// Lines 6 to 9 of the second file.
const DATA: [(&str, &str); 4] =
    [("81.0.0.0/16", "DE"), ("82.0.0.0/8", "FR"), ("83.0.0.0/8", "CN"), ("2a01::/16", "FR")];

fn data() -> RegionData {
    let mut table = LabelTable::new(Labels::default());
    for (net, label) in DATA {
        let label = table.labels_mut().intern(label).unwrap();
        table.push(net.parse().unwrap(), label).unwrap();
    }
    RegionData { file: FileId(1), first_line: 6, table: Arc::new(table) }
}

/// Europe takes two labels of the data; CN is nobody's.
fn with_labels() -> PolicyDraft {
    let mut draft = world();
    draft.region_data = Some(data());
    draft.regions[0].labels = names(12, &["DE", "FR"]);
    draft
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn in_data(line: u32) -> Origin {
    Origin { file: FileId(1), line, start: 0, end: 0 }
}

/// The code and place of the one error.
fn error(draft: &PolicyDraft) -> (&'static str, Origin) {
    let errors = Policy::compile(draft, EPOCH).expect_err("this draft is wrong");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].help.is_some() || !errors[0].related.is_empty(), "{errors:#?}");
    (errors[0].code, errors[0].origin)
}

#[test]
fn a_region_has_its_prefixes_and_those_of_its_labels_and_no_others() {
    let policy = compiled(&with_labels());
    for inside in ["127.1.0.1", "81.0.9.9", "82.255.0.1", "2a01::1", "2a00::1"] {
        assert_eq!(policy.locate(ip(inside)), Ok(policy.region_id("europe").unwrap()), "{inside}");
    }
    for outside in ["83.0.0.1", "81.1.0.0", "80.255.255.255", "2a02::1"] {
        let rule = policy.locate(ip(outside)).unwrap_err().rule;
        assert_eq!(rule, Rule::UnknownAddress, "{outside}");
    }
}

#[test]
fn a_prefix_is_found_where_it_was_written() {
    let mut draft = with_labels();
    draft.regions.push(region(60, "office", &["82.1.0.0/16"]));
    let policy = compiled(&draft);
    let place = |text| policy.prefix(ip(text)).map(|found| (found.net.to_string(), found.origin));
    assert_eq!(place("82.0.0.1"), Some(("82.0.0.0/8".to_owned(), in_data(7))));
    assert_eq!(place("2a01::"), Some(("2a01::/16".to_owned(), in_data(9))));
    assert_eq!(place("82.1.0.1"), Some(("82.1.0.0/16".to_owned(), super::drafts::on(61))));
    assert_eq!(place("::ffff:127.1.49.1").map(|(net, _)| net), Some("127.1.49.0/24".to_owned()));
    assert_eq!(place("83.0.0.1"), None, "no region uses its label");
}

#[test]
fn the_longer_prefix_wins_whichever_file_it_is_in() {
    let mut draft = with_labels();
    draft.regions.push(region(60, "office", &["82.1.0.0/16", "81.0.0.0/8"]));
    let policy = compiled(&draft);
    let name = |text| policy.region_name(policy.locate(ip(text)).unwrap()).to_owned();
    assert_eq!(
        [name("82.1.0.1"), name("81.0.0.1"), name("81.9.0.1")],
        ["office", "europe", "office"]
    );
}

#[test]
fn a_prefix_of_the_file_and_the_configuration_is_there_twice() {
    let mut draft = with_labels();
    draft.regions[1].cidrs = nets(13, &["82.0.0.0/8"]);
    assert_eq!(error(&draft), ("duplicate_prefix", super::drafts::on(13)));
    draft.regions[1].cidrs = nets(13, &["83.0.0.0/8"]);
    compiled(&draft); // nobody's in the file
}

#[test]
fn a_label_that_is_unknown_or_used_twice_is_an_error() {
    let mut draft = with_labels();
    draft.regions[1].labels = names(13, &["DEU"]);
    assert_eq!(error(&draft), ("unknown_label", super::drafts::on(13)));
    draft.regions[1].labels = names(13, &["DE"]);
    assert_eq!(error(&draft), ("duplicate_label", super::drafts::on(13)));
    draft.regions[1].labels.clear();
    draft.region_data = None;
    let codes: Vec<_> = Policy::compile(&draft, EPOCH).unwrap_err();
    assert!(codes.iter().all(|error| error.code == "no_region_data") && codes.len() == 2);
}

#[test]
fn a_region_with_labels_alone_is_not_empty() {
    let mut draft = with_labels();
    draft.regions[2].cidrs.clear();
    assert_eq!(error(&draft).0, "empty_region");
    draft.regions[2].labels = names(15, &["CN"]);
    let policy = compiled(&draft);
    assert_eq!(policy.locate(ip("83.1.1.1")), Ok(policy.region_id("china").unwrap()));
}
