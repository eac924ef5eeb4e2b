//! Follows a chain line by line and tells where it is broken, and how.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Digest, Head, Link, Malformed};

/// Findings that are told one by one; a trail with more is wholly unlike what was written.
const FINDINGS_MAX: usize = 100;

/// Stretches of missing lines that are kept in mind, in case the lines come later.
const GAPS_MAX: usize = 10_000;

/// Where a line stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = AuditPlace)]
pub struct Place {
    /// The file.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: u64,
}

/// How a trail was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditFault)]
pub enum Fault {
    /// A line is not what was written, or was not written there.
    Edited,
    /// Lines are missing.
    Dropped,
    /// Lines stand where they were not written, or twice.
    Reordered,
    /// The end is missing.
    Truncated,
    /// The head is missing or cannot be read, so nothing says where the end was.
    HeadLost,
    /// A signature is not that of the key, or the key signed nothing.
    BadSignature,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = AuditFinding)]
pub struct Finding {
    /// How.
    pub fault: Fault,
    /// Where; for lines that are missing, the line they should stand before.
    pub place: Place,
    /// First number of the lines it is about.
    pub from_seq: u64,
    /// Last one.
    pub to_seq: u64,
}

/// How far a chain was followed, and what was found.
#[derive(Clone, Debug)]
pub struct Walk {
    head: Option<Head>,
    /// The file that the first line stands in.
    start: Arc<str>,
    first: Option<(u64, Digest)>,
    last: Option<Step>,
    here: Place,
    /// The line whose digest the next one did not name; perhaps it is the next one that changed.
    suspect: Option<(Place, u64)>,
    /// Lines that have not come: first to last of each stretch.
    gaps: BTreeMap<u64, (u64, Place)>,
    findings: Vec<Finding>,
    findings_more: u64,
    unsealed: u64,
}

#[derive(Clone, Debug)]
struct Step {
    seq: u64,
    sha256: Digest,
    place: Place,
    /// Whether something was already said about it.
    blamed: bool,
}

impl Walk {
    /// From the first line. Without a head, where the end was is not judged.
    pub fn new(file: Arc<str>, head: Option<Head>) -> Self {
        Self {
            head,
            start: Arc::clone(&file),
            first: None,
            last: None,
            here: Place { file, line: 0 },
            suspect: None,
            gaps: BTreeMap::new(),
            findings: Vec::new(),
            findings_more: 0,
            unsealed: 0,
        }
    }

    /// From behind a line that is known to be good.
    pub fn behind(place: Place, seq: u64, sha256: Digest, head: Option<Head>) -> Self {
        let mut walk = Self::new(Arc::clone(&place.file), head);
        walk.here = place.clone();
        walk.first = Some((1, Digest::NONE));
        walk.last = Some(Step { seq, sha256, place, blamed: false });
        walk
    }

    /// The lines that follow stand in another file.
    pub fn enter(&mut self, file: Arc<str>) {
        self.here = Place { file, line: 0 };
    }

    /// The next line.
    pub fn step(&mut self, line: Result<&Link<'_>, Malformed>) {
        self.here.line += 1;
        match line {
            Ok(link) => self.follow(link),
            Err(Malformed { sha256 }) => self.pass_over(sha256),
        }
    }

    /// Whether the chain has held so far.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty() && self.suspect.is_none() && self.gaps.is_empty()
    }

    /// The last lines: judges where the chain ends. `torn` says that bytes follow that are no line.
    pub fn finish(&mut self, torn: bool) {
        self.settle();
        for (from, (to, place)) in std::mem::take(&mut self.gaps) {
            self.find(Fault::Dropped, place, from, to);
        }
        let Some(head) = self.head else { return };
        let last = self.last.as_ref().map_or(0, |last| last.seq);
        if last < head.seq {
            self.here.line += u64::from(torn);
            self.find(Fault::Truncated, self.here.clone(), last + 1, head.seq);
        }
    }

    /// Notes what the chain itself does not show.
    pub(super) fn note(&mut self, fault: Fault, seq: u64) {
        self.find(fault, self.here.clone(), seq, seq);
    }

    /// Notes that lines before the first are not there.
    pub(super) fn lack_beginning(&mut self, first: u64) {
        let place = Place { file: Arc::clone(&self.start), line: 1 };
        self.find(Fault::Dropped, place, 1, first.saturating_sub(1));
    }

    /// What was found, in the order of the lines, and how much more there was.
    pub fn findings(&self) -> (&[Finding], u64) {
        (&self.findings, self.findings_more)
    }

    /// Number of the first line and what it says of the one before.
    pub fn first(&self) -> Option<(u64, Digest)> {
        self.first
    }

    /// Number and digest of the last line.
    pub fn last(&self) -> Option<(u64, Digest)> {
        self.last.as_ref().map(|last| (last.seq, last.sha256))
    }

    /// Lines behind the head: written, and not yet known to be on the disk when it was.
    pub fn unsealed(&self) -> u64 {
        self.unsealed
    }

    fn follow(&mut self, link: &Link<'_>) {
        let (expected, prev) = match &self.last {
            Some(last) => (last.seq.saturating_add(1), last.sha256),
            None => (link.seq, if link.seq == 1 { Digest::NONE } else { link.prev }),
        };
        if self.first.is_none() {
            self.first = Some((link.seq, link.prev));
        }
        let linked = link.prev == prev;
        if link.seq == expected {
            self.advance(link.seq, link.sha256, linked);
        } else if linked {
            // It follows the line before it; only its number says otherwise.
            self.blame(self.here.clone(), expected);
            self.last = Some(self.here_at(expected, link.sha256, true));
        } else if link.seq > expected {
            self.settle();
            self.miss(expected, link.seq - 1);
            self.last = Some(self.here_at(link.seq, link.sha256, false));
            self.judge_by_head();
        } else {
            self.come_late(link.seq);
        }
    }

    fn advance(&mut self, seq: u64, sha256: Digest, linked: bool) {
        let mut blamed = false;
        match (linked, self.suspect.take()) {
            // Neither side of this line fits: it is the one.
            (false, Some(_)) => {
                self.blame(self.here_before(), seq.saturating_sub(1));
            }
            (false, None) => match &self.last {
                Some(last) if last.blamed => {}
                Some(last) => self.suspect = Some((last.place.clone(), last.seq)),
                None => {
                    self.blame(self.here.clone(), seq);
                    blamed = true;
                }
            },
            (true, Some((place, seq))) => self.blame(place, seq),
            (true, None) => {}
        }
        self.last = Some(self.here_at(seq, sha256, blamed));
        self.judge_by_head();
    }

    fn pass_over(&mut self, sha256: Digest) {
        self.settle();
        let seq = self.last.as_ref().map_or(1, |last| last.seq.saturating_add(1));
        self.first = self.first.or(Some((seq, Digest::NONE)));
        self.blame(self.here.clone(), seq);
        self.last = Some(self.here_at(seq, sha256, true));
    }

    /// Whether the head knows this line by another digest, or does not reach so far.
    fn judge_by_head(&mut self) {
        let (Some(head), Some(last)) = (self.head, &self.last) else { return };
        if last.seq > head.seq {
            self.unsealed += 1;
        } else if last.seq == head.seq && last.sha256 != head.sha256 && !last.blamed {
            let (place, seq) = (last.place.clone(), last.seq);
            self.suspect = None;
            self.blame(place, seq);
            if let Some(last) = &mut self.last {
                last.blamed = true;
            }
        }
    }

    fn miss(&mut self, from: u64, to: u64) {
        match self.gaps.len() < GAPS_MAX {
            true => drop(self.gaps.insert(from, (to, self.here.clone()))),
            false => self.find(Fault::Dropped, self.here.clone(), from, to),
        }
    }

    /// A line whose number is behind us: one of those that were missed, or one that stands twice.
    fn come_late(&mut self, seq: u64) {
        let gap = self.gaps.range(..=seq).next_back();
        if let Some((&from, &(to, _))) = gap.filter(|(_, (to, _))| seq <= *to)
            && let Some((_, place)) = self.gaps.remove(&from)
        {
            if from < seq {
                self.gaps.insert(from, (seq - 1, place.clone()));
            }
            if seq < to {
                self.gaps.insert(seq + 1, (to, place));
            }
        }
        self.find(Fault::Reordered, self.here.clone(), seq, seq);
    }

    /// Blames the line that is still under suspicion.
    fn settle(&mut self) {
        if let Some((place, seq)) = self.suspect.take() {
            self.blame(place, seq);
        }
    }

    fn blame(&mut self, place: Place, seq: u64) {
        self.find(Fault::Edited, place, seq, seq);
    }

    /// Keeps a finding; lines in a row are one.
    fn find(&mut self, fault: Fault, place: Place, from_seq: u64, to_seq: u64) {
        if let Some(before) = self.findings.last_mut()
            && (before.fault, before.to_seq.saturating_add(1)) == (fault, from_seq)
        {
            before.to_seq = to_seq;
            return;
        }
        match self.findings.len() < FINDINGS_MAX {
            true => self.findings.push(Finding { fault, place, from_seq, to_seq }),
            false => self.findings_more += 1,
        }
    }

    fn here_at(&self, seq: u64, sha256: Digest, blamed: bool) -> Step {
        Step { seq, sha256, place: self.here.clone(), blamed }
    }

    fn here_before(&self) -> Place {
        self.last.as_ref().map_or(self.here.clone(), |last| last.place.clone())
    }
}

impl Fault {
    /// Stable name in snake_case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Dropped => "dropped",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::HeadLost => "head_lost",
            Self::BadSignature => "bad_signature",
        }
    }
}

fn as_text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, place, from_seq, to_seq } = self;
        let Place { file, line } = place;
        let lines = match from_seq == to_seq {
            true => format!("line with seq {from_seq}"),
            false => format!("lines with seq {from_seq} to {to_seq}"),
        };
        match fault {
            Fault::Edited => write!(f, "{file}:{line}: edited: the {lines} is not as written"),
            Fault::Dropped => write!(f, "{file}:{line}: dropped: the {lines} should stand here"),
            Fault::Reordered => write!(f, "{file}:{line}: reordered: the {lines} stands here"),
            Fault::Truncated => write!(f, "{file}:{line}: truncated: the {lines} should follow"),
            Fault::HeadLost => write!(f, "{file}: head lost: nothing says where the trail ended"),
            Fault::BadSignature => write!(f, "{file}:{line}: bad signature: not by the key given"),
        }
    }
}
