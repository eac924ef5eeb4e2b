//! What a shard and the registry tell each other about allocations.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arrayvec::ArrayVec;
use ringfence_fence::Refusal;
use ringfence_wire::channel_data::ChannelNumber;
use ringfence_wire::datagram::LocalSocket;

use super::accounts::Accounts;
use super::party::Party;
use crate::identity::ShardId;
use crate::state::AllocationState;
use crate::time::Instant;

/// One allocation, for ever: never used again.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct AllocationId {
    /// The shard that it lives on, with its client.
    pub shard: ShardId,
    /// How many allocations that shard had begun before.
    pub number: u64,
}

/// Address family of a relayed address (RFC 8656 section 18.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Family {
    /// 0x01.
    Ipv4,
    /// 0x02.
    Ipv6,
}

/// Addresses of one allocation: one, or one of each family.
pub type Relayed = ArrayVec<SocketAddr, 2>;

/// A shard asks for ports; its client has authenticated and the fence admits it.
#[derive(Clone, Debug)]
pub struct AllocationRequest {
    /// What it will be called.
    pub id: AllocationId,
    /// On whose account.
    pub tenant: Arc<str>,
    /// Of whom.
    pub party: Party,
    /// Under which fence, by name: a shard and the registry may be a policy apart.
    pub fence: Arc<str>,
    /// The group of the tenant that uses it; `None` is the whole account.
    pub group: Option<Arc<str>>,
    /// The client's address.
    pub client: SocketAddr,
    /// Our socket that the client talks to.
    pub local: LocalSocket,
    /// In this order.
    pub families: ArrayVec<Family, 2>,
    /// Which ports will do.
    pub port: PortWish,
}

impl AllocationRequest {
    /// What every shard is told of it when it has these addresses.
    pub(crate) fn neighbour(&self, relayed: &Relayed) -> Neighbour {
        Neighbour {
            id: self.id,
            relayed: relayed.clone(),
            tenant: Arc::clone(&self.tenant),
            fence: Arc::clone(&self.fence),
            group: self.group.clone(),
            client: self.client,
            local: self.local,
        }
    }
}

/// Which port an allocation needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PortWish {
    /// Any.
    Any,
    /// An even one (RFC 8656 section 18.7).
    Even,
    /// An even one, with the one above it reserved.
    EvenAndNext,
    /// The one that was reserved under this token (RFC 8656 section 18.10).
    Reserved(u64),
}

/// The ports that an allocation got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Whose.
    pub id: AllocationId,
    /// Its relayed addresses, in the order of the families that were asked for.
    pub relayed: Relayed,
    /// A family that was asked for in addition and has no port left.
    pub missing: Option<Family>,
    /// Stands for the port above, reserved for [`crate::RESERVATION_LIFETIME`].
    pub token: Option<u64>,
}

/// Why an allocation gets no ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllocationDenial {
    /// The tenant or the party has as many as it may.
    Quota,
    /// No port is free, or none that can be bound, or the relay takes no more.
    NoPort,
    /// The token stands for nothing.
    NoReservation,
}

/// Another allocation of this relay, as every shard knows it: whoever sends to its relayed address
/// reaches its client without the kernel.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Which.
    pub id: AllocationId,
    /// Its relayed addresses.
    pub relayed: Relayed,
    /// On whose account.
    pub tenant: Arc<str>,
    /// The fence its client is under, by name.
    pub fence: Arc<str>,
    /// The group of the tenant that uses it.
    pub group: Option<Arc<str>>,
    /// Its client.
    pub client: SocketAddr,
    /// Our socket that its client talks to.
    pub local: LocalSocket,
}

/// An allocation let another one of this relay send to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// Who lets.
    pub id: AllocationId,
    /// The other. Whoever has its relayed address later is not meant.
    pub guest: AllocationId,
    /// Relayed address of the other.
    pub peer: SocketAddr,
    /// How the client wants to receive it: by this channel for so long, else as Data indications.
    pub channel: Option<(ChannelNumber, Instant)>,
    /// Until when.
    pub expires: Instant,
}

/// How an allocation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndCause {
    /// The client gave it up with a lifetime of zero.
    Deleted,
    /// The client did not refresh it.
    Expired,
    /// The client's TCP or TLS connection ended.
    Disconnected,
    /// A new policy refuses the client, or its fence wants encryption and there was none.
    Cut(Refusal),
    /// Its user, secret or tenant was removed: it could not be refreshed any more.
    CredentialsRemoved,
    /// It never came to be: no socket could be bound.
    Unbound,
}

/// From a shard to the registry, about allocations.
#[derive(Clone, Debug)]
pub enum TurnEffect {
    /// Wants ports; answered by [`TurnCommand::Granted`] or [`TurnCommand::Denied`].
    Asked(Box<AllocationRequest>),
    /// A granted port cannot be bound; wants another.
    Unbindable(AllocationId),
    /// An allocation has ended, and its ports are free.
    Ended {
        /// Which.
        id: AllocationId,
        /// How.
        cause: EndCause,
    },
    /// An allocation lets another of this relay send to it.
    Invited(Invitation),
    /// How allocations are that have changed, to be kept for the relay after this one.
    Kept(Arc<[AllocationState]>),
    /// The fence refused a peer of an allocation.
    PeerRefused {
        /// Which.
        id: AllocationId,
        /// The peer.
        peer: IpAddr,
        /// Why.
        refusal: Refusal,
    },
    /// The fence refused a client that had authenticated.
    ClientRefused {
        /// On whose account.
        tenant: Arc<str>,
        /// Who.
        party: Party,
        /// The fence it asked for.
        fence: Option<Arc<str>>,
        /// From where.
        client: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
}

/// From the registry to shards, about allocations.
#[derive(Clone, Debug)]
pub enum TurnCommand {
    /// These ports are yours.
    Granted(Arc<Grant>),
    /// There are none for you.
    Denied(AllocationId, AllocationDenial),
    /// An allocation has come to be on some shard.
    Met(Arc<Neighbour>),
    /// It is no more. Answered by the last [`crate::Effect::Settled`] about it.
    Parted(AllocationId),
    /// Who may allocate from now on. Whoever could not any more has ended before this command has been
    /// applied.
    Accounts(Arc<Accounts>),
    /// One of them lets another send to it.
    Invited(Invitation),
    /// An allocation carries what is evidently not encrypted: cut it if its fence wants encryption.
    Unencrypted(AllocationId),
    /// Tell of some allocations that have changed; answered by [`TurnEffect::Kept`] if there are any.
    Keep,
    /// An allocation of the relay before this one; if it may not stand, that is answered like its end.
    Restored(Arc<AllocationState>),
    /// So many allocations had been begun on this shard.
    Begun(u64),
}

impl Family {
    /// Of an address.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// Its number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Ipv4 => 1,
            Self::Ipv6 => 2,
        }
    }

    /// The family of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Ipv4),
            2 => Some(Self::Ipv6),
            _ => None,
        }
    }
}
