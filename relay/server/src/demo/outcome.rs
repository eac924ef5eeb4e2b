//! What came of it, in numbers. All that participants received was counted where it arrived.

use std::net::SocketAddr;

use hdrhistogram::Histogram;
use ringfence_fence::Rule;

use super::cast::CAST;

/// What came of a demo.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// In the order of [`CAST`].
    pub players: [Played; CAST.len()],
    /// What the relay says it did.
    pub relay: RelaySide,
    /// From the intended time of sending to arrival, in nanoseconds, of every packet that arrived
    /// exact and was decrypted.
    pub latency_ns: Histogram<u64>,
}

/// What came of one participant.
#[derive(Clone, Debug)]
pub struct Played {
    /// Where it called from.
    pub address: SocketAddr,
    /// Whether the relay ever answered its checks.
    pub latched: bool,
    /// Packets of its script.
    pub planned: u64,
    /// Packets sent.
    pub sent: u64,
    /// Connectivity checks sent.
    pub checks_sent: u64,
    /// Datagrams of any kind that reached it.
    pub datagrams: u64,
    /// Media that reached it.
    pub received: u64,
    /// Media that reached it, by sender, in the order of [`CAST`].
    pub heard: [Heard; CAST.len()],
    /// Media that reached it and is no one's, altered, or came twice.
    pub strange: u64,
}

/// What reached one participant from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// Packets that are equal, byte for byte, to one that was sent, each counted once.
    pub exact: u64,
    /// Of those, packets that were authenticated, decrypted and hold what the sender meant.
    pub decrypted: u64,
}

/// What the relay counted and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelaySide {
    /// Checks that the fence refused, by rule.
    pub refused: Vec<(Rule, u64)>,
    /// Media from addresses that never latched.
    pub not_latched: u64,
    /// What the fence says of the forbidden participant's address.
    pub refusal: Option<RefusedBy>,
}

/// A rule and where it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedBy {
    /// The rule.
    pub rule: Rule,
    /// `file:line`.
    pub place: String,
}

impl Played {
    /// Packets that this participant decrypted, of all senders.
    pub fn decrypted(&self) -> u64 {
        self.heard.iter().map(|heard| heard.decrypted).sum()
    }
}
