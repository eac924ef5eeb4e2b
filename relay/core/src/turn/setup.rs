//! What the door needs to know from the start.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringfence_wire::channel_data::ChannelNumbers;

use zeroize::Zeroizing;

use super::accounts::Accounts;
use super::message::Family;

/// A TURN door.
#[derive(Clone)]
pub struct TurnSetup {
    /// REALM (RFC 8489 section 14.9), at most [`REALM_BYTES_MAX`] bytes.
    pub realm: Arc<str>,
    /// Who may allocate.
    pub accounts: Arc<Accounts>,
    /// Families of the addresses that ports are granted on.
    pub families: Vec<Family>,
    /// Where else a client may try when there is no port left here (RFC 8489 section 10).
    pub alternates: Vec<SocketAddr>,
    /// Which channel numbers clients may use.
    pub channel_numbers: ChannelNumbers,
    /// What nonces are made of: one for all shards, and for the relay after this one.
    pub nonce_secret: Zeroizing<[u8; 32]>,
    /// The time of day when the relay's clock started, since 1970.
    pub unix_start: Duration,
}

/// A longer realm would make the answer to an unauthenticated request longer than 72 bytes: header
/// 20, ERROR-CODE 8, NONCE 20, REALM 4 and its value.
pub const REALM_BYTES_MAX: usize = 20;
