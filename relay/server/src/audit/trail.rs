//! The files of one trail: `audit.jsonl`, which is written; `audit.jsonl.000000000123`, which is
//! full and begins with line 123; `audit.jsonl.head` and `audit.jsonl.lock`.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::Head;
use super::line::LINE_BYTES_MAX;

/// For the relay's user and whoever audits, not for everybody.
pub(super) const FILE_MODE: u32 = 0o640;

/// Digits of a full file's name: they sort until a million million lines.
const DIGITS: usize = 12;

/// How often a set of files is opened anew because it changed meanwhile.
const OPENINGS_MAX: usize = 8;

/// A trail, by the path of the file that is written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Trail(PathBuf);

/// Why there is no trail to read.
#[derive(Debug)]
pub enum NoTrail {
    /// Nothing of a trail is there.
    Absent(PathBuf),
    /// It cannot be read.
    Unreadable(PathBuf, io::Error),
}

/// A trail, or some of its full files, opened for reading. What happens to their names afterwards
/// changes nothing.
#[derive(Debug)]
pub struct Reading {
    /// Which trail.
    pub trail: Trail,
    /// The head as it was before the files were opened; `None` where only some files are read.
    pub head: Option<io::Result<Head>>,
    /// In order of their lines, with the names to call them by.
    pub files: Vec<(String, File)>,
}

impl Trail {
    /// The trail that is written at this path.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where its head is.
    pub fn head_path(&self) -> PathBuf {
        self.0.with_added_extension("head")
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.0.with_added_extension("lock")
    }

    /// What a full file is called that begins with this line.
    pub(super) fn full_path(&self, first_seq: u64) -> PathBuf {
        self.0.with_added_extension(format!("{first_seq:0DIGITS$}"))
    }

    /// The full files, first lines first.
    pub(super) fn full(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut full = Vec::new();
        for entry in fs::read_dir(folder(&self.0))? {
            let path = folder(&self.0).join(entry?.file_name());
            if let Some((trail, Some(first))) = belongs(&path)
                && trail.0.file_name() == self.0.file_name()
            {
                full.push((first, self.full_path(first)));
            }
        }
        full.sort();
        full.dedup();
        Ok(full)
    }

    /// Opens all of it as it is now.
    ///
    /// # Errors
    /// [`NoTrail`]
    pub fn open(&self) -> Result<Reading, NoTrail> {
        let unreadable = |error| NoTrail::Unreadable(self.0.clone(), error);
        for _ in 0..OPENINGS_MAX {
            // The head first: what is written meanwhile lies behind it, never before.
            let head = Head::read(&self.head_path());
            let full = self.full().map_err(unreadable)?;
            let paths = full.iter().map(|(_, path)| path).chain([&self.0]);
            let files: io::Result<Vec<_>> = paths.map(|path| open_if_there(path)).collect();
            let files: Vec<_> = files.map_err(unreadable)?.into_iter().flatten().collect();
            // A file that became full, or was cleared away, between the two would be missed.
            if self.full().map_err(unreadable)? != full {
                continue;
            }
            let gone = head.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
            return match files.is_empty() && gone {
                true => Err(NoTrail::Absent(self.0.clone())),
                false => Ok(Reading { trail: self.clone(), head: Some(head), files }),
            };
        }
        Err(unreadable(io::Error::other("its files change faster than they can be opened")))
    }

    /// Opens what the paths mean: a folder all trails in it, the file that is written or the head
    /// a whole trail, full files those alone.
    ///
    /// # Errors
    /// [`NoTrail`]
    pub fn open_all(paths: &[PathBuf]) -> Result<Vec<Reading>, NoTrail> {
        let mut whole = Vec::new();
        let mut parts: Vec<(Trail, u64, PathBuf)> = Vec::new();
        for path in paths {
            match (path.is_dir(), belongs(path)) {
                (true, _) => whole.extend(trails_in(path)?),
                (false, Some((trail, None))) => whole.push(trail),
                (false, Some((trail, Some(first)))) => parts.push((trail, first, path.clone())),
                (false, None) => return Err(NoTrail::Absent(path.clone())),
            }
        }
        whole.sort();
        whole.dedup();
        parts.retain(|(trail, ..)| !whole.contains(trail));
        parts.sort();
        parts.dedup();
        let mut readings = Vec::new();
        for trail in &whole {
            readings.push(trail.open()?);
        }
        for some in parts.chunk_by(|one, next| one.0 == next.0) {
            readings.push(open_some(some)?);
        }
        Ok(readings)
    }
}

impl Reading {
    /// Bytes of all files.
    ///
    /// # Errors
    /// What keeps a file from telling.
    pub fn bytes(&self) -> io::Result<u64> {
        self.files.iter().map(|(_, file)| Ok(file.metadata()?.len())).sum()
    }
}

/// Reads the next line with its line break into `line`; false at the end. A line that is too long
/// comes in pieces, none of which is a line of a trail.
pub(super) fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    Ok(reader.take(most).read_until(b'\n', line)? > 0)
}

/// A file of a trail, to read line by line.
pub(super) fn lines_of(file: &File) -> BufReader<&File> {
    BufReader::with_capacity(1 << 16, file)
}

fn open_some(parts: &[(Trail, u64, PathBuf)]) -> Result<Reading, NoTrail> {
    let mut files = Vec::new();
    for (_, _, path) in parts {
        let file = open_if_there(path);
        let file = file.map_err(|error| NoTrail::Unreadable(path.clone(), error))?;
        files.push(file.ok_or_else(|| NoTrail::Absent(path.clone()))?);
    }
    Ok(Reading { trail: parts[0].0.clone(), head: None, files })
}

/// Every trail of which there is anything in a folder.
fn trails_in(dir: &Path) -> Result<Vec<Trail>, NoTrail> {
    let unreadable = |error| NoTrail::Unreadable(dir.to_owned(), error);
    let mut trails = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = dir.join(entry.map_err(unreadable)?.file_name());
        let named = path.extension().is_some_and(|end| end == "head" || end == "jsonl");
        if let Some((trail, first)) = belongs(&path)
            && (named || first.is_some())
        {
            trails.push(trail);
        }
    }
    match trails.is_empty() {
        true => Err(NoTrail::Absent(dir.to_owned())),
        false => Ok(trails),
    }
}

/// Which trail a file is of, by its name, and with which line it begins if it is a full one.
fn belongs(path: &Path) -> Option<(Trail, Option<u64>)> {
    path.file_name()?;
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    let digits = end.len() >= DIGITS && end.bytes().all(|byte| byte.is_ascii_digit());
    if end == "head" || end == "lock" {
        return Some((Trail(path.with_extension("")), None));
    }
    match digits.then(|| end.parse().ok()).flatten() {
        Some(first) => Some((Trail(path.with_extension("")), Some(first))),
        None => Some((Trail(path.to_owned()), None)),
    }
}

fn open_if_there(path: &Path) -> io::Result<Option<(String, File)>> {
    match File::open(path) {
        Ok(file) => Ok(Some((path.display().to_string(), file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl fmt::Display for NoTrail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(path) => write!(f, "there is no audit trail at {}", path.display()),
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for NoTrail {}
