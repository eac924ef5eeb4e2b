//! FINGERPRINT (RFC 8489 section 14.7): tells STUN from whatever else shares the port.

use core::{error, fmt};

use super::Message;
use super::covered::Covered;

impl Message<'_> {
    /// Verifies FINGERPRINT. It proves nothing about the sender: anybody can compute it.
    ///
    /// # Errors
    /// [`FingerprintError`].
    pub fn verify_fingerprint(&self) -> Result<(), FingerprintError> {
        let closing = self.content.fingerprint.ok_or(FingerprintError::Absent)?;
        if closing.value == fingerprint(&closing.covered) {
            Ok(())
        } else {
            Err(FingerprintError::Mismatch)
        }
    }
}

/// Why a message is likely not STUN at all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FingerprintError {
    /// No such attribute.
    Absent,
    /// Some bytes changed on the way, or it never was STUN.
    Mismatch,
}

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "message has no fingerprint",
            Self::Mismatch => "fingerprint does not match",
        })
    }
}

impl error::Error for FingerprintError {}

pub(super) const FINGERPRINT_BYTES: usize = 4;

/// "The CRC-32 of the STUN message [...] XOR'ed with the 32-bit value 0x5354554e".
pub(super) fn fingerprint(covered: &Covered<'_>) -> [u8; FINGERPRINT_BYTES] {
    let mut crc = crc32fast::Hasher::new();
    covered.parts().iter().for_each(|part| crc.update(part));
    (crc.finalize() ^ 0x5354_554e).to_be_bytes()
}
