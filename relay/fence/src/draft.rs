//! What a policy is made from: plain data, already typed, each item with the place it was written.
//!
//! Whoever reads a policy (the config file today, region files later) fills these in without
//! judging them; [`crate::Policy::compile`] finds every contradiction at once.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv6Net};

use crate::label_table::LabelTable;

/// Index of a source file, in a list that the reader of the policy keeps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub struct FileId(pub u16);

/// Where something was written: file, line, and byte range in the file for the caret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub struct Origin {
    /// Which file.
    pub file: FileId,
    /// Line, counted from 1.
    pub line: u32,
    /// First byte in the file.
    pub start: u32,
    /// One past the last byte in the file.
    pub end: u32,
}

/// A value and where it was written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its place in the source.
    pub origin: Origin,
}

/// A whole policy as written.
#[derive(Clone, Debug, Default)]
pub struct PolicyDraft {
    /// Name of the site this relay runs at.
    pub own_site: Located<String>,
    /// Addresses this relay listens on or relays from; each must lie in its site's ranges.
    pub own_addresses: Vec<Located<IpAddr>>,
    /// Addresses of this host beside those: of its interfaces, of its control side. Like its own
    /// addresses they are never TURN peers.
    pub host_addresses: Vec<IpAddr>,
    /// NAT64 prefixes of the operator's network, beside 64:ff9b::/96 (RFC 6052 section 2.1).
    pub nat64: Vec<Located<Ipv6Net>>,
    /// Prefixes that regions take by label.
    pub region_data: Option<RegionData>,
    /// Where addresses are.
    pub regions: Vec<RegionDraft>,
    /// Places that run relays.
    pub sites: Vec<SiteDraft>,
    /// Named allowlists.
    pub fences: Vec<FenceDraft>,
    /// Accounts.
    pub tenants: Vec<TenantDraft>,
    /// The enclave that this host says it belongs to; must be its site's. `None`: whatever that is.
    pub own_enclave: Option<Located<String>>,
    /// How sites are offered.
    pub selection: SelectionDraft,
    /// Sentences that must stay true.
    pub invariants: Vec<InvariantDraft>,
}

/// A region data file: prefixes with labels, one a line.
#[derive(Clone, Debug)]
pub struct RegionData {
    /// Which file.
    pub file: FileId,
    /// Line of its first prefix, counted from 1.
    pub first_line: u32,
    /// What it holds. Shared, since it may be large.
    pub table: Arc<LabelTable>,
}

impl RegionData {
    /// Where the prefix at a place of the table was written, places counted from 0.
    pub fn origin(&self, place: usize) -> Origin {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        Origin { file: self.file, line: self.first_line.saturating_add(place), start: 0, end: 0 }
    }
}

/// How sites are offered. Nothing here lets a site in: the fence does.
#[derive(Clone, Debug, Default)]
pub struct SelectionDraft {
    /// Sites offered first.
    pub primaries: u8,
    /// Sites offered for when those are full.
    pub spares: u8,
    /// Sites that are never primaries.
    pub spare_sites: Vec<Located<String>>,
}

/// A sentence that must stay true of all addresses in all states of load.
#[derive(Clone, Debug, Default)]
pub struct InvariantDraft {
    /// In words.
    pub name: Located<String>,
    /// Regions of the clients it speaks of, or `any`.
    pub clients: Vec<Located<String>>,
    /// Regions of who is at the other end, or `any`; empty: all.
    pub peers: Vec<Located<String>>,
    /// Regions whose sites may not carry them.
    pub never_transit: Vec<Located<String>>,
}

/// A named set of prefixes.
#[derive(Clone, Debug, Default)]
pub struct RegionDraft {
    /// Name, unique among regions.
    pub name: Located<String>,
    /// Its prefixes.
    pub cidrs: Vec<Located<IpNet>>,
    /// Labels whose prefixes in the region data are its own, too.
    pub labels: Vec<Located<String>>,
    /// The region that contains this one: a fence that lists the outer admits the inner.
    pub within: Option<Located<String>>,
    /// Regions that are near, nearest first; only an order of preference, never a permission.
    pub near: Vec<Located<String>>,
}

/// One place that runs relays.
#[derive(Clone, Debug, Default)]
pub struct SiteDraft {
    /// Name, unique among sites.
    pub name: Located<String>,
    /// The region it lies in.
    pub region: Located<String>,
    /// The addresses its relays may have.
    pub addresses: Vec<Located<IpNet>>,
    /// The enclave it belongs to; `None` is the common one.
    pub enclave: Option<Located<String>>,
}

/// A named allowlist. A list that is empty admits nobody; `"any"` admits every known region.
#[derive(Clone, Debug, Default)]
pub struct FenceDraft {
    /// Name, unique among fences.
    pub name: Located<String>,
    /// Regions whose addresses may be participants or TURN clients.
    pub clients: Located<Vec<Located<String>>>,
    /// Regions whose addresses may be TURN peers.
    pub peers: Located<Vec<Located<String>>>,
    /// Regions whose sites may carry.
    pub transit: Located<Vec<Located<String>>>,
    /// Whether media that is evidently not encrypted ends the flow.
    pub require_encryption: bool,
}

/// An account.
#[derive(Clone, Debug, Default)]
pub struct TenantDraft {
    /// Name, unique among tenants.
    pub name: Located<String>,
    /// Region that every fence of this tenant must keep in transit.
    pub home: Located<String>,
    /// Fences it may use; the first is the default.
    pub fences: Vec<Located<String>>,
    /// The enclave it belongs to; `None` is the common one.
    pub enclave: Option<Located<String>>,
    /// What this account makes of its fences.
    pub choice: ChoiceDraft,
    /// Whether only sites in its home region carry it.
    pub locked_to_home: bool,
    /// Some of its users, who may narrow it further.
    pub groups: Vec<GroupDraft>,
}

/// Some of a tenant's users.
#[derive(Clone, Debug, Default)]
pub struct GroupDraft {
    /// Name, unique among the tenant's groups.
    pub name: Located<String>,
    /// What this group makes of the account's fences.
    pub choice: ChoiceDraft,
}

/// What an account or a group makes of the fences above it. It can only take away.
#[derive(Clone, Debug, Default)]
pub struct ChoiceDraft {
    /// Only sites in these regions may carry; `None`: all that could before.
    pub require: Option<Located<Vec<Located<String>>>>,
    /// Regions whose sites come first, in this order.
    pub prefer: Vec<Located<String>>,
}
