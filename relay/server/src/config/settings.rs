//! The resolved configuration: every value in its own type, nothing left to check.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ringfence_fence::PolicyDraft;
use ringfence_wire::channel_data::ChannelNumbers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Secret, SecretSlot, SecretSource, Tls};
use crate::audit::SigningKey;
use crate::region::date::Date;

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
    /// What is traded for processor time, and which of the kernel's means are used.
    pub tuning: Tuning,
    /// What is logged, and how.
    pub log: Log,
    /// What a change of the policy has to pass while the relay runs.
    pub guard: Guard,
    /// The audit trail.
    pub audit: Audit,
    /// Quotas and secrets of the accounts, in the order of the file.
    pub tenants: Vec<Tenant>,
    /// The file that regions take labels of.
    pub region_data: Option<RegionData>,
    /// What the policy was made from; it compiled.
    pub policy: PolicyDraft,
}

/// A region data file; what it holds is in the policy's draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegionData {
    /// Its path.
    pub file: PathBuf,
    /// Days from which on it is stale.
    pub max_age_days: u32,
    /// The day that it says it is of.
    pub date: Date,
    /// How many prefixes it holds.
    pub prefixes: usize,
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
    /// What SIGTERM leaves to calls that are under way.
    pub drain: Duration,
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

/// The audit trail.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The file that is written. `None`: there is no trail.
    pub path: Option<PathBuf>,
    /// Bytes at which a file is full, at least 64 KiB.
    pub rotate_bytes: u64,
    /// Full files that are kept; 0: all.
    pub keep: u32,
    /// After how long lines are on the disk.
    pub fsync_interval: Duration,
    /// What signs the trail.
    pub signing_key: Option<KeySlot>,
    /// How often it is signed.
    pub anchor_interval: Duration,
}

/// A signing key that the configuration names.
#[derive(Clone, Debug)]
pub struct KeySlot {
    /// Where it is said to be.
    pub source: SecretSource,
    /// `None` where an effective configuration masks it: then nothing is signed.
    pub key: Option<Arc<SigningKey>>,
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

/// What is traded for processor time, and which of the kernel's means are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tuning {
    /// How long a busy shard lets packets gather; at most a millisecond.
    pub coalesce: Duration,
    /// How long a shard looks for packets before it sleeps; at most a millisecond.
    pub busy_poll: Duration,
    /// How long the kernel looks at the card's queue before it lets a shard sleep, likewise.
    pub kernel_busy_poll: Duration,
    /// Segmentation offload.
    pub offload: Offload,
}

/// Segmentation offload, in and out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Offload {
    /// Used as far as the kernel takes it.
    #[default]
    Auto,
    /// Not used, for a device that gets it wrong.
    Off,
}

/// What a change of the policy has to pass while the relay runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Guard {
    /// A change that lets in, or lets carry, what the policy in force refuses.
    pub widening: Widening,
}

/// What becomes of a change that widens a fence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Widening {
    /// It is refused until someone accepts exactly this change.
    #[default]
    Refuse,
    /// It is taken like any other.
    Allow,
}

/// What class of service an account has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// It may choose among the regions of its fences.
    #[default]
    Standard,
    /// Only sites in its home region carry it.
    Free,
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

impl Control {
    /// The token that TCP callers must show; without one every call that needs it is refused.
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()?.secret.as_ref()
    }
}

impl Audit {
    /// What signs the trail, if anything does.
    pub fn key(&self) -> Option<Arc<SigningKey>> {
        self.signing_key.as_ref()?.key.clone()
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
