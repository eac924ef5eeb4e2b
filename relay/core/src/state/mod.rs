//! What of a relay outlives its process: enough to go on where it was. It holds secrets, so it is kept in
//! memory only, and what it says of addresses is judged anew before a packet moves.
//!
//! Whoever reads it checks it: these types can be made by anybody who writes to where it is kept.

mod turn;

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::RoomRegions;
use serde::{Deserialize, Serialize};

use crate::credentials::{Credentials, IceCredentials};
use crate::identity::{Name, ParticipantId, RoomId, Seat, ShardId};
use crate::media::PacketIndex;
use crate::room_fence::RoomTerms;
use crate::time::Instant;

pub use self::turn::{
    AllocationState, ChannelState, IdentityState, KeyState, ReservationState, TurnState,
};

/// All rooms, as the registry has them. Times are those of the relay's clock, which goes on as well.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RoomsState {
    /// The last handle that was given out: none is used twice.
    pub last_id: u64,
    /// In the order of their names.
    pub rooms: Vec<RoomState>,
}

/// One room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomState {
    /// Its handle.
    pub id: RoomId,
    /// Its name.
    pub name: Name,
    /// Its rules, in names.
    pub terms: TermsState,
    /// Since when it is there.
    pub opened: Instant,
    /// Who has which seat.
    pub seats: Vec<(Seat, Name)>,
    /// Who is there.
    pub participants: Vec<ParticipantState>,
    /// Which SSRC is whose, and where its numbering stood when that was last told.
    pub ssrcs: Vec<(u32, Seat, PacketIndex)>,
}

/// The rules of a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TermsState {
    /// Whose room it is.
    pub tenant: String,
    /// One of the tenant's fences.
    pub fence: String,
    /// The group that may use it.
    pub group: Option<String>,
    /// Regions whose sites alone may carry it.
    pub require: Option<Vec<String>>,
    /// Regions whose participants are refused.
    pub refuse: Vec<String>,
}

/// One participant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ParticipantState {
    /// This stay.
    pub id: ParticipantId,
    /// Its name.
    pub name: Name,
    /// What it authenticates with.
    pub credentials: Credentials,
    /// Its own credentials.
    pub ice: Option<IceCredentials>,
    /// Its seat.
    pub seat: Seat,
    /// Seats it hears; `None` is everyone.
    pub hears: Option<Vec<Seat>>,
    /// Its ceiling in kbit/s.
    pub kbps_max: u32,
    /// Since when.
    pub joined: Instant,
    /// Until when.
    pub expires: Instant,
    /// Whether it was told that what it sends is not encrypted.
    pub unencrypted: bool,
    /// Where it was.
    pub route: Option<RouteState>,
}

/// Where a participant was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RouteState {
    /// Its address.
    pub address: SocketAddr,
    /// Which of the listening sockets it talked to.
    pub listen: u8,
    /// The shard that watches over it.
    pub shard: ShardId,
}

/// What came of a state that was taken over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Rooms that are back.
    pub rooms: usize,
    /// Participants that are back.
    pub participants: usize,
    /// Of those, whose media flows at once.
    pub routed: usize,
    /// Rooms that the policy in force does not have, or whose participants' time was over.
    pub rooms_gone: usize,
    /// Participants whose address the policy in force refuses, or that another one has.
    pub unrouted: usize,
    /// Allocations that are back; their shards judge them once more.
    pub allocations: usize,
    /// Allocations that the policy in force refuses, or whose time was over.
    pub allocations_gone: usize,
}

impl TermsState {
    pub(crate) fn of(terms: &RoomTerms) -> Self {
        Self {
            tenant: terms.tenant.as_ref().to_owned(),
            fence: terms.fence.as_ref().to_owned(),
            group: terms.group.as_deref().map(str::to_owned),
            require: terms.regions.require.clone(),
            refuse: terms.regions.refuse.clone(),
        }
    }

    pub(crate) fn terms(&self) -> RoomTerms {
        let regions = RoomRegions { require: self.require.clone(), refuse: self.refuse.clone() };
        RoomTerms {
            tenant: self.tenant.as_str().into(),
            fence: self.fence.as_str().into(),
            group: self.group.as_deref().map(Arc::from),
            regions: RoomRegions::default(),
        }
        .with_regions(&regions)
    }
}
