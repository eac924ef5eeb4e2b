//! A trail is taken up where it was left, or not at all.

use std::fs;
use std::io::Write;

use ringfence::audit::{Chain, ChainError, Fault};
use ringfence::timestamp::Moment;

use crate::trails::{Folder, joined, write};

fn last_line(folder: &Folder) -> serde_json::Value {
    let text = fs::read_to_string(folder.live()).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn add(folder: &Folder, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().append(true).open(folder.live()).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_trail_goes_on_where_it_was_left() {
    let folder = Folder::with_lines(5);
    write(folder.settings(), 5);
    let verdict = folder.verdict();
    assert_eq!((verdict.whole, verdict.lines, verdict.last_seq), (true, 10, 10));
}

#[test]
fn an_empty_trail_is_whole_and_goes_on() {
    let folder = Folder::with_lines(0);
    assert!(folder.verdict().whole);
    write(folder.settings(), 1);
    assert_eq!(folder.verdict().last_seq, 1);
}

#[test]
fn lines_behind_the_head_are_not_sealed_yet_and_no_damage() {
    let folder = Folder::with_lines(5);
    let mut chain = Chain::open(folder.settings(), 1).unwrap();
    for number in 0..3 {
        chain.append(Moment::now(), joined(number)).unwrap();
    }
    add(&folder, b"{\"seq\":9,");
    let verdict = folder.verdict();
    assert_eq!((verdict.whole, verdict.unsealed_lines, verdict.torn_bytes), (true, 3, 9));
}

#[test]
fn a_line_that_was_not_written_to_its_end_is_cut_and_told() {
    let folder = Folder::with_lines(5);
    let mut chain = Chain::open(folder.settings(), 1).unwrap();
    chain.append(Moment::now(), joined(6)).unwrap();
    drop(chain);
    add(&folder, b"{\"seq\":7,\0\0");
    write(folder.settings(), 0);
    let line = last_line(&folder);
    assert_eq!((&line["event"], &line["seq"]), (&"recovered".into(), &7.into()));
    assert_eq!((&line["bytes"], &line["lines"]), (&11.into(), &1.into()));
    let verdict = folder.verdict();
    assert_eq!((verdict.whole, verdict.unsealed_lines, verdict.torn_bytes), (true, 0, 0));
}

#[test]
fn nothing_is_added_to_a_damaged_trail() {
    type Damage = fn(&str) -> String;
    let damages: [(&str, Damage); 5] = [
        ("edited", |text| text.replacen("joined", "jolned", 1)),
        ("cut", |text| text[..text.len() / 2].to_owned()),
        ("emptied", |_| String::new()),
        ("last line torn", |text| text[..text.len() - 1].to_owned()),
        ("a foreign line", |text| format!("{text}{{}}\n")),
    ];
    for (name, damage) in damages {
        let folder = Folder::with_lines(5);
        let damaged = damage(&fs::read_to_string(folder.live()).unwrap());
        fs::write(folder.live(), &damaged).unwrap();
        let head = fs::read(folder.head()).unwrap();
        let error = Chain::open(folder.settings(), 1).unwrap_err();
        assert!(matches!(error, ChainError::Damaged(_) | ChainError::Cut(..)), "{name}: {error}");
        assert!(error.to_string().contains("damaged"), "{name}: {error}");
        assert_eq!(fs::read_to_string(folder.live()).unwrap(), damaged, "{name}");
        assert_eq!(fs::read(folder.head()).unwrap(), head, "{name}");
    }
}

#[test]
fn a_trail_without_its_head_is_not_gone_on_with() {
    let folder = Folder::with_lines(5);
    fs::remove_file(folder.head()).unwrap();
    let error = Chain::open(folder.settings(), 1).unwrap_err();
    assert!(matches!(error, ChainError::NoHead(..)), "{error}");
    assert_eq!(folder.faults(), [Fault::HeadLost]);
}

#[test]
fn a_trail_has_one_writer() {
    let folder = Folder::with_lines(1);
    let first = Chain::open(folder.settings(), 1).unwrap();
    let error = Chain::open(folder.settings(), 1).unwrap_err();
    assert!(matches!(error, ChainError::Busy(_)), "{error}");
    drop(first);
    Chain::open(folder.settings(), 1).unwrap();
}
