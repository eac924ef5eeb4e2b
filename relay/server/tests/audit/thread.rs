//! The thread that writes: floods, a disk that fails and comes back, and the end.

use std::fs;
use std::time::{Duration, Instant};

use ringfence::audit::{AuditThread, ChainError, Record, RefusedBy, Who};
use serde_json::Value;

use crate::trails::{Folder, joined, key};

const FSYNC: Duration = Duration::from_millis(10);
const ANCHOR: Duration = Duration::from_secs(3_600);

fn start(folder: &Folder) -> AuditThread {
    AuditThread::start(folder.signed(), 1, FSYNC, ANCHOR).unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn lines(folder: &Folder) -> Vec<Value> {
    let text = fs::read_to_string(folder.live()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(folder: &Folder, event: &str) -> Vec<Value> {
    lines(folder).into_iter().filter(|line| line["event"] == event).collect()
}

fn refused() -> Record {
    let who = Who::Party { tenant: "acme".into(), meeting: None, party: "zoe".into() };
    let by = RefusedBy { rule: "unknown_address".into(), place: None, region: None };
    Record::ClientRefused { who, address: "127.9.0.1:9".into(), by }
}

#[test]
fn what_is_recorded_reaches_the_disk_without_being_asked() {
    let folder = Folder::new();
    let thread = start(&folder);
    let audit = thread.audit();
    audit.record(joined(1));
    wait_until("sealed", || audit.status().unwrap().sealed_seq == 1);
    assert_eq!(folder.verdict().unsealed_lines, 0);
}

#[test]
fn a_close_writes_what_waits_and_signs_it() {
    let folder = Folder::new();
    let mut thread = start(&folder);
    for number in 0..1_000 {
        thread.audit().record(joined(number));
    }
    thread.stop().unwrap();
    let verdict = folder.verdict_by(Some(key().public()));
    assert_eq!((verdict.whole, verdict.lines, verdict.signed_seq), (true, 1_001, 1_000));
    assert_eq!((verdict.unsealed_lines, verdict.torn_bytes), (0, 0));
    thread.audit().record(joined(1));
    assert_eq!(thread.audit().status().unwrap().lost, 1, "nobody is there any more");
}

#[test]
fn anchors_come_by_time_while_there_is_something_to_sign() {
    let folder = Folder::new();
    let often = Duration::from_millis(20);
    let thread = AuditThread::start(folder.signed(), 1, FSYNC, often).unwrap();
    for number in 1..=3 {
        thread.audit().record(joined(number));
        let all = usize::try_from(number).unwrap();
        wait_until("signed", || events(&folder, "anchor").len() == all);
    }
}

#[test]
fn a_flood_of_refusals_is_counted_into_few_lines() {
    let folder = Folder::new();
    let mut thread = start(&folder);
    let audit = thread.audit();
    for _ in 0..10_000 {
        audit.record(refused());
    }
    audit.record(joined(1));
    thread.stop().unwrap();
    let written = events(&folder, "client_refused").len();
    let counts = events(&folder, "suppressed");
    let counted: u64 = counts.iter().map(|line| line["count"].as_u64().unwrap()).sum();
    assert_eq!(written as u64 + counted, 10_000);
    assert!(written < 5_000, "{written}");
    assert_eq!(events(&folder, "joined").len(), 1, "what strangers cannot cause is not held back");
    assert_eq!(audit.status().unwrap().suppressed, counted);
}

#[test]
fn a_disk_that_fails_is_told_and_the_chain_goes_on_when_it_is_back() {
    let folder = Folder::new();
    let mut thread = start(&folder);
    let audit = thread.audit();
    audit.record(joined(1));
    wait_until("sealed", || audit.status().unwrap().sealed_seq == 1);
    // Nothing can take the place of a folder that is not empty.
    let aside = folder.path().join("aside");
    fs::rename(folder.head(), &aside).unwrap();
    fs::create_dir_all(folder.head().join("full")).unwrap();
    audit.record(joined(2));
    wait_until("failed", || audit.status().unwrap().failure.is_some());
    for number in 3..6 {
        audit.record(joined(number));
    }
    wait_until("lost", || audit.status().unwrap().lost == 3);
    fs::remove_dir_all(folder.head()).unwrap();
    fs::rename(&aside, folder.head()).unwrap();
    wait_until("back", || audit.status().unwrap().failure.is_none());
    thread.stop().unwrap();
    let [lost] = &events(&folder, "lost")[..] else { panic!("{:?}", lines(&folder)) };
    assert_eq!((&lost["count"], &lost["cause"]), (&3.into(), &"disk".into()));
    assert_eq!(events(&folder, "joined").len(), 2);
    assert!(folder.verdict().whole);
}

#[test]
fn a_trail_that_is_gone_is_not_begun_again() {
    let folder = Folder::new();
    let mut thread = start(&folder);
    let audit = thread.audit();
    audit.record(joined(1));
    wait_until("sealed", || audit.status().unwrap().sealed_seq == 1);
    for name in folder.names() {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    // The head that comes with the next lines names them; the lines before are missing.
    audit.record(joined(2));
    wait_until("sealed", || audit.status().unwrap().sealed_seq == 2);
    thread.stop().unwrap();
    assert!(!folder.verdict().whole);
}

#[test]
fn no_thread_starts_on_a_damaged_trail() {
    let folder = Folder::with_lines(3);
    fs::write(folder.live(), "").unwrap();
    let error = AuditThread::start(folder.settings(), 1, FSYNC, ANCHOR).unwrap_err();
    assert!(matches!(error, ChainError::Cut(..)), "{error}");
}
