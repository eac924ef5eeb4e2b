//! What the two ends of a path know each other by (RFC 8445 section 5.3).

use std::fmt;

use ringfence_core::{IceCredentials, IceCredentialsError, Seed};

/// Both ends' credentials, as one participant holds them.
#[derive(Clone)]
pub struct Credentials {
    /// The relay's username fragment for this participant.
    pub relay_ufrag: String,
    /// The password that this participant's checks are signed with.
    pub relay_password: String,
    /// The participant's own pair, if the relay was told of it. Without, the relay's path checks
    /// come unsigned and are answered unsigned.
    pub own: Option<OwnCredentials>,
}

/// The participant's own pair.
#[derive(Clone)]
pub struct OwnCredentials {
    /// Right part of the USERNAME that this participant sends.
    pub ufrag: String,
    /// What the relay signs its path checks with.
    pub password: String,
}

impl OwnCredentials {
    /// A new pair: 8 and 32 hexadecimal digits, which are ice-chars; 128 bits of password, as RFC
    /// 8445 section 5.3 asks.
    pub fn generate(seed: Seed) -> Self {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let (ufrag, rest) = seed.split_at(4);
        Self { ufrag: hex(ufrag), password: hex(&rest[..16]) }
    }

    /// As a relay takes it in.
    ///
    /// # Errors
    /// Too short, too long, or with characters that are not ice-chars.
    pub fn to_ice(&self) -> Result<IceCredentials, IceCredentialsError> {
        IceCredentials::new(&self.ufrag, &self.password)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, <secret>)", self.relay_ufrag)
    }
}

impl fmt::Debug for OwnCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnCredentials({}, <secret>)", self.ufrag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_pair_is_one_that_a_relay_takes_and_shows_no_password() {
        let pair = OwnCredentials::generate([0xab; 32]);
        assert!(pair.to_ice().is_ok());
        assert!(!format!("{pair:?}").contains(&pair.password));
    }
}
