//! What is asked, and what is answered.

use std::fmt;
use std::net::IpAddr;

use crate::region_set::RegionSet;
use crate::{
    FenceId, Narrowing, Policy, Refusal, RegionId, Role, RoomRegions, Scope, SiteId, select,
};

use select::{Distances, Nearness, SiteStates};

/// Who asks for sites.
#[derive(Clone, Copy, Debug, Default)]
pub struct SelectQuestion<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// One of its fences; `None`: its default.
    pub fence: Option<&'a str>,
    /// One of its groups; `None`: the whole account.
    pub group: Option<&'a str>,
    /// What the room leaves out.
    pub room: Option<&'a RoomRegions>,
    /// Only sites in these regions, and only those of them that the fence allows.
    pub require: Option<&'a [String]>,
    /// Regions whose sites come first, in this order; only an order.
    pub prefer: &'a [String],
    /// The client's address, which the fence must admit; `None`: nothing is known of it.
    pub client: Option<IpAddr>,
    /// How sites fare; `None`: all are up and idle.
    pub states: Option<&'a SiteStates>,
}

/// A site that is offered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Offer {
    /// The site.
    pub site: SiteId,
    /// Where it lies.
    pub region: RegionId,
    /// Why it comes where it comes.
    pub nearness: Nearness,
}

/// Why a site is not offered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NotOffered {
    /// It may not carry.
    Refused(Refusal),
    /// It may carry, but is full.
    Full,
    /// It may carry, but is down.
    Down,
}

/// A site of the tenant's enclave that is not offered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefusedSite {
    /// The site.
    pub site: SiteId,
    /// Where it lies.
    pub region: RegionId,
    /// Why not.
    pub reason: NotOffered,
}

/// Sites to offer; at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selected {
    /// The fence, as the tenant or group may use it.
    pub fence: FenceId,
    /// Where the client is, if its address was given; behind NAT64, where the embedded one is.
    pub client_region: Option<RegionId>,
    /// To be tried first, best first.
    pub primaries: Vec<Offer>,
    /// To be tried when those are full, best first.
    pub spares: Vec<Offer>,
    /// The sites of the enclave that may not carry, or not now, by name.
    pub refused: Vec<RefusedSite>,
}

/// No site is offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoSite {
    /// What refuses the question: its tenant, fence, group or a region it names is unknown, or its
    /// client is not admitted. `None`: nothing does, but no site is left.
    pub cause: Option<Refusal>,
    /// The sites of the enclave, by name; none if the question was refused.
    pub refused: Vec<RefusedSite>,
}

impl NotOffered {
    /// Stable name in snake_case: the rule, `full` or `down`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.rule.code(),
            Self::Full => "full",
            Self::Down => "down",
        }
    }
}

impl NoSite {
    /// Stable name in snake_case: `no_site_in_fence`, or the rule that refuses the question.
    pub fn code(&self) -> &'static str {
        self.cause.map_or("no_site_in_fence", |refusal| refusal.rule.code())
    }
}

impl fmt::Display for NoSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for NoSite {}

impl From<Refusal> for NoSite {
    fn from(refusal: Refusal) -> Self {
        Self { cause: Some(refusal), refused: Vec::new() }
    }
}

/// A question in the handles of one policy.
pub(super) struct Asked {
    pub(super) fence: FenceId,
    narrowing: Option<Narrowing>,
    pub(super) required: Option<RegionSet>,
    pub(super) distances: Distances,
}

impl Asked {
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope { fence: self.fence, narrowing: self.narrowing.as_ref() }
    }
}

impl Policy {
    pub(super) fn understand(&self, question: &SelectQuestion<'_>) -> Result<Asked, Refusal> {
        let fence = self.fence_of(question.tenant, question.fence, question.group)?;
        let narrowing = question.room.map(|room| self.narrow(fence, room)).transpose()?;
        let required = question.require.map(|names| self.regions_named(names)).transpose()?;
        let required = required.map(|named| self.inner_regions(&named));
        let scope = Scope { fence, narrowing: narrowing.as_ref() };
        let client = question.client.map(|ip| self.admit_address(scope, Role::Client, ip));
        let client = client.transpose()?.map(|(_, region)| region);
        let mut prefer = self.regions_named(question.prefer)?;
        prefer.extend(self.fence_use(fence).into_iter().flat_map(|used| &used.prefer));
        let home = self.fence_tenant(fence).map(|tenant| tenant.home);
        let distances = Distances::new(self, prefer, client, home);
        Ok(Asked { fence, narrowing, required, distances })
    }
}
