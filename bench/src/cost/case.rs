//! What is offered to the relay.

use clap::ValueEnum;
use serde::Serialize;

/// How speakers' packets follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// One room, one speaker; packets come one by one, evenly spaced.
    Single,
    /// One room, one speaker; eight packets of equal length back to back, as those of one video
    /// frame come.
    Burst,
    /// As `Burst`, but the eight come as one train and listeners take trains: what coalescing and
    /// segmentation in network cards make of a burst.
    Train,
    /// Many rooms with a speaker each, who take turns; packets come one by one, evenly spaced, and
    /// hardly two neighbours go to the same listeners.
    Crowd,
}

impl Pattern {
    /// Packets of one turn to speak.
    pub fn packets(self) -> u64 {
        match self {
            Self::Single | Self::Crowd => 1,
            Self::Burst | Self::Train => 8,
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Case {
    /// People in a room.
    pub participants: usize,
    /// Bytes of a packet, RTP header included.
    pub payload_bytes: usize,
    /// How the speakers' packets come.
    pub pattern: Pattern,
    /// Part of the shard's processor that they are meant to take.
    pub shard_share: f64,
}

/// People in all rooms of a crowd together, and most rooms of one.
const CROWD: (usize, usize) = (320, 32);

impl Case {
    /// Of a copy's processor time, by the bare loop's: what it is to be at most.
    pub fn ratio_max(&self) -> f64 {
        match self.pattern {
            Pattern::Train => 0.30,
            Pattern::Single | Pattern::Burst | Pattern::Crowd => 1.10,
        }
    }

    /// Rooms at once.
    pub fn rooms(&self) -> usize {
        match self.pattern {
            Pattern::Single | Pattern::Burst | Pattern::Train => 1,
            Pattern::Crowd => (CROWD.0 / self.participants).clamp(1, CROWD.1),
        }
    }

    /// Copies that one turn to speak makes.
    pub fn copies_a_turn(&self) -> u64 {
        self.pattern.packets() * (self.participants as u64 - 1)
    }
}
