//! The form of credentials that WebRTC application servers make: a name that says until when it
//! holds, and a password that is its MAC.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use ringfence_wire::stun::IntegrityKey;
use sha1::Sha1;

/// What client and server share.
pub const SECRET: &str = "a-secret-of-the-tests-that-guards-nothing";

/// The servers' realm.
pub const REALM: &str = "example.org";

/// How long the credentials hold, in seconds: no test takes longer.
const VALID_S: u64 = 3600;

/// A name and its password.
#[derive(Clone)]
pub struct Credentials {
    /// `<unix expiry>:<tenant>/<meeting>/<party>`.
    pub username: String,
    /// `base64(HMAC-SHA1(secret, username))`.
    pub password: String,
}

impl Credentials {
    /// Valid ones of that party.
    pub fn of(party: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let username = format!("{}:acme/standup/{party}", now.as_secs() + VALID_S);
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("any length will do");
        mac.update(username.as_bytes());
        let password = STANDARD.encode(mac.finalize().into_bytes());
        Self { username, password }
    }

    /// The key of MESSAGE-INTEGRITY (RFC 8489 section 9.2.2).
    pub fn key(&self, realm: &str) -> IntegrityKey {
        let text = format!("{}:{realm}:{}", self.username, self.password);
        IntegrityKey::long_term(Md5::digest(text).into())
    }
}
