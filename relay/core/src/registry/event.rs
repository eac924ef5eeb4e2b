//! What happened, for logs and the audit trail.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ringfence_fence::{Epoch, Refusal, RoomRegions};
use ringfence_wire::rtp::Ssrc;

use crate::identity::Name;
use crate::message::ReleaseCause;
use crate::room_fence::RoomTerms;
use crate::scrutiny::{TurnDirection, Unencrypted};
use crate::traffic::Traffic;
use crate::turn::{EndCause, Party, Relayed};

/// Something an operator may want to know. Rare: never one per packet. Regions are named as in the
/// policy of that moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The first participant made a room.
    RoomOpened {
        /// The room.
        room: Name,
        /// Under which terms.
        terms: Arc<RoomTerms>,
    },
    /// The room's host lets less in than before.
    RoomNarrowed {
        /// The room.
        room: Name,
        /// Its terms from now on.
        terms: Arc<RoomTerms>,
        /// What it left out before.
        before: RoomRegions,
        /// How many participants that cut.
        cut: u64,
    },
    /// The last participant left.
    RoomClosed {
        /// The room.
        room: Name,
        /// Whose it was.
        tenant: Arc<str>,
    },
    /// Credentials were handed out.
    Joined {
        /// To whom.
        who: Guest,
    },
    /// A stay ended.
    Left {
        /// Whose.
        who: Guest,
        /// Why.
        cause: LeaveCause,
    },
    /// An address speaks for a participant now.
    Latched {
        /// For whom.
        who: Guest,
        /// The address.
        address: SocketAddr,
        /// Where it is.
        region: Arc<str>,
        /// The address before, if there was one.
        moved_from: Option<SocketAddr>,
    },
    /// An address no longer speaks for a participant.
    Released {
        /// For whom.
        who: Guest,
        /// The address it had.
        address: SocketAddr,
        /// Where that is.
        region: Arc<str>,
        /// Why.
        cause: ReleaseCause,
    },
    /// The fence refused an address that had a participant's credentials.
    Refused {
        /// Whose.
        who: Guest,
        /// The address.
        address: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
    /// A participant sent with another's SSRC.
    SsrcRefused {
        /// Who.
        who: Guest,
        /// The SSRC.
        ssrc: Ssrc,
    },
    /// What was carried for a participant since that was last told.
    Carried {
        /// For whom; it may have left.
        who: Guest,
        /// Where it was.
        region: Arc<str>,
        /// Under which policy.
        epoch: Epoch,
        /// What.
        traffic: Traffic,
    },
    /// A TURN client got relayed addresses.
    Allocated {
        /// Who.
        who: Client,
        /// Its address.
        client: SocketAddr,
        /// Where that is.
        region: Arc<str>,
        /// The addresses.
        relayed: Option<Relayed>,
    },
    /// A TURN allocation ended.
    Deallocated {
        /// Whose.
        who: Client,
        /// The client's address.
        client: SocketAddr,
        /// Why.
        cause: EndCause,
        /// All that was carried for it; [`Event::CarriedForClient`] has told the same in parts.
        traffic: Traffic,
    },
    /// The fence refused a TURN client that had authenticated.
    ClientRefused {
        /// Whom; the fence is the one it asked for, or empty for its tenant's default.
        who: Client,
        /// From where.
        client: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
    /// The fence refused a peer of a TURN client.
    PeerRefused {
        /// Whose.
        who: Client,
        /// The peer.
        peer: IpAddr,
        /// Why.
        refusal: Refusal,
    },
    /// What was carried for a TURN client since that was last told.
    CarriedForClient {
        /// For whom; its allocation may have ended.
        who: Client,
        /// Where it was.
        region: Arc<str>,
        /// Under which policy.
        epoch: Epoch,
        /// What.
        traffic: Traffic,
    },
    /// What a participant sends is evidently not encrypted. Once in a stay.
    Unencrypted {
        /// Who.
        who: Guest,
        /// What shows it.
        how: Unencrypted,
        /// Whether its fence requires encryption, so that its stay ends.
        cut: bool,
    },
    /// What passes through a TURN allocation is evidently not encrypted. Once for each direction.
    RelayedUnencrypted {
        /// Whose.
        who: Client,
        /// The client.
        client: SocketAddr,
        /// Which way.
        direction: TurnDirection,
        /// What shows it.
        how: Unencrypted,
        /// Whether its fence requires encryption, so that it is cut.
        cut: bool,
    },
}

/// A participant by names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guest {
    /// On whose account.
    pub tenant: Arc<str>,
    /// In which room.
    pub room: Name,
    /// Under which fence.
    pub fence: Arc<str>,
    /// Who.
    pub participant: Name,
}

/// A TURN client by names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// On whose account.
    pub tenant: Arc<str>,
    /// Who.
    pub party: Party,
    /// Under which fence.
    pub fence: Arc<str>,
}

/// Why a stay ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeaveCause {
    /// The control side asked for it.
    Dismissed,
    /// The credentials' time was over.
    Expired,
    /// It sent what is evidently not encrypted, and the room's fence wants encryption.
    NotEncrypted,
}
