//! How far a trail had come when it last reached the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Digest;
use super::trail::FILE_MODE;

/// The last line that is known to be on the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its number; 0 for a trail without lines.
    pub seq: u64,
    /// Its digest; all zeros for a trail without lines.
    pub sha256: Digest,
}

/// A head takes about 100 bytes.
const BYTES_MAX: u64 = 1_000;

impl Head {
    /// Of a trail without lines.
    pub const START: Self = Self { seq: 0, sha256: Digest::NONE };

    /// The head in a file.
    ///
    /// # Errors
    /// `NotFound` where there is none; `InvalidData` where it is none.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut text = String::new();
        File::open(path)?.take(BYTES_MAX).read_to_string(&mut text)?;
        let head: Self = serde_json::from_str(&text)?;
        match head.text() == text {
            true => Ok(head),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "not as it was written")),
        }
    }

    /// Puts it in place of the one that is there, in one step that is on the disk when this returns.
    pub(super) fn replace(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_added_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(FILE_MODE);
        let mut file = options.open(&fresh)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        sync_folder_of(path)
    }

    fn text(&self) -> String {
        format!("{{\"seq\":{},\"sha256\":\"{}\"}}\n", self.seq, self.sha256)
    }
}

/// A new name in a folder is on the disk once the folder is (fsync(2)).
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
