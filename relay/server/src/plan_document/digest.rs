//! SHA-256 of policies, documents and long lists.

use std::fmt::Write as _;
use std::io;

use ringfence_fence::Policy;
use sha2::{Digest as _, Sha256};

use super::PlanDocument;

/// SHA-256 of all that a policy says, in hexadecimal: the same for two policies that say the same
/// under the same names, however they are written.
pub fn fingerprint(policy: &Policy) -> String {
    let mut hash = Hash::default();
    policy.fingerprint(|bytes| hash.feed(bytes));
    hash.hex()
}

impl PlanDocument {
    /// SHA-256 of the whole document as JSON, in hexadecimal. It holds the fingerprints of both
    /// policies, so it names this change and no other.
    pub fn digest(&self) -> String {
        let mut hash = Hash::default();
        // Neither the writer nor a tree of strings, numbers and lists can fail.
        let _ = serde_json::to_writer(&mut hash, self);
        hash.hex()
    }
}

/// A hash that can be written to.
#[derive(Default)]
pub(super) struct Hash(Sha256);

impl Hash {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn hex(self) -> String {
        self.0.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.feed(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
