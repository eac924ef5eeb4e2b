//! The beginning of one packet, and whose it was.

use arrayvec::ArrayVec;

use crate::identity::ParticipantId;
use crate::limits::SAMPLE_BYTES_MAX;
use crate::turn::AllocationId;

/// Whose packet it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SampledFlow {
    /// A latched participant sent it to its room.
    Participant(ParticipantId),
    /// It passed through a TURN allocation.
    Allocation(AllocationId, TurnDirection),
}

/// Which way a packet passed through an allocation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TurnDirection {
    /// From the client to a peer.
    ToPeers,
    /// From a peer to the client.
    ToClient,
}

/// A copy of the first bytes of a packet, as media protocols see it: without any TURN header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Whose it was.
    pub flow: SampledFlow,
    /// Length of the whole packet, in bytes.
    pub packet_bytes: usize,
    /// Its first [`SAMPLE_BYTES_MAX`] bytes, or all of it.
    pub prefix: ArrayVec<u8, SAMPLE_BYTES_MAX>,
}

impl TurnDirection {
    /// Stable name, in snake_case.
    pub fn code(self) -> &'static str {
        match self {
            Self::ToPeers => "to_peers",
            Self::ToClient => "to_client",
        }
    }
}

impl Sample {
    /// Copies the beginning of a packet.
    pub fn of(flow: SampledFlow, packet: &[u8]) -> Self {
        let prefix = packet.iter().copied().take(SAMPLE_BYTES_MAX).collect();
        Self { flow, packet_bytes: packet.len(), prefix }
    }
}
