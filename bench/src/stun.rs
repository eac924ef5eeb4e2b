//! A participant's side of ICE, as short as it can be: its check, and its answer to the relay's.

use ringfence_core::Credentials;
use ringfence_wire::stun::{
    Attribute, Class, IntegrityKey, Message, Method, TransactionId, WriteError, Writer,
};

/// What a STUN message from the relay calls for.
pub enum Reply {
    /// Our check was answered: what we send is heard.
    Latched,
    /// The relay's path check; these bytes answer it.
    Answer(Vec<u8>),
    /// Nothing.
    None,
}

/// A connectivity check (RFC 8445 section 7.2.2).
///
/// # Errors
/// Never: the credentials of a relay fit.
pub fn check(credentials: &Credentials, transaction: u64) -> Result<Vec<u8>, WriteError> {
    let mut buffer = [0; 256];
    let username = format!("{}:bench", credentials.ufrag.as_str());
    let key = IntegrityKey::short_term(credentials.password.as_bytes());
    let bytes = Writer::new(&mut buffer, Class::Request, Method::BINDING, id(transaction))?
        .bytes(Attribute::Username, username.as_bytes())?
        .u32(Attribute::Priority, PRIORITY)?
        .u64(Attribute::IceControlling, 1)?
        .integrity(&key)?
        .fingerprint()?
        .finish();
    Ok(bytes.to_vec())
}

/// Reads what the relay sent to a participant that has told it no credentials of its own.
pub fn reply(datagram: &[u8]) -> Reply {
    match Message::parse(datagram) {
        Ok(message) if message.class() == Class::Success => Reply::Latched,
        Ok(message) if message.class() == Class::Request => {
            answer(message.transaction_id()).map_or(Reply::None, Reply::Answer)
        }
        _ => Reply::None,
    }
}

fn answer(transaction: TransactionId) -> Result<Vec<u8>, WriteError> {
    let mut buffer = [0; 64];
    let writer = Writer::new(&mut buffer, Class::Success, Method::BINDING, transaction)?;
    Ok(writer.fingerprint()?.finish().to_vec())
}

fn id(number: u64) -> TransactionId {
    let mut id = [0; 12];
    id[4..].copy_from_slice(&number.to_be_bytes());
    TransactionId(id)
}

/// A host candidate's (RFC 8445 section 5.1.2.1).
const PRIORITY: u32 = (126 << 24) | (65_535 << 8) | 255;
