//! What the registry and the shards tell each other. Everything else stays where it is.

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::{Epoch, Pass, Policy, Refusal};
use ringfence_wire::datagram::LocalSocket;
use ringfence_wire::rtp::Ssrc;

use crate::credentials::{Credentials, IceCredentials};
use crate::identity::{ParticipantId, RoomId, Seat, SeatSet, ShardId};
use crate::media::PacketIndex;
use crate::room_fence::RoomTerms;
use crate::traffic::Settlement;
use crate::turn::{TurnCommand, TurnEffect};

/// From the registry to shards. A shard applies them in the order they were sent.
#[derive(Clone, Debug)]
pub enum Command {
    /// A participant may now latch.
    Admit(Arc<Admission>),
    /// A participant is gone, with its latch and its checks. Answered by the last
    /// [`Effect::Settled`] about it.
    Dismiss(ParticipantId),
    /// A participant is reached at, and sends from, this address from now on.
    Route(Route),
    /// A participant has no address any more.
    Unroute(ParticipantId),
    /// Who owns an SSRC.
    Own(Ownership),
    /// A new policy; what it forbids is cut before this command has been applied. Confirmed by
    /// [`Effect::Adopted`].
    Adopt(Arc<Policy>),
    /// A room's host lets less in; what that forbids is cut before this command has been applied.
    /// Confirmed by [`Effect::Narrowed`].
    Narrow {
        /// Which room.
        room: RoomId,
        /// Its terms from now on.
        terms: Arc<RoomTerms>,
        /// Returned with the confirmation.
        number: NarrowingNumber,
    },
    /// Tell what was carried since that was last told; answered by one [`Effect::Settled`] with the
    /// same number.
    Settle(u64),
    /// About allocations.
    Turn(TurnCommand),
    /// Report on a room, answered by [`Effect::Report`] with the same token.
    Survey {
        /// Which room.
        room: RoomId,
        /// Returned with the answer.
        token: u64,
    },
}

/// Narrowings of rooms, counted from 1 since the start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct NarrowingNumber(pub u64);

/// Which shards a command is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Every shard.
    All,
    /// One.
    One(ShardId),
}

/// A participant as every shard knows it.
#[derive(Debug)]
pub struct Admission {
    /// This stay.
    pub participant: ParticipantId,
    /// Its room.
    pub room: RoomId,
    /// The room's terms when it came.
    pub terms: Arc<RoomTerms>,
    /// Its seat in the room.
    pub seat: Seat,
    /// What it authenticates with.
    pub credentials: Credentials,
    /// What the relay authenticates with towards it, if it said so.
    pub ice: Option<IceCredentials>,
    /// Seats it hears; `None` is everyone.
    pub hears: Option<SeatSet>,
    /// Its ceiling in kilobits (1,000 bits) of UDP payload a second.
    pub kbps_max: u32,
}

/// Where a participant is.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Who.
    pub participant: ParticipantId,
    /// The proof that the fence let this address in, and the address.
    pub pass: Pass,
    /// Our socket that this address talks to.
    pub local: LocalSocket,
    /// The shard whose path check proved it; it watches over consent.
    pub shard: ShardId,
    /// That check has just been answered. Of a route that was taken over nobody knows when the last one was.
    pub is_proven_now: bool,
}

/// Who owns an SSRC in a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ownership {
    /// The room.
    pub room: RoomId,
    /// The SSRC.
    pub ssrc: Ssrc,
    /// The seat of its first sender.
    pub seat: Seat,
    /// Where its packet numbering stood when last heard of.
    pub index: PacketIndex,
}

/// From a shard to the registry.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The participant's credentials were used at this address, and it answered our path check.
    Proven(Route),
    /// This shard stopped serving a participant's address.
    Released {
        /// Who.
        participant: ParticipantId,
        /// The address it had.
        address: SocketAddr,
        /// Our socket that it talked to.
        local: LocalSocket,
        /// Why.
        cause: ReleaseCause,
    },
    /// An SSRC nobody owns yet was sent by this participant.
    Claim {
        /// The participant.
        participant: ParticipantId,
        /// What it sent.
        ssrc: Ssrc,
        /// Where its numbering stood.
        index: PacketIndex,
    },
    /// An SSRC's packet numbering crossed a quarter of its 16-bit space.
    Advanced {
        /// The room.
        room: RoomId,
        /// The SSRC.
        ssrc: Ssrc,
        /// Where it is now.
        index: PacketIndex,
    },
    /// A participant's valid credentials were used at an address the fence refuses.
    Refused {
        /// Who.
        participant: ParticipantId,
        /// From where.
        address: SocketAddr,
        /// Why not.
        refusal: Refusal,
    },
    /// The policy is in force on this shard and what it forbids has been cut.
    Adopted {
        /// Its epoch.
        epoch: Epoch,
        /// What peers lost; whose clients are cut is known at the registry.
        peers_cut: PeersCut,
    },
    /// A room's narrowing is in force on this shard and what it forbids has been cut.
    Narrowed {
        /// Which.
        number: NarrowingNumber,
    },
    /// What this shard carried and had not told before.
    Settled(Box<Settlement>),
    /// About allocations.
    Turn(TurnEffect),
    /// Answer to [`Command::Survey`].
    Report(Box<RoomReport>),
}

/// What a new policy took from the peers of allocations that stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PeersCut {
    /// Permissions, those for other allocations of this relay included.
    pub permissions: u64,
    /// Channels.
    pub channels: u64,
}

/// Why a shard stopped serving an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReleaseCause {
    /// No valid check in the consent time (RFC 7675 section 5.1).
    ConsentExpired,
    /// A new policy forbids it.
    Cut(Refusal),
}

/// What one shard knows of a room.
#[derive(Clone, Debug)]
pub struct RoomReport {
    /// The survey's token.
    pub token: u64,
    /// Every participant, in no order.
    pub members: Vec<MemberReport>,
    /// Every source heard on this shard.
    pub sources: Vec<SourceReport>,
}

/// What one shard sent to a participant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemberReport {
    /// Who.
    pub participant: ParticipantId,
    /// Packets sent to it from this shard.
    pub packets_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
}

/// Reception of one SSRC on one shard, in the terms of RFC 3550 section 6.4.1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SourceReport {
    /// Whose it is.
    pub seat: Seat,
    /// The SSRC.
    pub ssrc: Ssrc,
    /// RTP packets received.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Expected less received; negative when duplicates came.
    pub lost: i64,
    /// Interarrival jitter, once the clock rate is known.
    pub jitter: Option<std::time::Duration>,
    /// The clock rate inferred from the timestamps, in hertz.
    pub clock_rate_hz: Option<u32>,
    /// Packet index: rollover counter and sequence number.
    pub index: PacketIndex,
}
