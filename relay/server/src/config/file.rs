//! The file on disk to text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Diagnostic;
use super::bounds::FILE_BYTES_MAX;

/// The whole file, if it is text and not too large; `name` is what messages call it.
pub(crate) fn read(path: &Path, name: &str) -> Result<String, Diagnostic> {
    let bytes = read_bytes(path).map_err(|error| {
        Diagnostic::placeless("unreadable_file", format!("{name} cannot be read: {error}"))
            .advise("check the path and its permissions")
    })?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let message = format!("{name} is larger than {FILE_BYTES_MAX} bytes");
        return Err(Diagnostic::placeless("file_too_large", message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("{name} is not UTF-8: see its byte {at}");
        Diagnostic::placeless("not_utf8", message).advise("save it as UTF-8")
    })
}

/// At most one byte more than a file may have.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
