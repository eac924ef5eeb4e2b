//! The sections that make the policy: regions, sites, fences, tenants and what goes with them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::bounds;
use super::super::settings::Plan;
use super::{Item, List, Named, Optional};

/// A file of prefixes with labels, as `ringfence region build` makes it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["file"]))]
pub(crate) struct RegionData {
    /// Path of the file.
    pub(crate) file: Optional<String>,
    /// Days after the date in the file from which on it is refused as stale.
    #[schemars(transform = bounds::REGION_DATA_AGE_DAYS.schema())]
    pub(crate) max_age_days: Optional<i64>,
}

/// A named set of prefixes: its own, those of its labels, or both. Regions may nest: the longer
/// prefix wins.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("anyOf" = [{ "required": ["cidrs"] }, { "required": ["labels"] }]))]
pub(crate) struct Region {
    /// Prefixes such as 127.1.0.0/16 or 2001:db8::/32, without bits after the prefix.
    #[schemars(extend("maxItems" = bounds::LIST_MAX))]
    pub(crate) cidrs: List<String>,
    /// Labels of the region data whose prefixes are this region's, such as DE.
    #[schemars(extend("maxItems" = bounds::LIST_MAX))]
    pub(crate) labels: List<String>,
    /// The region that contains this one: a fence that lists the outer region admits this one too.
    pub(crate) within: Optional<String>,
    /// Regions that are near, nearest first: an order of preference, never a permission.
    pub(crate) near: List<String>,
}

/// One place that runs relays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["region", "addresses"]))]
pub(crate) struct Site {
    /// The region it lies in.
    pub(crate) region: Optional<String>,
    /// Prefixes that hold every address of its relays.
    pub(crate) addresses: List<String>,
    /// The enclave it belongs to; without one, the common one.
    pub(crate) enclave: Optional<String>,
}

/// A named allowlist. An empty list admits nobody; "any" admits every region that is known.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fence {
    /// Regions whose addresses may be participants or TURN clients.
    pub(crate) clients: List<String>,
    /// Regions whose addresses may be TURN peers.
    pub(crate) peers: List<String>,
    /// Regions whose sites may carry.
    pub(crate) transit: List<String>,
    /// Whether a flow ends once its media is evidently not encrypted.
    #[schemars(extend("default" = false))]
    pub(crate) require_encryption: Optional<bool>,
}

/// An account.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["home", "fences"]))]
pub(crate) struct Tenant {
    /// Pinned region: every fence of this tenant must keep it in transit.
    pub(crate) home: Optional<String>,
    /// Fences it may use; the first is the default.
    pub(crate) fences: List<String>,
    /// Where its secrets are, newest first: file:PATH or credential:NAME. All are accepted.
    #[schemars(extend("maxItems" = bounds::TENANT_SECRETS_MAX))]
    pub(crate) secrets: List<String>,
    /// Rooms it may have at a time.
    #[schemars(transform = bounds::ROOMS.schema())]
    pub(crate) max_rooms: Optional<i64>,
    /// TURN allocations it may have at a time.
    #[schemars(transform = bounds::ALLOCATIONS.schema())]
    pub(crate) max_allocations: Optional<i64>,
    /// TURN allocations that one party may have at a time.
    #[schemars(transform = bounds::ALLOCATIONS_PER_PARTY.schema())]
    pub(crate) max_allocations_per_party: Optional<i64>,
    /// Participants it may have at a time.
    #[schemars(transform = bounds::PARTICIPANTS.schema())]
    pub(crate) max_participants: Optional<i64>,
    /// The enclave it belongs to; without one, the common one.
    pub(crate) enclave: Optional<String>,
    /// Only sites in these regions may carry this account; the home region cannot be left out.
    pub(crate) require: List<String>,
    /// Regions whose sites are offered first, in this order; never a permission.
    pub(crate) prefer: List<String>,
    /// Class of service: a free account is carried by sites in its home region only.
    #[schemars(extend("default" = "standard"))]
    pub(crate) plan: Option<Plan>,
    /// Some of its users, who may be narrowed further.
    pub(crate) groups: Option<Item<Named<Group>>>,
    /// TURN users with passwords that do not expire, for small set-ups.
    #[schemars(extend("maxItems" = bounds::USERS_MAX))]
    pub(crate) users: List<User>,
}

/// Some of an account's users.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Group {
    /// Only sites in these regions may carry the group; all must be the account's, too.
    pub(crate) require: List<String>,
    /// Regions whose sites are offered first, in this order; never a permission.
    pub(crate) prefer: List<String>,
}

/// A TURN user with a password that does not expire.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "password"]))]
pub(crate) struct User {
    /// Its USERNAME, of which there is one in all tenants.
    #[schemars(extend("pattern" = "^[^:]+$", "maxLength" = bounds::USER_NAME_BYTES_MAX))]
    pub(crate) name: Optional<String>,
    /// Where its password is: file:PATH or credential:NAME.
    pub(crate) password: Optional<String>,
    /// One of the tenant's fences; without, the first.
    pub(crate) fence: Optional<String>,
}

/// NAT64 in the operator's network.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Nat64 {
    /// Prefixes in use beside 64:ff9b::/96 (RFC 6052 section 2.2).
    pub(crate) prefixes: List<String>,
}

/// How many sites a client is offered.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Selection {
    /// Sites offered first.
    #[schemars(transform = bounds::PRIMARIES.schema())]
    pub(crate) primaries: Optional<i64>,
    /// Sites offered when the first are full; they pass the same fence.
    #[schemars(transform = bounds::SPARES.schema())]
    pub(crate) spares: Optional<i64>,
    /// Sites that are offered as spares only.
    pub(crate) spare_sites: List<String>,
}

/// A sentence about all addresses and all states of load that must stay true.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "clients", "never_transit"]))]
pub(crate) struct Invariant {
    /// What it says, in words.
    pub(crate) name: Optional<String>,
    /// Regions of the clients it speaks of.
    pub(crate) clients: List<String>,
    /// Regions of the peers it speaks of; without, any.
    pub(crate) peers: List<String>,
    /// Regions whose sites may never carry them.
    pub(crate) never_transit: List<String>,
}
