//! What a relay that runs publishes.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A relay that is starved of its processor answers late.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a relay for its metrics, by the unix socket of its API: the answer with its head.
///
/// # Errors
/// Nobody is there, or the connection ends early.
pub fn scrape(control: &Path) -> io::Result<String> {
    let mut stream = UnixStream::connect(control)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
