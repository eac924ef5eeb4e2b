//! What happened, for logs and the audit trail.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ringfence_fence::{Refusal, RegionId};
use ringfence_wire::rtp::Ssrc;

use crate::identity::Name;
use crate::message::ReleaseCause;
use crate::turn::{EndCause, Relayed, Traffic};

/// Something an operator may want to know. Rare: never one per packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The first participant made a room.
    RoomOpened {
        /// The room.
        room: Name,
        /// Whose it is.
        tenant: String,
        /// By which fence.
        fence: String,
    },
    /// The last participant left.
    RoomClosed {
        /// The room.
        room: Name,
    },
    /// Credentials were handed out.
    Joined {
        /// The room.
        room: Name,
        /// Who.
        participant: Name,
    },
    /// A stay ended.
    Left {
        /// The room.
        room: Name,
        /// Who.
        participant: Name,
        /// Why.
        cause: LeaveCause,
    },
    /// An address speaks for a participant now.
    Latched {
        /// The room.
        room: Name,
        /// Who.
        participant: Name,
        /// The address.
        address: SocketAddr,
        /// Where it is.
        region: RegionId,
        /// The address before, if there was one.
        moved_from: Option<SocketAddr>,
    },
    /// An address no longer speaks for a participant.
    Released {
        /// The room.
        room: Name,
        /// Who.
        participant: Name,
        /// The address it had.
        address: SocketAddr,
        /// Why.
        cause: ReleaseCause,
    },
    /// The fence refused an address that had a participant's credentials.
    Refused {
        /// The room.
        room: Name,
        /// Who.
        participant: Name,
        /// The address.
        address: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
    /// A TURN client got relayed addresses.
    Allocated {
        /// On whose account.
        tenant: Arc<str>,
        /// Whose.
        party: Arc<str>,
        /// The client.
        client: SocketAddr,
        /// Where the client is.
        region: RegionId,
        /// The addresses.
        relayed: Option<Relayed>,
    },
    /// A TURN allocation ended.
    Deallocated {
        /// On whose account.
        tenant: Arc<str>,
        /// Whose.
        party: Arc<str>,
        /// The client.
        client: SocketAddr,
        /// Why.
        cause: EndCause,
        /// What passed through it.
        traffic: Traffic,
    },
    /// The fence refused a TURN client that had authenticated.
    ClientRefused {
        /// On whose account.
        tenant: Arc<str>,
        /// Who.
        party: Arc<str>,
        /// From where.
        client: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
    /// The fence refused a peer of a TURN client.
    PeerRefused {
        /// On whose account.
        tenant: Arc<str>,
        /// Whose.
        party: Arc<str>,
        /// The peer.
        peer: IpAddr,
        /// Why.
        refusal: Refusal,
    },
    /// A participant sent with another's SSRC.
    SsrcRefused {
        /// The room.
        room: Name,
        /// Who.
        participant: Name,
        /// The SSRC.
        ssrc: Ssrc,
    },
}

/// Why a stay ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeaveCause {
    /// The control side asked for it.
    Dismissed,
    /// The credentials' time was over.
    Expired,
}
