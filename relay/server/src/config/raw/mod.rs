//! The file as written: names and types only, nothing judged.
//!
//! No key is required here, so that a missing one never hides the next fault; the resolver asks
//! for it. The descriptions become the JSON Schema and the manual page.

mod item;
mod places;
mod process;

pub(crate) use item::{Item, Named};
pub(crate) use places::{
    Fence, Group, Invariant, Nat64, Region, RegionData, Selection, Site, Tenant, User,
};
pub(crate) use process::{Audit, Control, Guard, Limits, Listen, Log, Node, Tuning, Turn};
use schemars::JsonSchema;
use serde::Deserialize;

/// A place in the file with a value that may be missing.
pub(crate) type Optional<T> = Option<Item<T>>;
/// A list whose entries and whole have places.
pub(crate) type List<T> = Option<Item<Vec<Item<T>>>>;

/// Configuration of a ringfence relay.
///
/// Relative paths start at the folder of the file. Every key can be overridden by an environment
/// variable, such as RINGFENCE__NODE__WORKERS=4.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "ringfence.toml")]
#[schemars(extend("required" = ["node", "listen", "regions", "sites", "fences", "tenants"]))]
pub(crate) struct Document {
    /// This host.
    pub(crate) node: Optional<Node>,
    /// The addresses that media comes to.
    pub(crate) listen: Optional<Listen>,
    /// The API and the CLI's socket.
    pub(crate) control: Optional<Control>,
    /// The TURN door.
    pub(crate) turn: Turn,
    /// Bounds of everything that outsiders can make grow.
    pub(crate) limits: Limits,
    /// What is traded for processor time, and which of the kernel's means are used.
    pub(crate) tuning: Tuning,
    /// What is logged, and how.
    pub(crate) log: Log,
    /// What a change of the policy has to pass while the relay runs.
    pub(crate) guard: Guard,
    /// A file of prefixes with labels, which regions name.
    pub(crate) region_data: Optional<RegionData>,
    /// The audit trail: what happened, as lines that cannot be changed unnoticed.
    pub(crate) audit: Audit,
    /// Named sets of prefixes: where an address is. An address in no region is refused.
    pub(crate) regions: Option<Item<Named<Region>>>,
    /// Places that run relays.
    pub(crate) sites: Option<Item<Named<Site>>>,
    /// Named allowlists: who may talk, and which sites may carry them.
    pub(crate) fences: Option<Item<Named<Fence>>>,
    /// Accounts.
    pub(crate) tenants: Option<Item<Named<Tenant>>>,
    /// NAT64 in the operator's network.
    pub(crate) nat64: Nat64,
    /// How many sites a client is offered.
    pub(crate) selection: Selection,
    /// Sentences about all addresses and all states of load that must stay true.
    pub(crate) invariants: List<Invariant>,
}
