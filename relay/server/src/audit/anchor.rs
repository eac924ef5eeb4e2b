//! Signatures over a trail (Ed25519, RFC 8032): whoever has only the files cannot make them anew.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Digest;
use super::digest::{hex, read_hex};

/// What comes before an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410 section 4).
const SPKI_ED25519: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Signs anchors. Its `Debug` shows nothing of it.
pub struct SigningKey(Ed25519KeyPair);

/// Checks anchors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey([u8; 32]);

/// Why a text is no key: what is wrong with it, without any of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoKey(&'static str);

/// What an anchor line says: the signature is over the ASCII text
/// `ringfence audit SEQ PREV`, with the line's own `seq` and `prev`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seal {
    /// Who signed: the public key, 64 hexadecimal digits.
    key: String,
    /// The signature, 128 hexadecimal digits.
    signature: String,
}

impl SigningKey {
    /// Reads a PEM file as `openssl genpkey -algorithm ed25519` makes it, or a seed of 64
    /// hexadecimal digits.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, NoKey> {
        let text = text.trim_ascii();
        if let Some(seed) = read_hex::<32>(text) {
            let seed = Zeroizing::new(seed);
            let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice());
            return pair.map(Self).map_err(|_| NoKey("is no Ed25519 seed"));
        }
        let key = PrivatePkcs8KeyDer::from_pem_slice(text)
            .map_err(|_| NoKey("is neither a PKCS#8 private key in PEM nor 64 hexadecimal digits"));
        let pair = Ed25519KeyPair::from_pkcs8(key?.secret_pkcs8_der());
        pair.map(Self).map_err(|_| NoKey("holds a private key that is not Ed25519"))
    }

    /// The key that checks what this one signs.
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    pub(super) fn seal(&self, seq: u64, prev: Digest) -> Seal {
        let signature = self.0.sign(signed_text(seq, prev).as_bytes());
        Seal { key: hex(&self.public().0), signature: hex(signature.as_ref()) }
    }
}

impl PublicKey {
    /// Reads a PEM file as `openssl pkey -pubout` makes it, or 64 hexadecimal digits.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, NoKey> {
        let text = text.trim_ascii();
        if let Some(key) = read_hex(text) {
            return Ok(Self(key));
        }
        let info = SubjectPublicKeyInfoDer::from_pem_slice(text)
            .map_err(|_| NoKey("is neither a public key in PEM nor 64 hexadecimal digits"))?;
        let key = info.strip_prefix(&SPKI_ED25519).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or(NoKey("holds a public key that is not Ed25519"))
    }
}

impl Seal {
    /// Whether it is this key's over that line; without a key, its own.
    pub(super) fn holds(&self, seq: u64, prev: Digest, key: Option<PublicKey>) -> bool {
        let named = read_hex(self.key.as_bytes()).map(PublicKey);
        let signature = read_hex::<64>(self.signature.as_bytes());
        let (Some(named), Some(signature)) = (named, signature) else {
            return false;
        };
        let public = UnparsedPublicKey::new(&ED25519, named.0);
        key.is_none_or(|key| key == named)
            && public.verify(signed_text(seq, prev).as_bytes(), &signature).is_ok()
    }
}

fn signed_text(seq: u64, prev: Digest) -> String {
    format!("ringfence audit {seq} {prev}")
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NoKey {}
