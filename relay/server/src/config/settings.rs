//! The resolved configuration: every value in its own type, nothing left to check.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ringfence_fence::PolicyDraft;
use ringfence_wire::channel_data::ChannelNumbers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Secret, SecretSlot, Tls};

/// A whole configuration, with defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// This host.
    pub node: Node,
    /// The addresses that media comes to.
    pub listen: Listen,
    /// The API and the CLI's socket.
    pub control: Control,
    /// The TURN door.
    pub turn: Turn,
    /// Bounds of everything that outsiders can make grow.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
    /// Quotas and secrets of the accounts, in the order of the file.
    pub tenants: Vec<Tenant>,
    /// How many sites a client is offered.
    pub selection: Selection,
    /// Sentences that must stay true.
    pub invariants: Vec<Invariant>,
    /// What the policy was made from; it compiled.
    pub policy: PolicyDraft,
}

/// This host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its site; the policy knows it.
    pub site: String,
    /// Shards to run.
    pub workers: Workers,
    /// Whether each shard stays on one CPU.
    pub pin: bool,
}

/// How many shards to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workers {
    /// One for each CPU that this process may use.
    PerCpu,
    /// This many, at most 256.
    Count(NonZeroU16),
}

/// The addresses that media comes to. None is a wildcard, a multicast or a mapped address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    /// UDP, 1 to 8, all different, no port 0.
    pub media: Vec<SocketAddr>,
    /// TCP for TURN clients, at most 8, all different, no port 0.
    pub turn_tcp: Vec<SocketAddr>,
    /// TCP for TURN clients that speak TLS, as `turn_tcp` and none of its; then there is a certificate.
    pub turn_tls: Vec<SocketAddr>,
    /// Where TURN allocations live, at most 8, all different.
    pub relay_addresses: Vec<IpAddr>,
    /// Ports of TURN allocations, two for each shard or more; holds no port of `media` on the same
    /// address.
    pub relay_ports: RangeInclusive<u16>,
}

/// The API and the CLI's socket.
#[derive(Clone, Debug)]
pub struct Control {
    /// Unix socket, at most 107 bytes.
    pub socket: PathBuf,
    /// TCP address of the API; there is a token slot if there is one.
    pub http: Option<SocketAddr>,
    /// What TCP callers must show.
    pub token: Option<SecretSlot>,
}

/// The TURN door.
#[derive(Clone, Debug)]
pub struct Turn {
    /// 1 to 20 bytes (RFC 8489 section 14.9).
    pub realm: String,
    /// What `Listen::turn_tls` speaks; `Some` where that has addresses.
    pub tls: Option<Tls>,
    /// Where clients are sent on to (RFC 8489 section 14.15), at most 8, all different.
    pub alternate_servers: Vec<SocketAddr>,
    /// Which channel numbers clients may use.
    pub channel_numbers: ChannelNumbers,
}

/// Bounds of everything that outsiders can make grow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Participants of one room, 2 to 1,000.
    pub room_participants_max: u16,
    /// Rooms of this relay.
    pub rooms_max: u32,
    /// Participants of this relay.
    pub participants_max: u32,
    /// What one participant may send, in kilobits (1,000 bits) per second.
    pub participant_kbps_max: u32,
    /// RTP streams that one participant may own.
    pub ssrcs_per_participant_max: u16,
    /// Time without a valid check after which consent ends (RFC 7675 section 5.1).
    pub consent_timeout: Duration,
    /// Longest life of a participant's credentials.
    pub participant_ttl_max: Duration,
    /// Addresses that one TURN allocation may have permissions for, 1 to 4,096.
    pub permissions_per_allocation_max: u16,
    /// Channels that one TURN allocation may bind, 1 to 4,096.
    pub channels_per_allocation_max: u16,
    /// TCP and TLS connections of this relay.
    pub streams_max: u32,
    /// TCP and TLS connections from one IPv4 address or one /64 of IPv6.
    pub streams_per_source_max: u32,
    /// Longest life of a TURN allocation without a refresh, 600 s to a day.
    pub allocation_lifetime_max: Duration,
}

/// What is logged, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// The least severe level that is logged.
    pub level: LogLevel,
}

/// Form of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How severe a log line must be to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures only.
    Error,
    /// And what may become one.
    Warn,
    /// And what an operator did.
    #[default]
    Info,
    /// And what the relay decided.
    Debug,
    /// And how.
    Trace,
}

/// Quotas and secrets of an account; its fences and home are the policy's.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its name in the policy.
    pub name: String,
    /// Newest first.
    pub secrets: Vec<SecretSlot>,
    /// Rooms at a time.
    pub max_rooms: u32,
    /// TURN allocations at a time.
    pub max_allocations: u32,
    /// TURN allocations of one party at a time, at most `max_allocations`.
    pub max_allocations_per_party: u32,
    /// Participants at a time.
    pub max_participants: u32,
    /// TURN users with passwords that do not expire.
    pub users: Vec<User>,
}

/// A TURN user with a password that does not expire.
#[derive(Clone, Debug)]
pub struct User {
    /// Its USERNAME: 1 to 128 bytes without colons and control characters. No other user of any
    /// tenant has it.
    pub name: String,
    /// The key's password; while it cannot be read the user is refused.
    pub password: SecretSlot,
    /// One of the tenant's fences. `None`: its first.
    pub fence: Option<String>,
}

/// How many sites a client is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Selection {
    /// First choice.
    pub primaries: u8,
    /// For when those are full.
    pub spares: u8,
}

/// A sentence that must stay true: such clients and peers are never carried through such sites.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invariant {
    /// In words, unique.
    pub name: String,
    /// Regions of the clients it speaks of, or `any`.
    pub clients: Vec<String>,
    /// Regions of the peers it speaks of, or `any`; empty: all peers.
    pub peers: Vec<String>,
    /// Regions whose sites may not carry them.
    pub never_transit: Vec<String>,
}

impl Control {
    /// The token that TCP callers must show; without one every call that needs it is refused.
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()?.secret.as_ref()
    }
}

impl Tenant {
    /// The secrets that can be read, newest first; with none all its TURN credentials are refused.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().filter_map(|slot| slot.secret.as_ref())
    }
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}
