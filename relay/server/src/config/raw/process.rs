//! The sections about this process: node, listen, control, turn, limits, tuning, log, audit,
//! guard.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::bounds;
use super::super::settings::{LogFormat, LogLevel, Offload, Widening};
use super::{List, Optional};

/// This host.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["site"]))]
pub(crate) struct Node {
    /// Name of the site this host stands at; the site's region decides what it may carry.
    pub(crate) site: Optional<String>,
    /// The enclave this host belongs to; it does not start as a site of another.
    pub(crate) enclave: Optional<String>,
    /// Shards, one thread each. 0 means one per CPU that this process may use.
    #[schemars(transform = bounds::WORKERS.schema())]
    pub(crate) workers: Optional<i64>,
    /// Whether each shard stays on one CPU.
    #[schemars(extend("default" = true))]
    pub(crate) pin: Optional<bool>,
    /// Seconds that SIGTERM leaves to calls that are under way, while new ones are refused.
    #[schemars(transform = bounds::DRAIN_S.schema())]
    pub(crate) drain_s: Optional<i64>,
}

/// The addresses that media comes to. All must lie in the ranges of the node's site.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["media"]))]
pub(crate) struct Listen {
    /// UDP addresses with ports, at most 8; rooms and TURN share them. No wildcard addresses.
    #[schemars(extend("minItems" = 1, "maxItems" = bounds::MEDIA_ADDRESSES_MAX))]
    pub(crate) media: List<String>,
    /// TCP addresses with ports for TURN clients.
    #[schemars(extend("maxItems" = bounds::MEDIA_ADDRESSES_MAX))]
    pub(crate) turn_tcp: List<String>,
    /// TCP addresses with ports for TURN clients that speak TLS; `turn.certificate` goes with them.
    #[schemars(extend("maxItems" = bounds::MEDIA_ADDRESSES_MAX))]
    pub(crate) turn_tls: List<String>,
    /// Addresses without ports on which TURN allocations live.
    #[schemars(extend("maxItems" = bounds::MEDIA_ADDRESSES_MAX))]
    pub(crate) relay_addresses: List<String>,
    /// Ports of TURN allocations, first and last, both included.
    #[schemars(extend("default" = "49152-65535", "pattern" = "^[0-9]+-[0-9]+$"))]
    pub(crate) relay_ports: Optional<String>,
}

/// The API and the CLI's socket.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("dependentRequired" = { "http": ["token"] }))]
pub(crate) struct Control {
    /// Path of the Unix socket; whoever may open it may do anything.
    #[schemars(extend("default" = "ringfence.sock"))]
    pub(crate) socket: Optional<String>,
    /// TCP address with port of the API. Every call but /health, /ready, /metrics and the page /status needs the token.
    pub(crate) http: Optional<String>,
    /// Where the token is: file:PATH or credential:NAME (systemd.exec(5), LoadCredential).
    #[schemars(extend("pattern" = "^(file|credential):."))]
    pub(crate) token: Optional<String>,
}

/// The TURN door.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Turn {
    /// Realm told to TURN clients (RFC 8489 section 14.9), at most 20 bytes.
    #[schemars(extend("default" = "ringfence", "maxLength" = bounds::REALM_BYTES_MAX))]
    pub(crate) realm: Optional<String>,
    /// PEM file with this relay's certificate and what leads from it to a root.
    pub(crate) certificate: Optional<String>,
    /// PEM file with the certificate's private key.
    pub(crate) private_key: Optional<String>,
    /// Relays, as addresses with ports, that clients are sent on to (RFC 8489 section 14.15).
    #[schemars(extend("maxItems" = bounds::ALTERNATE_SERVERS_MAX))]
    pub(crate) alternate_servers: List<String>,
    /// Whether clients may use the channel numbers of RFC 5766, up to 0x7FFF; RFC 8656 ends at 0x4FFF.
    #[schemars(extend("default" = false))]
    pub(crate) legacy_channels: Optional<bool>,
}

/// Bounds of everything that outsiders can make grow.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Participants of one room.
    #[schemars(transform = bounds::ROOM_PARTICIPANTS.schema())]
    pub(crate) room_participants_max: Optional<i64>,
    /// Rooms of this relay.
    #[schemars(transform = bounds::ROOMS.schema())]
    pub(crate) rooms_max: Optional<i64>,
    /// Participants of this relay.
    #[schemars(transform = bounds::PARTICIPANTS.schema())]
    pub(crate) participants_max: Optional<i64>,
    /// What one participant may send, in kilobits per second.
    #[schemars(transform = bounds::PARTICIPANT_KBPS.schema())]
    pub(crate) participant_kbps_max: Optional<i64>,
    /// RTP streams (SSRCs) that one participant may own.
    #[schemars(transform = bounds::SSRCS.schema())]
    pub(crate) ssrcs_per_participant_max: Optional<i64>,
    /// Milliseconds without a valid check after which a participant gets nothing more
    /// (RFC 7675 section 5.1).
    #[schemars(transform = bounds::CONSENT_MS.schema())]
    pub(crate) consent_timeout_ms: Optional<i64>,
    /// The longest life that a participant's credentials can be given, in seconds.
    #[schemars(transform = bounds::TTL_S.schema())]
    pub(crate) participant_ttl_s_max: Optional<i64>,
    /// Addresses that one TURN allocation may have permissions for.
    #[schemars(transform = bounds::PERMISSIONS.schema())]
    pub(crate) permissions_per_allocation_max: Optional<i64>,
    /// Channels that one TURN allocation may bind.
    #[schemars(transform = bounds::CHANNELS.schema())]
    pub(crate) channels_per_allocation_max: Optional<i64>,
    /// TCP and TLS connections of this relay.
    #[schemars(transform = bounds::STREAMS.schema())]
    pub(crate) streams_max: Optional<i64>,
    /// TCP and TLS connections from one IPv4 address or one /64 of IPv6.
    #[schemars(transform = bounds::STREAMS_PER_SOURCE.schema())]
    pub(crate) streams_per_source_max: Optional<i64>,
    /// The longest time, in seconds, that a TURN allocation lives without a refresh.
    #[schemars(transform = bounds::ALLOCATION_LIFETIME_S.schema())]
    pub(crate) allocation_lifetime_s_max: Optional<i64>,
}

/// What is traded for processor time, and which of the kernel's means are used.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tuning {
    /// Microseconds for which a busy shard lets packets gather before it takes them all at once. 0:
    /// it takes each as it comes. A packet that comes after a pause is not delayed.
    #[schemars(transform = bounds::COALESCE_US.schema())]
    pub(crate) coalesce_us: Optional<i64>,
    /// Microseconds for which a shard goes on looking for packets before it sleeps. Takes the whole
    /// processor where packets are closer together than that.
    #[schemars(transform = bounds::BUSY_POLL_US.schema())]
    pub(crate) busy_poll_us: Optional<i64>,
    /// Microseconds for which the kernel looks at the network card's queue before it lets a shard
    /// sleep (epoll's EPIOCSPARAMS, Linux 6.9).
    #[schemars(transform = bounds::BUSY_POLL_US.schema())]
    pub(crate) kernel_busy_poll_us: Optional<i64>,
    /// Segmentation offload, in and out (UDP_GRO and UDP_SEGMENT), where the kernel has it.
    #[schemars(extend("default" = "auto"))]
    pub(crate) offload: Option<Offload>,
}

/// What is logged, and how.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// Lines for people, or one JSON object a line.
    #[schemars(extend("default" = "text"))]
    pub(crate) format: Option<LogFormat>,
    /// The least severe level that is logged.
    #[schemars(extend("default" = "info"))]
    pub(crate) level: Option<LogLevel>,
}

/// What a change of the policy has to pass while the relay runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Guard {
    /// What becomes of a reload that widens a fence: refused until someone accepts it, or allowed. The
    /// word of the configuration in force counts, not that of the new one.
    #[schemars(extend("default" = "refuse"))]
    pub(crate) widening: Option<Widening>,
}

/// The audit trail: what happened, as lines that cannot be changed unnoticed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Audit {
    /// File that lines are added to; full ones get the number of their first line as an ending.
    /// Without it there is no trail, and reports are empty.
    pub(crate) path: Optional<String>,
    /// Bytes at which a file is full.
    #[schemars(transform = bounds::ROTATE_BYTES.schema())]
    pub(crate) rotate_bytes: Optional<i64>,
    /// Full files that are kept. 0 means all.
    #[schemars(transform = bounds::AUDIT_KEEP.schema())]
    pub(crate) keep: Optional<i64>,
    /// Milliseconds after which lines are on the disk, and their loss would show.
    #[schemars(transform = bounds::FSYNC_MS.schema())]
    pub(crate) fsync_interval_ms: Optional<i64>,
    /// Where the Ed25519 key is that signs the trail: file:PATH or credential:NAME. PEM, as
    /// `openssl genpkey -algorithm ed25519` makes it, or 64 hexadecimal digits.
    #[schemars(extend("pattern" = "^(file|credential):."))]
    pub(crate) signing_key: Optional<String>,
    /// Seconds between signatures; there is one at each rotation and at the end, too.
    #[schemars(transform = bounds::ANCHOR_S.schema())]
    pub(crate) anchor_interval_s: Optional<i64>,
}
