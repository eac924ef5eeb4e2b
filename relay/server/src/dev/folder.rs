//! The folder that a development relay lives in: its configuration, its token, its socket.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::cli::OutputMode;

/// Where the relay listens for media, in region europe, and its usual port.
const MEDIA: (Ipv4Addr, u16) = (Ipv4Addr::new(127, 1, 0, 1), 3478);

/// Where the API listens, and its usual port.
const HTTP: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 8478);

/// Names that are written, and taken away in the end.
const CONFIG: &str = "ringfence.toml";
const TOKEN: &str = "control.token";
const SECRET: &str = "acme.secret";

/// Folders tried before giving up: another process may have had our number.
const ATTEMPTS: u32 = 16;

/// A folder of this user alone, gone when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder and writes what a relay needs into it.
    pub(super) fn make(output: OutputMode) -> io::Result<Self> {
        let folder = Self(make_folder()?);
        let (media, http) = addresses()?;
        let log = if output.is_json() { "json" } else { "text" };
        let text = include_str!("dev.toml")
            .replace("{media}", &media.to_string())
            .replace("{http}", &http.to_string())
            .replace("{log}", log);
        write(&folder.config(), &text)?;
        write(&folder.token(), &token()?)?;
        write(&folder.0.join(SECRET), &token()?)?;
        Ok(folder)
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.0.join(CONFIG)
    }

    /// The file with the token of the API over TCP.
    pub(super) fn token(&self) -> PathBuf {
        self.0.join(TOKEN)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What was put there, and nothing else; a folder that holds more stays.
        let _ = fs::remove_file(self.config());
        let _ = fs::remove_file(self.token());
        let _ = fs::remove_file(self.0.join(SECRET));
        let _ = fs::remove_dir(&self.0);
    }
}

/// mkdir(2) follows no link and takes over no folder, so nobody else's is ever used.
fn make_folder() -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..ATTEMPTS {
        let name = format!("ringfence-dev-{}-{attempt}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match builder.create(&path) {
            Ok(()) => return Ok(path),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Addresses for media and the API: the usual ports if nobody has either, else two that are free.
///
/// The usual media port goes only with the usual API port. Sockets of one user may share a media
/// port (socket(7), SO_REUSEPORT), but never an API port, so whoever gets that one has both.
fn addresses() -> io::Result<(SocketAddr, SocketAddr)> {
    let pick = |media_port, http_port| {
        let media = UdpSocket::bind((MEDIA.0, media_port))?;
        let http = TcpListener::bind((HTTP.0, http_port))?;
        Ok((media.local_addr()?, http.local_addr()?))
    };
    pick(MEDIA.1, HTTP.1).or_else(|_: io::Error| pick(0, 0))
}

fn token() -> io::Result<String> {
    let mut random = [0_u8; 24];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
