//! The relay as a state machine: what arrives, what the control side asks and what time it is go
//! in; what to send and what to report come out. No clock, no socket, no thread, no unsafe.
//!
//! Two machines live here. The [`Engine`] runs once per shard and judges every datagram. The
//! [`Registry`] runs once, on the control thread, and is the only writer of rooms: engines report
//! to it by [`Effect`]s, it answers with [`Command`]s.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "no panic reachable from input"
)]

mod counters;
mod credentials;
mod denial;
mod engine;
mod flow;
mod foresight;
mod identity;
mod limits;
mod media;
mod message;
mod place_index;
mod random;
mod registry;
mod room_fence;
mod rooms;
mod scrutiny;
mod sorted_map;
mod state;
mod table;
mod time;
mod traffic;
mod turn;

pub use counters::{Counters, DropReason, Fault};
pub use credentials::{Credentials, IceCredentials, IceCredentialsError, Password, Ufrag};
pub use engine::{Engine, EngineSetup};
pub use identity::{Name, NameError, ParticipantId, RoomId, Seat, SeatSet, ShardId};
pub use limits::*;
pub use media::PacketIndex;
pub use message::{
    Admission, Command, Effect, MemberReport, NarrowingNumber, Ownership, PeersCut, ReleaseCause,
    RoomReport, Route, SourceReport, Target,
};
pub use random::Seed;
pub use registry::{
    AllocationCut, AllocationView, Client, Cuts, Event, Guest, Holdings, Join, JoinError, Joined,
    LeaveCause, NarrowError, Narrowed, OwnedSsrc, ParticipantCut, ParticipantView, PortCount,
    Registry, RegistrySetup, RelayPorts, RoomView, UnencryptedFlows,
};
pub use room_fence::RoomTerms;
pub use scrutiny::{Sample, SampledFlow, Scrutiny, TurnDirection, Unencrypted, Verdict};
pub use state::{
    AllocationState, ChannelState, IdentityState, KeyState, ParticipantState, ReservationState,
    Restored, RoomState, RoomsState, RouteState, TermsState, TurnState,
};
pub use time::Instant;
pub use traffic::{Carried, Holder, Occasion, Settlement, Traffic};
pub use turn::{
    Accounts, AllocationDenial, AllocationId, AllocationRequest, AuthFailure, EndCause, Family,
    Grant, Invitation, Neighbour, Party, PortWish, REALM_BYTES_MAX, Relayed, RestUsername,
    RestUsernameError, StaticUser, TenantCredentials, TurnCommand, TurnEffect, TurnHoldings,
    TurnSetup, long_term_key, rest_password,
};
