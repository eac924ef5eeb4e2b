//! Every byte flipped, every line dropped, every pair of neighbours swapped and every tail cut of a
//! trail of ten thousand lines is found.
//!
//! A change of one line can only be seen at that line and the next, so each of the millions is shown
//! to [`Walk`] from behind the line before it; the digests of lines that did not change are kept.
//! A sample of all of them goes through the files and [`verify`] as a whole.

use std::fs;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use ringfence::audit::{Digest, Fault, Head, Link, Malformed, Place, Walk};

use crate::trails::Folder;

const LINES: usize = 10_000;

/// A line as the chain sees it, with a place for its digest to be remembered.
type Read<'a> = Result<Link<'a>, Malformed>;

struct Trail {
    folder: Folder,
    bytes: Vec<u8>,
    /// Where each line begins, and the end.
    starts: Vec<usize>,
    digests: Vec<Digest>,
}

static TRAIL: LazyLock<Trail> = LazyLock::new(|| {
    let folder = Folder::with_lines(LINES as u64);
    let bytes = fs::read(folder.live()).unwrap();
    let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let starts: Vec<usize> = [0].into_iter().chain(breaks.map(|(at, _)| at + 1)).collect();
    assert_eq!(starts.len(), LINES + 1);
    let digests = starts.windows(2).map(|ends| Digest::of(&bytes[ends[0]..ends[1]])).collect();
    Trail { folder, bytes, starts, digests }
});

impl Trail {
    fn line(&self, index: usize) -> &[u8] {
        &self.bytes[self.starts[index]..self.starts[index + 1]]
    }

    fn reads(&self) -> Vec<Read<'_>> {
        (0..LINES).map(|index| Link::read(self.line(index))).collect()
    }

    fn head(&self) -> Head {
        Head { seq: LINES as u64, sha256: self.digests[LINES - 1] }
    }

    /// Behind so many lines that were not changed.
    fn walk_behind(&self, lines: usize, file: &Arc<str>) -> Walk {
        match lines {
            0 => Walk::new(Arc::clone(file), Some(self.head())),
            lines => {
                let place = Place { file: Arc::clone(file), line: lines as u64 };
                Walk::behind(place, lines as u64, self.digests[lines - 1], Some(self.head()))
            }
        }
    }

    /// Whether a change is seen that puts `changed` in place of the lines from `from` on, before the
    /// lines from `rest` on, of which one is enough to see it.
    fn is_found(
        &self,
        from: usize,
        changed: &[Read<'_>],
        rest: &[Read<'_>],
        file: &Arc<str>,
    ) -> bool {
        let mut walk = self.walk_behind(from, file);
        for line in changed.iter().chain(&rest[..rest.len().min(1)]) {
            walk.step(line.as_ref().map_err(|bad| *bad));
        }
        if rest.len() <= 1 {
            walk.finish(false);
        }
        !walk.is_whole()
    }

    /// Whether the files as a whole, with these bytes, are found damaged.
    fn is_found_in_files(&self, bytes: &[u8]) -> bool {
        let folder = Folder::new();
        fs::copy(self.folder.head(), folder.head()).unwrap();
        fs::write(folder.live(), bytes).unwrap();
        !folder.verdict().whole
    }
}

/// Lines of changed bytes. A piece without its line break at the very end is a torn line.
fn pieces(bytes: &[u8]) -> Vec<Read<'_>> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(Link::read).collect()
}

#[test]
fn what_was_not_changed_is_found_whole() {
    let trail = &*TRAIL;
    assert_eq!(trail.folder.verdict().findings, []);
    let file: Arc<str> = "trail".into();
    let reads = trail.reads();
    for index in (0..LINES).step_by(97).chain([LINES - 1]) {
        assert!(!trail.is_found(index, &reads[index..=index], &reads[index + 1..], &file));
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let trail = &*TRAIL;
    let reads = trail.reads();
    let halves = [0..LINES / 2, LINES / 2..LINES];
    let flipped: usize = std::thread::scope(|scope| {
        let threads = halves.map(|half| scope.spawn(|| flip_all(trail, &reads, half)));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(flipped, trail.bytes.len(), "every byte of every line");
}

/// Flips one bit of each byte of these lines, another one from byte to byte; the line breaks too.
fn flip_all(trail: &Trail, reads: &[Read<'_>], lines: std::ops::Range<usize>) -> usize {
    let file: Arc<str> = "trail".into();
    let mut flipped = 0;
    for index in lines {
        let own = trail.line(index).len();
        for at in 0..own {
            // Without its line break a line runs on into the next.
            let is_break = at + 1 == own;
            let end = if is_break { (index + 2).min(LINES) } else { index + 1 };
            let mut bytes = trail.bytes[trail.starts[index]..trail.starts[end]].to_vec();
            bytes[at] ^= 1 << (at % 8);
            let found = trail.is_found(index, &pieces(&bytes), &reads[end..], &file);
            assert!(found, "byte {at} of line {}", index + 1);
            flipped += 1;
        }
    }
    flipped
}

#[test]
fn every_dropped_line_is_found() {
    let trail = &*TRAIL;
    let (reads, file) = (trail.reads(), "trail".into());
    assert!(trail.is_found_in_files(&trail.bytes[trail.starts[1]..]), "the first line");
    for index in 1..LINES {
        assert!(trail.is_found(index, &[], &reads[index + 1..], &file), "line {}", index + 1);
    }
}

#[test]
fn every_swapped_pair_of_neighbours_is_found() {
    let trail = &*TRAIL;
    let (reads, file) = (trail.reads(), "trail".into());
    for index in 0..LINES - 1 {
        let swapped = [reads[index + 1], reads[index]];
        assert!(trail.is_found(index, &swapped, &reads[index + 2..], &file), "line {}", index + 1);
    }
}

#[test]
fn every_cut_tail_is_found() {
    let trail = &*TRAIL;
    let file: Arc<str> = "trail".into();
    for kept in 0..LINES {
        for torn in [false, true] {
            let mut walk = trail.walk_behind(kept, &file);
            walk.finish(torn);
            let (findings, _) = walk.findings();
            assert_eq!(findings[0].fault, Fault::Truncated, "behind line {kept}");
            assert_eq!(findings[0].from_seq, kept as u64 + 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_flip_is_found_in_the_files(at in any::<proptest::sample::Index>(), mask in 1_u8..) {
        let mut bytes = TRAIL.bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        prop_assert!(TRAIL.is_found_in_files(&bytes));
    }

    #[test]
    fn a_cut_at_any_byte_is_found_in_the_files(at in any::<proptest::sample::Index>()) {
        prop_assert!(TRAIL.is_found_in_files(&TRAIL.bytes[..at.index(TRAIL.bytes.len())]));
    }

    #[test]
    fn any_two_swapped_lines_are_found_in_the_files(one in 0..LINES, other in 0..LINES) {
        prop_assume!(one != other);
        let mut order: Vec<usize> = (0..LINES).collect();
        order.swap(one, other);
        let bytes: Vec<u8> = order.iter().flat_map(|&index| TRAIL.line(index)).copied().collect();
        prop_assert!(TRAIL.is_found_in_files(&bytes));
    }

    #[test]
    fn dropped_and_repeated_lines_are_found_in_the_files(line in 0..LINES, many in 1..50_usize) {
        let (from, to) = (TRAIL.starts[line], TRAIL.starts[(line + many).min(LINES)]);
        let without = [&TRAIL.bytes[..from], &TRAIL.bytes[to..]].concat();
        prop_assert!(TRAIL.is_found_in_files(&without));
        let twice = [&TRAIL.bytes[..to], &TRAIL.bytes[from..]].concat();
        prop_assert!(TRAIL.is_found_in_files(&twice));
    }
}

fn lines(folder: &Folder) -> Vec<String> {
    let text = fs::read_to_string(folder.live()).unwrap();
    text.split_inclusive('\n').map(str::to_owned).collect()
}

#[test]
fn the_fault_and_its_line_are_told() {
    type Change = fn(&mut Vec<String>);
    type Case = (&'static str, Change, Fault, u64, (u64, u64));
    let changes: [Case; 9] = [
        ("text", |lines| lines[4] = lines[4].replace("joined", "jolned"), Fault::Edited, 5, (5, 5)),
        ("seq", |lines| lines[4] = lines[4].replace(":5,", ":6,"), Fault::Edited, 5, (5, 5)),
        ("prev", |lines| lines[4] = flipped_prev(&lines[4]), Fault::Edited, 5, (5, 5)),
        ("first prev", |lines| lines[0] = flipped_prev(&lines[0]), Fault::Edited, 1, (1, 1)),
        (
            "last line",
            |lines| lines[9] = lines[9].replace("\"9\"", "\"8\""),
            Fault::Edited,
            10,
            (10, 10),
        ),
        ("no JSON", |lines| lines[4] = "?\n".into(), Fault::Edited, 5, (5, 5)),
        ("dropped", |lines| drop(lines.drain(3..5)), Fault::Dropped, 4, (4, 5)),
        ("beginning", |lines| drop(lines.drain(..2)), Fault::Dropped, 1, (1, 2)),
        ("tail", |lines| lines.truncate(6), Fault::Truncated, 6, (7, 10)),
    ];
    for (name, change, fault, line, seqs) in changes {
        let folder = Folder::with_lines(10);
        let mut lines = lines(&folder);
        change(&mut lines);
        fs::write(folder.live(), lines.concat()).unwrap();
        let verdict = folder.verdict();
        let [found] = &verdict.findings[..] else { panic!("{name}: {:?}", verdict.findings) };
        assert_eq!(
            (found.fault, found.place.line, (found.from_seq, found.to_seq)),
            (fault, line, seqs),
            "{name}"
        );
        assert!(found.place.file.ends_with("audit.jsonl"), "{name}");
        assert!(!verdict.whole);
    }
}

fn flipped_prev(line: &str) -> String {
    let at = line.find("prev").unwrap() + 7;
    let other = if line.as_bytes()[at] == b'0' { '1' } else { '0' };
    format!("{}{other}{}", &line[..at], &line[at + 1..])
}

#[test]
fn swapped_lines_are_reordered_and_not_missing() {
    let folder = Folder::with_lines(10);
    let mut lines = lines(&folder);
    lines.swap(3, 4);
    fs::write(folder.live(), lines.concat()).unwrap();
    assert_eq!(folder.faults(), [Fault::Reordered]);
    lines.swap(1, 8);
    fs::write(folder.live(), lines.concat()).unwrap();
    assert!(folder.faults().iter().all(|&fault| fault == Fault::Reordered));
}

#[test]
fn a_trail_made_anew_from_a_changed_line_on_does_not_fit_its_head() {
    let folder = Folder::with_lines(10);
    let mut lines = lines(&folder);
    lines[4] = lines[4].replace("joined", "jolned");
    for index in 5..10 {
        let prev = Digest::of(lines[index - 1].as_bytes()).to_string();
        let at = lines[index].find("prev").unwrap() + 7;
        lines[index].replace_range(at..at + 64, &prev);
    }
    fs::write(folder.live(), lines.concat()).unwrap();
    assert_eq!(folder.faults(), [Fault::Edited]);
}

#[test]
fn a_head_that_is_missing_or_changed_is_found() {
    let folder = Folder::with_lines(10);
    let head = fs::read_to_string(folder.head()).unwrap();
    for at in 0..head.len() {
        let mut bytes = head.clone().into_bytes();
        bytes[at] ^= 1 << (at % 7);
        fs::write(folder.head(), bytes).unwrap();
        assert!(!folder.verdict().whole, "byte {at} of {head}");
    }
    fs::remove_file(folder.head()).unwrap();
    assert_eq!(folder.faults(), [Fault::HeadLost]);
}

#[test]
fn sha256sum_of_a_line_is_what_the_next_one_says() {
    let folder = Folder::with_lines(3);
    let script = "sed -n 2p audit.jsonl | sha256sum | cut -d' ' -f1; sed -n 3p audit.jsonl";
    let mut run = std::process::Command::new("sh");
    let output = run.args(["-c", script]).current_dir(folder.path()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let (sum, line) = out.split_once('\n').unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((line["prev"].as_str().unwrap(), &line["seq"]), (sum, &3.into()));
}
