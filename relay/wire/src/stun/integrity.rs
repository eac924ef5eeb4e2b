//! MESSAGE-INTEGRITY (RFC 8489 section 14.5) and MESSAGE-INTEGRITY-SHA256 (section 14.6).

use core::{error, fmt};

use hmac::{EagerHash, Hmac, KeyInit, Mac, digest::Digest};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Message;
use super::covered::{Closing, Covered};

/// Key of MESSAGE-INTEGRITY.
///
/// Making one costs two SHA-1 blocks, so keying per message is affordable; a clone costs none.
#[derive(Clone)]
pub struct IntegrityKey(Hmac<Sha1>);

impl IntegrityKey {
    /// Bytes of the attribute's value.
    pub const TAG_BYTES: usize = 20;

    /// "key = OpaqueString(password)" (RFC 8489 section 9.1.1). An ICE password is its own
    /// OpaqueString: it is made of ASCII letters, digits, `+` and `/`.
    pub fn short_term(password: &[u8]) -> Self {
        Self(keyed(password))
    }

    /// `MD5(username ":" OpaqueString(realm) ":" OpaqueString(password))` (RFC 8489 section 9.2.2),
    /// digested by the caller.
    pub fn long_term(md5: [u8; 16]) -> Self {
        Self(keyed(&md5))
    }

    pub(super) fn tag(&self, covered: &Covered<'_>) -> [u8; Self::TAG_BYTES] {
        tag(&self.0, covered).into_bytes().into()
    }
}

/// Key of MESSAGE-INTEGRITY-SHA256.
#[derive(Clone)]
pub struct IntegrityKeySha256(Hmac<Sha256>);

impl IntegrityKeySha256 {
    /// Bytes of the attribute's value when it is whole.
    pub const TAG_BYTES: usize = 32;

    /// As [`IntegrityKey::short_term`].
    pub fn short_term(password: &[u8]) -> Self {
        Self(keyed(password))
    }

    /// The digest that PASSWORD-ALGORITHM names, of 16 bytes (MD5) or 32 (SHA-256), over the fields
    /// of [`IntegrityKey::long_term`].
    pub fn long_term(digest: &[u8]) -> Self {
        Self(keyed(digest))
    }

    pub(super) fn tag(&self, covered: &Covered<'_>) -> [u8; Self::TAG_BYTES] {
        tag(&self.0, covered).into_bytes().into()
    }
}

impl Message<'_> {
    /// Verifies MESSAGE-INTEGRITY, comparing in constant time.
    ///
    /// # Errors
    /// [`IntegrityError`].
    pub fn verify_integrity(&self, key: &IntegrityKey) -> Result<(), IntegrityError> {
        verify(self.content.integrity, |covered| key.tag(covered))
    }

    /// Verifies MESSAGE-INTEGRITY-SHA256, comparing in constant time.
    ///
    /// It must be whole: "the value must be the full 32 bytes unless the STUN Usage explicitly
    /// specifies that truncation is allowed", and neither ICE nor TURN does.
    ///
    /// # Errors
    /// [`IntegrityError`].
    pub fn verify_integrity_sha256(&self, key: &IntegrityKeySha256) -> Result<(), IntegrityError> {
        verify(self.content.integrity_sha256, |covered| key.tag(covered))
    }
}

/// Why a message is not to be believed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntegrityError {
    /// No such attribute.
    Absent,
    /// The attribute's value was cut short.
    Truncated,
    /// Another key, or other bytes.
    Mismatch,
}

impl fmt::Display for IntegrityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "message has no integrity attribute",
            Self::Truncated => "integrity attribute is truncated",
            Self::Mismatch => "message integrity does not match",
        })
    }
}

impl error::Error for IntegrityError {}

impl fmt::Debug for IntegrityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntegrityKey(..)")
    }
}

impl fmt::Debug for IntegrityKeySha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntegrityKeySha256(..)")
    }
}

/// RFC 2104 section 2: a key longer than a block is hashed, a shorter one padded with zeros. Done
/// here, because the constructor that does it is typed as if it could fail.
fn keyed<D: EagerHash + Digest>(key: &[u8]) -> Hmac<D> {
    let mut block = hmac::digest::Key::<Hmac<D>>::default();
    if key.len() > block.len() {
        fill(&mut block, &D::digest(key));
    } else {
        fill(&mut block, key);
    }
    Hmac::new(&block)
}

fn fill(block: &mut [u8], key: &[u8]) {
    block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
}

fn tag<M: Mac + Clone>(keyed: &M, covered: &Covered<'_>) -> hmac::digest::CtOutput<M> {
    let mut mac = keyed.clone();
    covered.parts().iter().for_each(|part| mac.update(part));
    mac.finalize()
}

fn verify<const N: usize>(
    closing: Option<Closing<'_>>,
    tag: impl FnOnce(&Covered<'_>) -> [u8; N],
) -> Result<(), IntegrityError> {
    let closing = closing.ok_or(IntegrityError::Absent)?;
    let sent: &[u8; N] = closing.value.try_into().map_err(|_| IntegrityError::Truncated)?;
    let equal: bool = tag(&closing.covered).ct_eq(sent).into();
    if equal { Ok(()) } else { Err(IntegrityError::Mismatch) }
}
