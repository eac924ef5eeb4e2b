//! The STUN messages of an endpoint (RFC 8445 section 7), written and verified.

use std::net::SocketAddr;

use arrayvec::ArrayVec;
use ringfence_wire::stun::{
    Attribute, Class, IntegrityKey, Message, Method, TransactionId, WriteError, Writer,
};

use super::credentials::Credentials;

/// A message to send, at most 640 bytes: a check with two ufrags of 256 bytes, the longest there
/// are, takes 620.
pub type StunMessage = ArrayVec<u8, 640>;

/// PRIORITY that a peer-reflexive candidate would have (RFC 8445 section 5.1.2.1: type preference
/// 110, local preference 65,535, component 1).
const PRIORITY: u32 = (110 << 24) | (65_535 << 8) | 255;

/// Writes and verifies with one participant's credentials.
pub(super) struct Messages {
    username: String,
    relay_key: IntegrityKey,
    own: Option<Own>,
}

struct Own {
    /// USERNAME of the relay's checks: the two fragments the other way round.
    username: String,
    key: IntegrityKey,
}

impl Messages {
    pub(super) fn new(credentials: &Credentials) -> Self {
        let theirs = &credentials.relay_ufrag;
        let key = |password: &str| IntegrityKey::short_term(password.as_bytes());
        let own = credentials.own.as_ref().map(|own| Own {
            username: format!("{}:{theirs}", own.ufrag),
            key: key(&own.password),
        });
        // Where the relay was told no fragment of ours, it looks at its own alone.
        let ours = credentials.own.as_ref().map_or("join", |own| &own.ufrag);
        Self {
            username: format!("{theirs}:{ours}"),
            relay_key: key(&credentials.relay_password),
            own,
        }
    }

    /// A connectivity check; `None` if the credentials are longer than any real ones.
    pub(super) fn check(
        &self,
        transaction: TransactionId,
        tie_breaker: u64,
    ) -> Option<StunMessage> {
        written(|buffer| {
            Ok(Writer::new(buffer, Class::Request, Method::BINDING, transaction)?
                .bytes(Attribute::Username, self.username.as_bytes())?
                .u32(Attribute::Priority, PRIORITY)?
                .u64(Attribute::IceControlling, tie_breaker)?
                .integrity(&self.relay_key)?
                .fingerprint()?
                .finish()
                .len())
        })
    }

    /// What the relay's answer says our address is; `None` if the answer is not signed by it.
    pub(super) fn read_answer(&self, answer: &Message<'_>) -> Option<SocketAddr> {
        answer.verify_integrity(&self.relay_key).ok()?;
        if !answer.unknown_required().is_empty() {
            return None;
        }
        answer.xor_mapped_address()
    }

    /// The answer to the relay's path check, which came from `relay`; `None` if it does not know
    /// what we told the relay alone.
    pub(super) fn answer_path_check(
        &self,
        request: &Message<'_>,
        relay: SocketAddr,
    ) -> Option<StunMessage> {
        request.verify_fingerprint().ok()?;
        if !request.unknown_required().is_empty() {
            return None;
        }
        if let Some(own) = &self.own {
            request.verify_integrity(&own.key).ok()?;
            let username = request.username()?;
            (username == own.username.as_bytes()).then_some(())?;
        }
        self.success(request.transaction_id(), relay)
    }

    fn success(&self, transaction: TransactionId, relay: SocketAddr) -> Option<StunMessage> {
        written(|buffer| {
            let answer = Writer::new(buffer, Class::Success, Method::BINDING, transaction)?
                .xor_address(Attribute::XorMappedAddress, relay)?;
            let sealed = match &self.own {
                Some(own) => answer.integrity(&own.key)?.fingerprint()?,
                None => answer.fingerprint()?,
            };
            Ok(sealed.finish().len())
        })
    }
}

fn written(write: impl FnOnce(&mut [u8]) -> Result<usize, WriteError>) -> Option<StunMessage> {
    let mut message = StunMessage::from([0; 640]);
    let bytes = write(&mut message).ok()?;
    message.truncate(bytes);
    Some(message)
}
