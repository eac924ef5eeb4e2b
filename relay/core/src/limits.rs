//! Every limit of the core, each with its reason. Full is always a counted answer, never a wait.

use std::time::Duration;

/// Limits that an operator may set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Participants of one room. A thousand copies of one packet is what one shard sends in about
    /// two milliseconds; beyond that a room needs a tree of relays, not a longer loop.
    pub room_participants_max: usize,
    /// Rooms of the whole relay: bounds the registry's memory.
    pub rooms_max: usize,
    /// Participants of the whole relay: each costs memory on every shard.
    pub participants_max: usize,
    /// Ceiling for a participant that asks for none, and the highest it may ask for.
    pub participant_kbps_max: u32,
    /// Synchronization sources one participant may own in one room: a camera with simulcast, a
    /// screen, a microphone and their retransmissions fit; a random-SSRC flood does not.
    pub ssrcs_per_participant_max: usize,
    /// How long media flows without a valid connectivity check (RFC 7675 section 5.1: 30 s).
    pub consent_timeout: Duration,
    /// Least time between path checks to two ports of one host on one participant's behalf, on one
    /// shard: [`PATH_CHECK_INTERVAL`] times the shards that the ports spread over.
    pub other_port_interval: Duration,
    /// Longest life of a participant's credentials.
    pub participant_ttl_max: Duration,
    /// Packets a shard keeps while the registry decides who owns their SSRC. Each takes
    /// [`PARKED_BYTES_MAX`] from the start, so that a flood cannot make the relay grow.
    pub parked_packets_max: usize,
}

/// What one tenant may have at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TenantQuota {
    /// Rooms.
    pub rooms_max: usize,
    /// Participants in all of them.
    pub participants_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            room_participants_max: 1000,
            rooms_max: 10_000,
            participants_max: 100_000,
            participant_kbps_max: 20_000,
            ssrcs_per_participant_max: 16,
            consent_timeout: Duration::from_secs(30),
            other_port_interval: PATH_CHECK_INTERVAL,
            participant_ttl_max: Duration::from_secs(86_400),
            parked_packets_max: 1024,
        }
    }
}

/// Seats of a room: names that are in it, were in it and own an SSRC, or are waited for by `hears`.
/// Twice the participants, so that a full room can turn over once without closing.
pub const SEATS_MAX: usize = 2048;

/// Largest packet that can be parked: what an Ethernet frame carries.
pub const PARKED_BYTES_MAX: usize = ringfence_wire::datagram::OWN_DATAGRAM_BYTES_MAX;

/// How long a packet waits for its SSRC's owner. The registry answers in well under a millisecond;
/// after a second the packet is too old to be played anyway.
pub const PARKED_TIME_MAX: Duration = Duration::from_secs(1);

/// Path checks in flight on one shard: bounds memory under a storm of forged sources.
pub const PATH_CHECKS_MAX: usize = 4096;

/// Candidate addresses one participant may have in check at once: an old and a new network, each
/// with IPv4 and IPv6.
pub const PATH_CHECKS_PER_PARTICIPANT_MAX: usize = 4;

/// Least time between two path checks to one IP address on one participant's behalf: a victim whose
/// source a participant forges gets no more.
pub const PATH_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A path check that is not answered in this time is forgotten. Longer than the retransmissions of
/// an ICE agent's first check (RFC 8489 section 6.2.1: Rc = 7 with RTO 500 ms ends after 39.5 s,
/// but its first five go out within 7.5 s).
pub const PATH_CHECK_LIFETIME: Duration = Duration::from_secs(8);

/// Reports from a shard that the registry has not fetched yet.
pub const EFFECTS_MAX: usize = 8192;

/// Datagrams of one flow that leave as one run, so that each listener gets them side by side and
/// the backend can make a train of them. One receive batch is 64.
pub const RUN_MAX: usize = 64;

/// Least time between two reports of a refused address of one participant.
pub const REFUSAL_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Events that nobody has fetched from the registry yet; the oldest goes first.
pub const EVENTS_MAX: usize = 4096;

/// Names one participant may ask to hear.
pub const HEARS_MAX: usize = 1000;
