//! The sections about this process: node, listen, control, turn, limits, log.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::bounds;
use super::super::settings::{LogFormat, LogLevel};
use super::{List, Optional};

/// This host.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["site"]))]
pub(crate) struct Node {
    /// Name of the site this host stands at; the site's region decides what it may carry.
    pub(crate) site: Optional<String>,
    /// Shards, one thread each. 0 means one per CPU that this process may use.
    #[schemars(transform = bounds::WORKERS.schema())]
    pub(crate) workers: Optional<i64>,
    /// Whether each shard stays on one CPU.
    #[schemars(extend("default" = true))]
    pub(crate) pin: Optional<bool>,
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
    /// TCP address with port of the API. Every call but /health, /ready and /metrics needs the token.
    pub(crate) http: Optional<String>,
    /// Where the token is: file:PATH or credential:NAME (systemd.exec(5), LoadCredential).
    #[schemars(extend("pattern" = "^(file|credential):."))]
    pub(crate) token: Optional<String>,
}

/// The TURN door.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Turn {
    /// Realm told to TURN clients (RFC 8489 section 14.9).
    #[schemars(extend("default" = "ringfence", "maxLength" = bounds::REALM_CHARS_MAX))]
    pub(crate) realm: Optional<String>,
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
