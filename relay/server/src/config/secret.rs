//! Secrets: where they are said to be, and what is read from there.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Shorter ones can be guessed from one captured message.
pub const SECRET_CHARS_MIN: usize = 16;
/// Longer ones are some other file.
pub const SECRET_BYTES_MAX: usize = 4096;

/// A secret's text: wiped when dropped, never printed.
///
/// It has no `==`: compare in constant time.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// Where a secret is. Says nothing of what it is, so it may be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretSource {
    /// A file.
    File(PathBuf),
    /// A systemd credential (systemd.exec(5), `LoadCredential=`).
    Credential(String),
    /// What an effective configuration shows in place of a source.
    Masked,
}

/// A secret that the configuration names, and its text if there is any yet.
#[derive(Clone, Debug)]
pub struct SecretSlot {
    /// Where it is said to be.
    pub source: SecretSource,
    /// `None`: it is not there, and what it guards stays shut.
    pub secret: Option<Secret>,
}

/// How a secret is written where it must not be seen.
pub const MASK: &str = "<secret>";

/// What reading a secret came to.
pub(crate) enum Reading {
    Good(Secret),
    /// Good, but any user of this host can read it.
    Exposed(Secret),
    Absent,
    Bad(String),
}

impl Secret {
    /// Takes a text that may serve as a secret; else says what it is in place of one.
    ///
    /// # Errors
    /// Words that follow "the secret", without the text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.len() > SECRET_BYTES_MAX {
            true => Err(format!("is larger than {SECRET_BYTES_MAX} bytes")),
            false => check(text),
        }
    }

    /// The text, for computing and comparing with. Not for logs, answers or errors.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl SecretSource {
    /// Reads `file:PATH`, `credential:NAME` or the mask; `None` for anything else.
    pub(crate) fn parse(text: &str, base_dir: &Path) -> Option<Self> {
        if text == MASK {
            return Some(Self::Masked);
        }
        match text.split_once(':')? {
            ("file", path) if !path.is_empty() => Some(Self::File(base_dir.join(path))),
            ("credential", name) if is_credential(name) => Some(Self::Credential(name.to_owned())),
            _ => None,
        }
    }

    /// The file to read; `None` where there is none, such as outside of systemd.
    pub(crate) fn path(&self, credentials_dir: Option<&Path>) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(path.clone()),
            Self::Credential(name) => credentials_dir.map(|dir| dir.join(name)),
            Self::Masked => None,
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file `{}`", path.display()),
            Self::Credential(name) => write!(f, "credential `{name}`"),
            Self::Masked => f.write_str("masked secret"),
        }
    }
}

/// Reads a secret's file. A trailing line break is not part of the secret.
pub(crate) fn read(path: &Path) -> Reading {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Reading::Absent,
        Err(error) => return Reading::Bad(format!("cannot be read: {error}")),
    };
    // A pipe or device would keep the start waiting, or never end.
    if !metadata.is_file() {
        return Reading::Bad("is not a regular file".to_owned());
    }
    let mode = metadata.permissions().mode();
    if mode & 0o002 != 0 {
        return Reading::Bad("can be written by every user of this host".to_owned());
    }
    match read_text(path) {
        Ok(secret) if mode & 0o004 != 0 => Reading::Exposed(secret),
        Ok(secret) => Reading::Good(secret),
        Err(reason) => Reading::Bad(reason),
    }
}

fn read_text(path: &Path) -> Result<Secret, String> {
    // All of it at once: a buffer that grows would leave pieces of the secret behind.
    let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES_MAX + 1]);
    let len = read_up_to(path, &mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if len > SECRET_BYTES_MAX {
        return Err(format!("is larger than {SECRET_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(&bytes[..len]).map_err(|_| "is not UTF-8".to_owned())?;
    check(text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)))
}

fn read_up_to(path: &Path, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut file = File::open(path)?;
    let mut len = 0;
    while len < buffer.len() {
        match file.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

fn check(text: &str) -> Result<Secret, String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("holds control characters, or more than one line".to_owned());
    }
    if text.chars().count() < SECRET_CHARS_MIN {
        return Err(format!("is shorter than {SECRET_CHARS_MIN} characters"));
    }
    Ok(Secret(Zeroizing::new(text.to_owned())))
}

/// "a filename" without slashes, as systemd.exec(5) has it.
fn is_credential(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_a_mask() {
        let secret = check("0123456789abcdef").expect("long enough");
        assert_eq!(format!("{secret:?}"), MASK);
    }

    #[test]
    fn a_credential_cannot_leave_its_folder() {
        let source = |text| SecretSource::parse(text, Path::new("/etc"));
        assert_eq!(source("credential:../shadow"), None);
        assert_eq!(source("credential:.."), None);
        assert_eq!(source("credential:token"), Some(SecretSource::Credential("token".into())));
    }

    #[test]
    fn a_path_is_relative_to_the_configuration() {
        let source = SecretSource::parse("file:a/b", Path::new("/etc/ringfence"));
        assert_eq!(source, Some(SecretSource::File("/etc/ringfence/a/b".into())));
    }
}
