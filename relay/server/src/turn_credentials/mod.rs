//! Credentials for TURN clients, made out of the configuration alone: whoever holds a tenant's secret
//! can make them too, and no relay has to be told.

mod uris;

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ringfence_core::Name;
use ringfence_core::{RestUsername, RestUsernameError, rest_password};
use ringfence_fence::{Policy, Refusal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::why;
use crate::config::{Config, Listen, Tenant};

/// Life of credentials when nobody says, unless the relay allows less.
const TTL_DEFAULT: Duration = Duration::from_secs(3_600);

/// For whom.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// On whose account. `None`: the only one there is.
    pub tenant: Option<String>,
    /// For which call.
    pub meeting: Name,
    /// As whom.
    pub party: Name,
    /// Under which fence of the tenant's. `None`: its first.
    pub fence: Option<String>,
    /// As which group of the tenant. `None`: the whole account.
    pub group: Option<String>,
    /// For how long. `None`: an hour, or the relay's limit if that is less.
    pub ttl: Option<Duration>,
}

/// What a client needs. It holds a password, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TurnCredentials {
    /// For `RTCPeerConnection` as it is (W3C WebRTC section 4.2.4).
    #[serde(rename = "iceServers")]
    #[schema(min_items = 1, max_items = 1)]
    ice_servers: [IceServer; 1],
    /// `<unix expiry>:<tenant>/<meeting>/<party>[;fence=<name>][;group=<name>]`.
    #[schema(example = "1795291380:acme/standup/alice")]
    username: String,
    /// Its MAC under the tenant's newest secret.
    password: String,
    /// Life of both in seconds.
    ttl: u64,
    /// Where this relay serves TURN (RFC 7065).
    uris: Vec<String>,
}

/// The same, in the words of draft-uberti-behave-turn-rest-00 section 2.2.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlainCredentials {
    /// `<unix expiry>:<tenant>/<meeting>/<party>[;fence=<name>][;group=<name>]`.
    #[schema(example = "1795291380:acme/standup/alice")]
    pub username: String,
    /// Its MAC under the tenant's newest secret.
    pub password: String,
    /// Life of both in seconds.
    pub ttl: u64,
    /// Where this relay serves TURN (RFC 7065).
    #[schema(example = json!(["turn:127.1.0.1:3478?transport=udp"]))]
    pub uris: Vec<String>,
}

/// One server as a browser takes it.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IceServer {
    urls: Vec<String>,
    username: String,
    credential: String,
}

/// Why no credentials were made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotMade {
    /// The policy lets the tenant do nothing here under that fence.
    Refused(Refusal),
    /// No tenant was named, and there is more than one.
    TenantNotNamed,
    /// Zero, or above the relay's limit.
    TtlOutOfRange,
    /// The names together, or one of the policy's, make no user name.
    Username(RestUsernameError),
    /// No secret of the tenant can be read.
    NoSecret,
    /// The relay has no address for allocations.
    NotServed,
}

/// Makes credentials that are good from now on, at a relay with this configuration that listens for
/// UDP at `media`.
///
/// # Errors
/// [`NotMade`]; whatever this refuses, the relay would refuse at the client's first request.
pub fn make(
    config: &Config,
    policy: &Policy,
    media: &[SocketAddr],
    wanted: &Wanted,
    now: SystemTime,
) -> Result<PlainCredentials, NotMade> {
    let tenant = tenant_name(config, wanted)?;
    let (fence, group) = (wanted.fence.as_deref(), wanted.group.as_deref());
    policy.room_fence(tenant, fence, group).map_err(NotMade::Refused)?;
    let ttl = ttl(wanted.ttl, config.limits.participant_ttl_max)?;
    let secret = config.tenants.iter().find(|known| known.name == tenant).and_then(newest);
    let secret = secret.ok_or(NotMade::NoSecret)?;
    if config.listen.relay_addresses.is_empty() {
        return Err(NotMade::NotServed);
    }
    let username = username(tenant, wanted, now + ttl)?;
    let password = rest_password(secret.as_bytes(), username.as_bytes());
    let uris = served_at(media, &config.listen);
    Ok(PlainCredentials { username, password, ttl: ttl.as_secs(), uris })
}

/// Where a relay serves TURN: UDP first, which is the fastest, TLS last, which gets through most
/// firewalls.
fn served_at(media: &[SocketAddr], listen: &Listen) -> Vec<String> {
    let udp = media.iter().map(|address| uris::turn(*address, "udp"));
    let tcp = listen.turn_tcp.iter().map(|address| uris::turn(*address, "tcp"));
    let tls = listen.turn_tls.iter().map(|address| uris::turns(*address));
    udp.chain(tcp).chain(tls).collect()
}

fn tenant_name<'a>(config: &'a Config, wanted: &'a Wanted) -> Result<&'a str, NotMade> {
    match (&wanted.tenant, config.tenants.as_slice()) {
        (Some(tenant), _) => Ok(tenant),
        (None, [only]) => Ok(&only.name),
        (None, _) => Err(NotMade::TenantNotNamed),
    }
}

fn ttl(wanted: Option<Duration>, max: Duration) -> Result<Duration, NotMade> {
    let ttl = wanted.unwrap_or(TTL_DEFAULT.min(max));
    match ttl >= Duration::from_secs(1) && ttl <= max {
        true => Ok(ttl),
        false => Err(NotMade::TtlOutOfRange),
    }
}

fn newest(tenant: &Tenant) -> Option<&str> {
    tenant.secrets().next().map(|secret| secret.expose())
}

/// What the relay itself will read back without complaint.
fn username(tenant: &str, wanted: &Wanted, expiry: SystemTime) -> Result<String, NotMade> {
    let since_epoch = expiry.duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = RestUsername {
        expiry_unix_s: since_epoch.as_secs(),
        tenant,
        meeting: wanted.meeting.as_str(),
        party: wanted.party.as_str(),
        fence: wanted.fence.as_deref(),
        group: wanted.group.as_deref(),
    };
    let text = name.to_string();
    match RestUsername::parse(&text) {
        Ok(read) if read == name => Ok(text),
        Ok(_) => Err(NotMade::Username(RestUsernameError::Tenant)),
        Err(error) => Err(NotMade::Username(error)),
    }
}

impl From<PlainCredentials> for TurnCredentials {
    fn from(plain: PlainCredentials) -> Self {
        let PlainCredentials { username, password, ttl, uris } = plain;
        let server = IceServer {
            urls: uris.clone(),
            username: username.clone(),
            credential: password.clone(),
        };
        Self { ice_servers: [server], username, password, ttl, uris }
    }
}

impl NotMade {
    /// Its stable name; where the policy refused, the rule's.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.rule.code(),
            Self::TenantNotNamed => "tenant_not_named",
            Self::TtlOutOfRange => "ttl_out_of_range",
            Self::Username(error) => error.code(),
            Self::NoSecret => "no_secret",
            Self::NotServed => "turn_not_served",
        }
    }

    /// What is wrong, in a sentence.
    pub fn in_words(&self, policy: &Policy) -> String {
        match self {
            Self::Refused(refusal) => why::in_words(policy, refusal, None),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for NotMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::TenantNotNamed => f.write_str("there is more than one tenant: name one"),
            Self::TtlOutOfRange => f.write_str("the life is zero or above this relay's limit"),
            Self::Username(error) => write!(f, "these names make no user name: {error}"),
            Self::NoSecret => f.write_str("no secret of the tenant can be read"),
            Self::NotServed => {
                f.write_str("this relay has no `listen.relay_addresses` for allocations")
            }
        }
    }
}

impl std::error::Error for NotMade {}
