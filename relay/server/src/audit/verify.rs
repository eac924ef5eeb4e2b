//! Checks whole trails: the chain over all files, the head, the signatures.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::trail::{lines_of, next_line};
use super::walk::{Fault, Finding, Walk};
use super::{Line, Link, NoTrail, PublicKey, Reading, Record, Trail};

/// What a trail was found to be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = AuditVerdict)]
pub struct Verdict {
    /// The file that is written, as it was named.
    pub trail: String,
    /// Whether nothing is wrong with it.
    pub whole: bool,
    /// What is wrong, in the order of the lines; the first hundred of it.
    pub findings: Vec<Finding>,
    /// How much more is wrong.
    pub findings_more: u64,
    /// Files that were read.
    pub files: usize,
    /// Lines that were read.
    pub lines: u64,
    /// Number of the first line; 0 without lines.
    pub first_seq: u64,
    /// Number of the last line; 0 without lines.
    pub last_seq: u64,
    /// Lines behind the head: written, and not yet known to be on the disk. Nothing would show if
    /// the last of them were missing or changed.
    pub unsealed_lines: u64,
    /// Bytes behind the last line that are no line yet.
    pub torn_bytes: u64,
    /// Signatures that hold.
    pub signatures: u64,
    /// The last line that a signature covers, but for the signature's own; 0 without signatures.
    pub signed_seq: u64,
}

/// Checks the trails that the paths mean ([`Trail::open_all`]). With a key, every signature has to
/// be that key's, and there has to be one.
///
/// # Errors
/// What keeps them from being read.
pub fn verify(paths: &[PathBuf], key: Option<PublicKey>) -> Result<Vec<Verdict>, NoTrail> {
    let readings = Trail::open_all(paths)?;
    readings.iter().map(|reading| verify_with(reading, key, |_, _| ())).collect()
}

/// Checks one trail, and shows each of its lines that has the form of one: its event, and all of it.
///
/// # Errors
/// What keeps it from being read.
pub fn verify_with(
    reading: &Reading,
    key: Option<PublicKey>,
    mut show: impl FnMut(&str, &[u8]),
) -> Result<Verdict, NoTrail> {
    let mut check = Check::new(reading, key);
    for (name, file) in &reading.files {
        check.walk.enter(Arc::from(name.as_str()));
        let mut lines = lines_of(file);
        let mut line = Vec::new();
        let unreadable = |error| NoTrail::Unreadable(PathBuf::from(name), error);
        while next_line(&mut lines, &mut line).map_err(unreadable)? {
            check.line(&line, &mut show);
        }
    }
    Ok(check.finish(reading))
}

struct Check {
    walk: Walk,
    key: Option<PublicKey>,
    lines: u64,
    torn: Vec<u8>,
    /// Whether a line says that those before the first were cleared away.
    cleared: bool,
    signatures: u64,
    signed_seq: u64,
}

impl Check {
    fn new(reading: &Reading, key: Option<PublicKey>) -> Self {
        let head = reading.head.as_ref().and_then(|head| head.as_ref().ok()).copied();
        let file = reading.files.first().map_or_else(|| reading.trail.to_string(), named);
        Self {
            walk: Walk::new(Arc::from(file), head),
            key,
            lines: 0,
            torn: Vec::new(),
            cleared: false,
            signatures: 0,
            signed_seq: 0,
        }
    }

    fn line(&mut self, line: &[u8], show: &mut impl FnMut(&str, &[u8])) {
        // Only the last line of all may be without its end.
        let torn = std::mem::take(&mut self.torn);
        if !torn.is_empty() {
            self.walk.step(Link::read(&torn).as_ref().map_err(|bad| *bad));
            self.lines += 1;
        }
        if !line.ends_with(b"\n") {
            self.torn = line.to_vec();
            return;
        }
        self.lines += 1;
        let link = Link::read(line);
        self.walk.step(link.as_ref().map_err(|bad| *bad));
        let Ok(link) = link else { return };
        if matches!(link.event, "anchor" | "pruned") {
            self.special(&link, line);
        }
        show(link.event, line);
    }

    fn special(&mut self, link: &Link<'_>, line: &[u8]) {
        match serde_json::from_slice(line).map(|line: Line| line.record) {
            Ok(Record::Anchor(seal)) if seal.holds(link.seq, link.prev, self.key) => {
                self.signatures += 1;
                self.signed_seq = link.seq.saturating_sub(1);
            }
            Ok(Record::Anchor(_)) => self.walk.note(Fault::BadSignature, link.seq),
            Ok(Record::Pruned { through_seq, through_sha256 }) => {
                let before_first =
                    self.walk.first().map(|(seq, prev)| (seq.saturating_sub(1), prev.to_string()));
                self.cleared |= before_first == Some((through_seq, through_sha256));
            }
            _ => self.walk.note(Fault::Edited, link.seq),
        }
    }

    fn finish(mut self, reading: &Reading) -> Verdict {
        self.walk.finish(!self.torn.is_empty());
        if reading.head.as_ref().is_some_and(io::Result::is_err) {
            self.walk.note(Fault::HeadLost, 0);
        }
        if self.key.is_some() && self.signatures == 0 {
            self.walk.note(Fault::BadSignature, 0);
        }
        self.judge_beginning(reading);
        let (findings, findings_more) = self.walk.findings();
        Verdict {
            trail: reading.trail.to_string(),
            whole: findings.is_empty(),
            findings: findings.to_vec(),
            findings_more,
            files: reading.files.len(),
            lines: self.lines,
            first_seq: self.walk.first().map_or(0, |(seq, _)| seq),
            last_seq: self.walk.last().map_or(0, |(seq, _)| seq),
            unsealed_lines: self.walk.unsealed(),
            torn_bytes: self.torn.len() as u64,
            signatures: self.signatures,
            signed_seq: self.signed_seq,
        }
    }

    /// A whole trail begins with line 1, or where the relay says that it cleared away the rest.
    fn judge_beginning(&mut self, reading: &Reading) {
        let first = self.walk.first().map_or(1, |(first, _)| first);
        if first > 1 && !self.cleared && reading.head.is_some() {
            self.walk.lack_beginning(first);
        }
    }
}

fn named((name, _): &(String, std::fs::File)) -> String {
    name.clone()
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { trail, lines, first_seq, last_seq, .. } = self;
        match self.whole {
            true => write!(f, "{trail}: whole: {lines} lines, seq {first_seq} to {last_seq}")?,
            false => write!(f, "{trail}: DAMAGED: {lines} lines, seq {first_seq} to {last_seq}")?,
        }
        if self.signatures > 0 {
            write!(f, ", {} signatures, the last over seq {}", self.signatures, self.signed_seq)?;
        }
        if self.unsealed_lines + self.torn_bytes > 0 {
            let (lines, bytes) = (self.unsealed_lines, self.torn_bytes);
            write!(f, ", not sealed yet: {lines} lines and {bytes} bytes at the end")?;
        }
        Ok(())
    }
}
