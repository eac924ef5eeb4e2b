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
    /// Peers' addresses that one allocation may have permissions for at a time: an SFU's client has
    /// a handful, a peer-to-peer mesh some dozens.
    pub permissions_per_allocation_max: usize,
    /// Channels that one allocation may have bound at a time.
    pub channels_per_allocation_max: usize,
    /// The longest that an allocation lives without a refresh (RFC 8656 section 7.2: "one hour").
    pub allocation_lifetime_max: Duration,
    /// What one answer to an address that has proved nothing costs, on one shard; two seconds' worth
    /// of them may come in the first. 200 ms times the number of shards keeps a source to ten.
    pub unproven_answer_interval: Duration,
    /// Answers to such addresses a second on one shard, all sources together: a flood must not use
    /// the relay's whole uplink.
    pub unproven_answers_per_s: u32,
}

/// What one tenant may have at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TenantQuota {
    /// Rooms.
    pub rooms_max: usize,
    /// Participants in all of them.
    pub participants_max: usize,
    /// TURN allocations.
    pub allocations_max: usize,
    /// TURN allocations of one party: a browser makes one for each of its interfaces and each of
    /// the transports it was offered.
    pub allocations_per_party_max: usize,
}

/// None but the relay's.
impl Default for TenantQuota {
    fn default() -> Self {
        Self {
            rooms_max: usize::MAX,
            participants_max: usize::MAX,
            allocations_max: usize::MAX,
            allocations_per_party_max: usize::MAX,
        }
    }
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
            permissions_per_allocation_max: 256,
            channels_per_allocation_max: 256,
            allocation_lifetime_max: Duration::from_secs(3600),
            unproven_answer_interval: UNPROVEN_ANSWER_INTERVAL,
            unproven_answers_per_s: UNPROVEN_ANSWERS_PER_S,
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

/// Datagrams that are looked at together before the first of them is judged: a receive batch.
pub const AHEAD_MAX: usize = 64;

/// Least time between two reports of a refused address of one participant.
pub const REFUSAL_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Events that nobody has fetched from the registry yet; the oldest goes first, and is counted. One
/// policy can cut every participant of a relay at once ([`Limits::participants_max`]).
pub const EVENTS_MAX: usize = 131_072;

/// Participants, and allocations, that the answer to a change of the rules names; all are counted.
pub const CUTS_LISTED_MAX: usize = 1000;

/// Entries of what was carried that have not been told: one for each party, region and policy. With
/// more, what is known is told at once.
pub const LEDGER_ENTRIES_MAX: usize = 131_072;

/// Parties that have gone while shards still have something to say of them, for a few milliseconds
/// each. Beyond that the last of what was carried for them is lost, and counted.
pub const DEPARTED_MAX: usize = 65_536;

/// Names one participant may ask to hear.
pub const HEARS_MAX: usize = 1000;

/// See [`Limits::unproven_answer_interval`], for one shard.
pub const UNPROVEN_ANSWER_INTERVAL: Duration = Duration::from_millis(200);

/// See [`Limits::unproven_answers_per_s`], for the whole relay: 1.44 MB of answers.
pub const UNPROVEN_ANSWERS_PER_S: u32 = 20_000;

/// Least time between two requests of one source, without an allocation, whose nonce and integrity are
/// looked at, on one shard; a second's worth may come at once. As if the thousand clients behind one
/// address all came back within a second. That takes 3 ms of it: one takes two or three microseconds.
pub const PROOFS_PER_SOURCE_INTERVAL: Duration = Duration::from_millis(1);

/// Places in a table of sources that something was done for lately: 16 bytes each.
pub const SOURCE_SLOTS: usize = 16_384;

/// How long a nonce is good: "at least once every hour" a server should change it (RFC 8656 section 5);
/// a client that comes with a stale one is told a new one.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(600);

/// What an allocation lives if its client asks for less or nothing (RFC 8656 section 3.2).
pub const ALLOCATION_LIFETIME_DEFAULT: Duration = Duration::from_secs(600);

/// How long a permission lives (RFC 8656 section 9).
pub const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);

/// Least time between two reports that one allocation lets another of this relay send. A permission
/// that is refreshed sooner lasts from its last report on.
pub const INVITATION_INTERVAL: Duration = Duration::from_secs(1);

/// How long a channel stays bound (RFC 8656 section 12).
pub const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);

/// How long a reserved port is kept (RFC 8656 section 7.2 asks for at least 30 s).
pub const RESERVATION_LIFETIME: Duration = Duration::from_secs(30);

/// Requests for ports that the registry has not answered yet, on one shard.
pub const ALLOCATIONS_ASKED_MAX: usize = 4096;

/// Ports that the registry tries for one allocation when others than the relay use them.
pub const PORT_ATTEMPTS_MAX: u8 = 8;

/// Allocations that a shard tells the registry of at once, so that they can outlive the relay: some 100 µs
/// of work.
pub const KEPT_AT_ONCE_MAX: usize = 256;

/// What is copied of a sampled packet: an RTP header with its extensions and four blocks or more of
/// its payload. What repeats in media is at the front of its packets; twice as much finds no more.
pub const SAMPLE_BYTES_MAX: usize = 128;

/// Samples that the shard has not handed on yet: what the 512 packets of two turns give.
pub const SAMPLES_WAITING_MAX: usize = 64;

/// A flow that is being sampled gives one packet in so many: speech of 50 packets a second is judged
/// after five seconds, and video costs no more than 40 copies a second.
pub const SAMPLING_GAP_MEAN: u8 = 8;

/// Flows of one shard that are sampled at a time. With 40 samples a second each they give the control
/// thread some milliseconds of work a second.
pub const SAMPLED_FLOWS_MAX: usize = 64;

/// How long a flow keeps its turn while others wait: time for 32 samples of the slowest media. With
/// 1,000 flows on a shard each has a turn every five minutes.
pub const SCRUTINY_TURN: Duration = Duration::from_secs(20);

/// Samples that a verdict needs: so few only show what most packets have in common.
pub const SCRUTINY_SAMPLES_MIN: usize = 32;

/// Samples that a verdict looks back on: what repeats with each key frame must come again in them.
pub const SCRUTINY_SAMPLES_MAX: usize = 1024;

/// Blocks of one sample that are kept.
pub const SCRUTINY_BLOCKS_PER_SAMPLE_MAX: usize = 6;

/// Streams that are watched at a time: some 85 kB each if they are watched to the end.
pub const SCRUTINY_STREAMS_MAX: usize = 256;

/// Streams of one flow that are watched at a time, so that one that makes up an SSRC for every
/// packet does not take the places of others: sound, picture, screen, and the reports of each.
pub const SCRUTINY_STREAMS_PER_FLOW_MAX: usize = 6;
