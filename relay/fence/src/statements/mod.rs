//! What a policy says, sentence by sentence, by names and in one order: two policies that decide
//! alike under the same names say the same, however they are written.

mod fingerprint;
mod said;

use std::collections::BTreeMap;

use crate::Policy;

/// What a sentence is about: the kind of thing, and its name.
type Subject = (Topic, String);

/// All sentences of one policy but for the addresses of its regions.
type Statements = BTreeMap<Subject, String>;

/// One sentence that differs between two policies.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Fact {
    /// What it says of it.
    pub topic: Topic,
    /// Whom it is about: a name; a group as `tenant/group`, a use as `tenant/fence` or
    /// `tenant/group/fence`; empty where there is only one.
    pub subject: String,
    /// What the old policy says; `None` if it knows no such thing.
    pub old: Option<String>,
    /// What the new policy says; `None` if it knows no such thing.
    pub new: Option<String>,
}

macro_rules! topics {
    ($($(#[$doc:meta])+ $variant:ident = $code:literal,)+) => {
        /// What a policy says of the things it names, beside the addresses of its regions.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub enum Topic {
            $($(#[$doc])+ $variant,)+
        }

        impl Topic {
            /// Stable name in snake_case.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

topics! {
    /// There is a region; which one it lies within.
    Region = "region",
    /// Regions near a region, nearest first.
    RegionNear = "region_near",
    /// There is a site; the region it lies in.
    Site = "site",
    /// The enclave of a site.
    SiteEnclave = "site_enclave",
    /// Whether a site is only ever a spare.
    SiteSpare = "site_spare",
    /// The addresses that a site's relays may have.
    SiteAddresses = "site_addresses",
    /// There is a fence; its `clients`, inner regions included.
    FenceClients = "fence_clients",
    /// Its `peers`.
    FencePeers = "fence_peers",
    /// Its `transit`.
    FenceTransit = "fence_transit",
    /// Whether it requires encryption.
    FenceEncryption = "fence_encryption",
    /// There is a tenant; its home region.
    Tenant = "tenant",
    /// The enclave of a tenant.
    TenantEnclave = "tenant_enclave",
    /// The fence that a tenant gets if it asks for none.
    TenantDefault = "tenant_default",
    /// There is a group of a tenant.
    Group = "group",
    /// A tenant or group may use a fence; the regions whose sites may carry it there.
    UseTransit = "use_transit",
    /// The regions whose sites are offered first, in order.
    UsePrefer = "use_prefer",
    /// How many sites are offered first.
    Primaries = "primaries",
    /// How many sites are offered for when those are full.
    Spares = "spares",
    /// There is an invariant; what it says.
    Invariant = "invariant",
    /// A NAT64 prefix of the operator's network.
    Nat64 = "nat64",
    /// The site that this relay runs at.
    OwnSite = "own_site",
    /// Whether this relay is where it says it is, or the rule that says it is not.
    OwnStanding = "own_standing",
    /// An address of this relay or its host.
    OwnAddress = "own_address",
}

/// The sentences that only one of the policies says, in order.
pub(crate) fn differences(old: &Policy, new: &Policy) -> Vec<Fact> {
    let (mut olds, mut news) = (said::statements(old), said::statements(new));
    let mut facts = Vec::new();
    let fact = |(topic, subject), old, new| Fact { topic, subject, old, new };
    for (about, before) in std::mem::take(&mut olds) {
        match news.remove(&about) {
            Some(after) if after == before => {}
            after => facts.push(fact(about, Some(before), after)),
        }
    }
    facts.extend(news.into_iter().map(|(about, after)| fact(about, None, Some(after))));
    facts.sort_unstable();
    facts
}
