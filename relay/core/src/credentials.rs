//! ICE credentials: short-term, one pair for each side (RFC 8445 section 5.3).

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::Csprng;

/// The relay's username fragment for one participant: 8 ice-chars, 48 random bits. Finding one is
/// not enough to do anything; the password is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ufrag([u8; 8]);

/// The relay's password for one participant: 24 ice-chars, 144 random bits (RFC 8445 section 5.3
/// asks for at least 128).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct Password([u8; 24]);

/// What the relay hands to a participant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Credentials {
    /// Left part of the USERNAME that the participant sends.
    pub ufrag: Ufrag,
    /// Key of the participant's MESSAGE-INTEGRITY.
    pub password: Password,
}

/// The participant's own ufrag and password, with which the relay signs its path check.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(String, String)", into = "(String, String)")]
pub struct IceCredentials {
    ufrag: Box<str>,
    password: Box<str>,
}

/// Why a participant's own credentials were refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IceCredentialsError {
    /// Not 4 to 256 ice-chars (RFC 8839 section 5.4).
    Ufrag,
    /// Not 22 to 256 ice-chars (RFC 8839 section 5.4).
    Password,
}

impl Credentials {
    pub(crate) fn generate(random: &mut Csprng) -> Self {
        Self { ufrag: Ufrag(ice_chars(random)), password: Password(ice_chars(random)) }
    }
}

impl Ufrag {
    /// Reads one as it stands in a USERNAME.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Password {
    /// The key bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, to be handed to the participant and nobody else.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl IceCredentials {
    /// Checks a participant's own pair.
    pub fn new(ufrag: &str, password: &str) -> Result<Self, IceCredentialsError> {
        if !is_ice_text(ufrag, 4) {
            return Err(IceCredentialsError::Ufrag);
        }
        if !is_ice_text(password, 22) {
            return Err(IceCredentialsError::Password);
        }
        Ok(Self { ufrag: ufrag.into(), password: password.into() })
    }

    /// The participant's username fragment.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// The key under which the participant verifies and signs.
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl TryFrom<(String, String)> for IceCredentials {
    type Error = IceCredentialsError;

    fn try_from((ufrag, password): (String, String)) -> Result<Self, IceCredentialsError> {
        Self::new(&ufrag, &password)
    }
}

impl From<IceCredentials> for (String, String) {
    fn from(own: IceCredentials) -> Self {
        (own.ufrag.to_string(), own.password.to_string())
    }
}

impl Drop for IceCredentials {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}

/// ice-char (RFC 8839 section 5.4), exactly 64 of them, so six random bits pick one without bias.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn ice_chars<const N: usize>(random: &mut Csprng) -> [u8; N] {
    random.bytes::<N>().map(|byte| ICE_CHARS[usize::from(byte % 64)])
}

fn is_ice_text(text: &str, bytes_min: usize) -> bool {
    (bytes_min..=256).contains(&text.len()) && text.bytes().all(|b| ICE_CHARS.contains(&b))
}

impl fmt::Debug for Ufrag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ufrag({})", self.as_str())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(<secret>)")
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceCredentials({}, <secret>)", self.ufrag)
    }
}

impl fmt::Display for IceCredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ufrag => "ice.ufrag is 4 to 256 letters, digits, + or /",
            Self::Password => "ice.pwd is 22 to 256 letters, digits, + or /",
        })
    }
}

impl std::error::Error for IceCredentialsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let given = Credentials::generate(&mut Csprng::new([7; 32]));
        let own = IceCredentials::new("abcd", "0123456789012345678901").unwrap();
        let printed = format!("{given:?} {own:?}");
        assert!(!printed.contains(given.password.as_str()) && !printed.contains(own.password()));
    }

    #[test]
    fn what_is_generated_is_what_ice_accepts() {
        let given = Credentials::generate(&mut Csprng::new([1; 32]));
        assert!(IceCredentials::new(given.ufrag.as_str(), given.password.as_str()).is_ok());
        assert_eq!(Ufrag::from_bytes(given.ufrag.as_str().as_bytes()), Some(given.ufrag));
    }
}
