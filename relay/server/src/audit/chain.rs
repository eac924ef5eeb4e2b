//! Writes a trail: line after line, to the disk when told to, over to a new file when one is full.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::head::sync_folder_of;
use super::trail::{FILE_MODE, lines_of, next_line};
use super::{Digest, Finding, Head, LINE_BYTES_MAX, Line, Link, Record, SigningKey, Trail, resume};
use crate::timestamp::Moment;

/// How a trail is written.
#[derive(Clone, Debug)]
pub struct ChainSettings {
    /// The file that is written.
    pub path: PathBuf,
    /// Of which site.
    pub site: String,
    /// A file that would be larger is full.
    pub rotate_bytes: u64,
    /// Full files that are kept; 0: all.
    pub keep: u32,
    /// Signs the trail at every rotation and close.
    pub signing_key: Option<Arc<SigningKey>>,
}

/// A trail that is being written, by nobody else.
#[derive(Debug)]
pub struct Chain {
    settings: ChainSettings,
    trail: Trail,
    file: File,
    file_first_seq: u64,
    file_bytes: u64,
    seq: u64,
    sha256: Digest,
    sealed_seq: u64,
    /// Whether the last line is an anchor, so that there is nothing new to sign.
    signed: bool,
    epoch: u32,
    _lock: Lock,
}

/// Keeps every other writer away while it lives.
#[derive(Debug)]
struct Lock(File);

/// Why a trail is not written, or no longer.
#[derive(Debug)]
pub enum ChainError {
    /// It is not as it was left: nothing is added to it.
    Damaged(Box<Finding>),
    /// Lines up to this one were on the disk, and are gone.
    Cut(Trail, u64),
    /// There are lines, and no head that says how many there were.
    NoHead(Trail, io::Error),
    /// Another process writes it.
    Busy(Trail),
    /// The system refused.
    Io(io::Error),
}

impl Chain {
    /// Takes up a trail where it was left, or begins one.
    ///
    /// # Errors
    /// [`ChainError`]; then nothing was changed.
    pub fn open(settings: ChainSettings, epoch: u32) -> Result<Self, ChainError> {
        let trail = Trail::at(&settings.path);
        let lock = lock(&trail)?;
        let head = head_of(&trail)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let mut file = options.open(trail.path())?;
        sync_folder_of(trail.path())?;
        let end = resume::end_of(&trail, &file, head)?;
        resume::cut_torn(&mut file, &end)?;
        let mut chain = Self {
            settings,
            trail,
            file,
            file_first_seq: end.file_first_seq,
            file_bytes: end.file_bytes,
            seq: end.seq,
            sha256: end.sha256,
            sealed_seq: head.seq,
            signed: false,
            epoch,
            _lock: lock,
        };
        if end.torn_bytes + end.unsealed_lines > 0 {
            let (bytes, lines) = (end.torn_bytes, end.unsealed_lines);
            chain.append(Moment::now(), Record::Recovered { bytes, lines })?;
        }
        chain.seal()?;
        Ok(chain)
    }

    /// Takes up a trail again that this process wrote up to a line that was on the disk.
    ///
    /// # Errors
    /// As [`Chain::open`]; also where the trail is gone, which is no reason to begin another.
    pub(super) fn reopen(
        settings: ChainSettings,
        epoch: u32,
        sealed_seq: u64,
    ) -> Result<Self, ChainError> {
        let trail = Trail::at(&settings.path);
        match Head::read(&trail.head_path()) {
            Ok(head) if head.seq >= sealed_seq => Self::open(settings, epoch),
            Ok(_) => Err(ChainError::Cut(trail, sealed_seq)),
            Err(error) => Err(ChainError::NoHead(trail, error)),
        }
    }

    /// Version of the policy that lines name.
    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Number of the last line.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The last line that is known to be on the disk.
    pub fn sealed_seq(&self) -> u64 {
        self.sealed_seq
    }

    /// Writes one line. A line that would be too long is replaced by one that says so.
    ///
    /// # Errors
    /// The disk's; then the end of the file is unknown, and only [`Chain::open`] may go on.
    pub fn append(&mut self, time: Moment, record: Record) -> Result<(), ChainError> {
        if let Record::Policy(change) = &record {
            self.epoch = change.epoch;
        }
        let line = self.line(time, record.clone());
        let (record, line) = match line {
            Some(line) => (record, line),
            None => self.too_long(time),
        };
        if self.file_bytes > 0 && self.file_bytes + line.len() as u64 > self.settings.rotate_bytes {
            self.rotate()?;
            // The rotation may have put lines of its own before this one.
            let line = self.line(time, record);
            return self.write(&line.unwrap_or_default());
        }
        self.write(&line)
    }

    /// Signs all there is, if there is a key and anything new.
    ///
    /// # Errors
    /// As [`Chain::append`].
    pub fn anchor(&mut self, time: Moment) -> Result<(), ChainError> {
        let Some(key) = self.settings.signing_key.clone() else { return Ok(()) };
        if self.signed || self.seq == 0 {
            return Ok(());
        }
        let seal = key.seal(self.seq.saturating_add(1), self.sha256);
        if let Some(line) = self.line(time, Record::Anchor(seal)) {
            self.write(&line)?;
            self.signed = true;
        }
        Ok(())
    }

    /// Brings all lines to the disk, and then the head. When this returns their loss would show.
    ///
    /// # Errors
    /// As [`Chain::append`].
    pub fn seal(&mut self) -> Result<(), ChainError> {
        if self.sealed_seq == self.seq {
            return Ok(());
        }
        self.file.sync_data()?;
        Head { seq: self.seq, sha256: self.sha256 }.replace(&self.trail.head_path())?;
        self.sealed_seq = self.seq;
        Ok(())
    }

    fn line(&self, time: Moment, record: Record) -> Option<Vec<u8>> {
        let line = Line {
            seq: self.seq.saturating_add(1),
            time,
            prev: self.sha256,
            site: self.settings.site.clone(),
            epoch: self.epoch,
            record,
        };
        line.to_bytes()
    }

    fn too_long(&self, time: Moment) -> (Record, Vec<u8>) {
        let record = Record::Lost { count: 1, cause: "too_long".to_owned(), since: time };
        let line = self.line(time, record.clone()).unwrap_or_default();
        (record, line)
    }

    fn write(&mut self, line: &[u8]) -> Result<(), ChainError> {
        self.file.write_all(line)?;
        self.file_bytes += line.len() as u64;
        self.sha256 = Digest::of(line);
        self.seq = self.seq.saturating_add(1);
        self.signed = false;
        Ok(())
    }

    /// Gives the full file its name, begins a new one and clears away those that are too old.
    fn rotate(&mut self) -> Result<(), ChainError> {
        self.anchor(Moment::now())?;
        self.seal()?;
        fs::rename(self.trail.path(), self.trail.full_path(self.file_first_seq))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(FILE_MODE);
        self.file = options.open(self.trail.path())?;
        sync_folder_of(self.trail.path())?;
        self.file_first_seq = self.seq.saturating_add(1);
        self.file_bytes = 0;
        self.prune()
    }

    fn prune(&mut self) -> Result<(), ChainError> {
        let full = self.trail.full()?;
        let keep = usize::try_from(self.settings.keep).unwrap_or(usize::MAX);
        if keep == 0 || full.len() <= keep {
            return Ok(());
        }
        let too_many = full.len() - keep;
        for pair in full.windows(2).take(too_many) {
            let [(_, path), (next, next_path)] = pair else { continue };
            let first = first_line(next_path)?;
            // Said, and on the disk, before it is done.
            self.say_pruned(*next, &first)?;
            fs::remove_file(path)?;
        }
        sync_folder_of(self.trail.path())?;
        Ok(())
    }

    fn say_pruned(&mut self, first_left: u64, line: &[u8]) -> Result<(), ChainError> {
        let prev = Link::read(line).map_or(Digest::NONE, |link| link.prev);
        let record = Record::Pruned {
            through_seq: first_left.saturating_sub(1),
            through_sha256: prev.to_string(),
        };
        if let Some(line) = self.line(Moment::now(), record) {
            self.write(&line)?;
        }
        self.seal()
    }
}

fn lock(trail: &Trail) -> Result<Lock, ChainError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(FILE_MODE);
    let lock = options.open(trail.lock_path())?;
    match lock.try_lock() {
        Ok(()) => Ok(Lock(lock)),
        Err(TryLockError::WouldBlock) => Err(ChainError::Busy(trail.clone())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Said aloud: a process that is just being started may still have the file open (flock(2)).
impl Drop for Lock {
    fn drop(&mut self) {
        // What is not unlocked now is when the file is closed.
        let _ = self.0.unlock();
    }
}

/// The head; where nothing of the trail is there yet, a new one.
fn head_of(trail: &Trail) -> Result<Head, ChainError> {
    let error = match Head::read(&trail.head_path()) {
        Ok(head) => return Ok(head),
        Err(error) => error,
    };
    let absent = error.kind() == io::ErrorKind::NotFound;
    let none_written = !trail.path().exists() && trail.full()?.is_empty();
    if absent && none_written {
        // Before the first line, so that there is never a line without a head.
        Head::START.replace(&trail.head_path())?;
        return Ok(Head::START);
    }
    Err(ChainError::NoHead(trail.clone(), error))
}

fn first_line(path: &std::path::Path) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(LINE_BYTES_MAX);
    next_line(&mut lines_of(&File::open(path)?), &mut line)?;
    Ok(line)
}

impl From<io::Error> for ChainError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(finding) => write!(f, "the audit trail is damaged: {finding}"),
            Self::Cut(trail, seq) => write!(
                f,
                "the audit trail {trail} is damaged: truncated: lines up to seq {seq} were on the \
                 disk, and are gone"
            ),
            Self::NoHead(trail, error) => {
                write!(f, "the audit trail {trail} has no head that can be read: {error}")
            }
            Self::Busy(trail) => write!(f, "another process writes the audit trail {trail}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ChainError {}
