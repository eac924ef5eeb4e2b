//! TURN allocations that outlive their process.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::identity::ShardId;
use crate::time::Instant;
use crate::turn::AllocationId;

/// All allocations of clients that come by UDP; a connection ends with its process, and its allocation
/// with it (RFC 8656 section 8).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TurnState {
    /// How many allocations each shard had begun: their handles are never used again.
    pub begun: Vec<(ShardId, u64)>,
    /// Those that stood.
    pub allocations: Vec<AllocationState>,
    /// Ports that are kept for whoever has a token.
    pub reservations: Vec<ReservationState>,
}

/// One allocation, as its shard has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AllocationState {
    /// Its handle.
    pub id: AllocationId,
    /// Its client.
    pub client: SocketAddr,
    /// Which of the listening sockets the client talks to.
    pub listen: u8,
    /// Its relayed addresses, in the order they were granted.
    pub relayed: Vec<SocketAddr>,
    /// The fence it is under, by name.
    pub fence: String,
    /// Whose it is.
    pub identity: IdentityState,
    /// Transaction id of the Allocate that made it.
    pub asked: [u8; 12],
    /// When it ends unless it is refreshed.
    pub expires: Instant,
    /// What the answer to Allocate said.
    pub lifetime_s: u32,
    /// Of the port that was reserved with it.
    pub token: Option<u64>,
    /// Number of a family that got no port.
    pub missing: Option<u8>,
    /// Addresses that may send, and until when.
    pub permissions: Vec<(IpAddr, Instant)>,
    /// Other allocations that may send, by relayed address.
    pub invited: Vec<(SocketAddr, AllocationId, Instant)>,
    /// Channels.
    pub channels: Vec<ChannelState>,
}

/// A channel of an allocation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChannelState {
    /// Its number.
    pub number: u16,
    /// The peer that it is bound to.
    pub peer: SocketAddr,
    /// Which allocation of this relay the peer is, if it is one.
    pub inside: Option<AllocationId>,
    /// Until when.
    pub expires: Instant,
}

/// Who had authenticated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdentityState {
    /// USERNAME.
    pub username: Vec<u8>,
    /// On whose account.
    pub tenant: String,
    /// Of which meeting; `None` for a user with a password of its own.
    pub meeting: Option<String>,
    /// The party's name.
    pub party: String,
    /// The fence that the user name asks for.
    pub fence: Option<String>,
    /// The group that it asks for.
    pub group: Option<String>,
    /// What its messages are signed with.
    pub key: KeyState,
}

/// `MD5(username ":" realm ":" password)`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct KeyState(pub [u8; 16]);

/// A port that is kept for someone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReservationState {
    /// What redeems it.
    pub token: u64,
    /// The address.
    pub address: SocketAddr,
    /// On whose account.
    pub tenant: String,
    /// Of which meeting.
    pub meeting: Option<String>,
    /// The party's name.
    pub party: String,
    /// Until when.
    pub until: Instant,
}

impl fmt::Debug for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyState(<secret>)")
    }
}
