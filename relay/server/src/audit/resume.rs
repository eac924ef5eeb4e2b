//! Where a trail is taken up again: at its last good line, or not at all.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;

use super::trail::{lines_of, next_line};
use super::{ChainError, Digest, Finding, Head, Link, Trail, Walk};

/// The end of a trail.
#[derive(Debug)]
pub(super) struct End {
    /// Its last line.
    pub(super) seq: u64,
    /// That line's digest.
    pub(super) sha256: Digest,
    /// Number of the first line of the file that is written; the next, if that has none.
    pub(super) file_first_seq: u64,
    /// Bytes of its whole lines.
    pub(super) file_bytes: u64,
    /// Bytes behind them, of a line that was not written to its end.
    pub(super) torn_bytes: u64,
    /// Whole lines behind the head.
    pub(super) unsealed_lines: u64,
}

/// Checks the last file of a trail against the head. `file` is the one that is written.
pub(super) fn end_of(trail: &Trail, file: &File, head: Head) -> Result<End, ChainError> {
    let own = follow(&trail.path().display().to_string(), file, head)?;
    if let Some(end) = own {
        return Ok(end);
    }
    // Nothing in it yet: the trail ends with the last full file.
    let torn_bytes = file.metadata()?.len();
    let before = match trail.full()?.pop() {
        Some((_, path)) => follow(&path.display().to_string(), &File::open(path)?, head)?,
        None => None,
    };
    match before {
        Some(End { torn_bytes: 1.., .. }) => Err(ChainError::Cut(trail.clone(), head.seq)),
        Some(End { seq, sha256, unsealed_lines, .. }) => {
            let next = seq.saturating_add(1);
            Ok(End { seq, sha256, file_first_seq: next, file_bytes: 0, torn_bytes, unsealed_lines })
        }
        None if head == Head::START => Ok(End {
            seq: 0,
            sha256: Digest::NONE,
            file_first_seq: 1,
            file_bytes: 0,
            torn_bytes,
            unsealed_lines: 0,
        }),
        None => Err(ChainError::Cut(trail.clone(), head.seq)),
    }
}

/// The end of one file; `None` without a line.
fn follow(name: &str, file: &File, head: Head) -> Result<Option<End>, ChainError> {
    let mut walk = Walk::new(Arc::from(name), Some(head));
    let (mut bytes, mut torn_bytes) = (0, 0);
    let mut line = Vec::new();
    let mut reader = lines_of(file);
    reader.seek(SeekFrom::Start(0))?;
    while next_line(&mut reader, &mut line)? {
        if !line.ends_with(b"\n") {
            torn_bytes += line.len() as u64;
            continue;
        }
        walk.step(Link::read(&line).as_ref().map_err(|bad| *bad));
        bytes += torn_bytes + line.len() as u64;
        torn_bytes = 0;
    }
    if walk.first().is_none() {
        return Ok(None);
    }
    walk.finish(torn_bytes > 0);
    if let Some(finding) = walk.findings().0.first() {
        return Err(ChainError::Damaged(Box::new(Finding::clone(finding))));
    }
    let ends = walk.first().zip(walk.last());
    Ok(ends.map(|((file_first_seq, _), (seq, sha256))| End {
        seq,
        sha256,
        file_first_seq,
        file_bytes: bytes,
        torn_bytes,
        unsealed_lines: walk.unsealed(),
    }))
}

/// Puts a file that is to be written where its whole lines end.
pub(super) fn cut_torn(file: &mut File, end: &End) -> io::Result<()> {
    file.set_len(end.file_bytes)?;
    file.seek(SeekFrom::Start(end.file_bytes))?;
    Ok(())
}
