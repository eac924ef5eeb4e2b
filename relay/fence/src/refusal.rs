//! Why the fence said no.

use std::fmt;

use crate::{Epoch, Origin, RegionId};

/// A refusal: plain data, made without allocating, since strangers' packets cause them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Refusal {
    /// The reason.
    pub rule: Rule,
    /// The line of the policy that decided; `None` where the form of the address did.
    pub origin: Option<Origin>,
    /// The region that was judged, where one was found: the address's, or for
    /// [`Rule::SiteNotInTransit`] the site's.
    pub region: Option<RegionId>,
    /// The policy that decided.
    pub epoch: Epoch,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {} (epoch {})", self.rule, self.epoch)
    }
}

impl std::error::Error for Refusal {}

macro_rules! rules {
    ($($(#[$doc:meta])+ $variant:ident = $code:literal,)+) => {
        /// Every reason for a refusal: a closed set, fit to be a metric label.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$doc])+ $variant,)+
        }

        impl Rule {
            /// All of them, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Stable name in snake_case.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

rules! {
    /// Port 0 names no endpoint.
    PortZero = "port_zero",
    /// 0.0.0.0/8 or `::`.
    Unspecified = "unspecified",
    /// 224.0.0.0/4 or ff00::/8.
    Multicast = "multicast",
    /// 255.255.255.255.
    Broadcast = "broadcast",
    /// 2002::/16 (RFC 3056): carries an IPv4 address.
    SixToFour = "six_to_four",
    /// 2001::/32 (RFC 4380): carries two IPv4 addresses.
    Teredo = "teredo",
    /// Interface identifier 5efe (RFC 5214 section 6.1): carries an IPv4 address.
    Isatap = "isatap",
    /// ::ffff:0:0:0/96, IPv4-translated (RFC 2765 section 2.1): carries an IPv4 address.
    Siit = "siit",
    /// ::/96 beside `::` and `::1`, IPv4-compatible (RFC 4291 section 2.5.5.1).
    Ipv4Compatible = "ipv4_compatible",
    /// In 64:ff9b:1::/48 (RFC 8215), but in no configured NAT64 prefix: the place of the
    /// embedded IPv4 address is not known.
    Nat64LocalUse = "nat64_local_use",
    /// In a NAT64 prefix, but bits 64 to 71 are not zero (RFC 6052 section 2.2).
    Nat64Malformed = "nat64_malformed",
    /// 127.0.0.0/8 or `::1`, not listed by a region.
    Loopback = "loopback",
    /// 169.254.0.0/16 or fe80::/10, not listed by a region.
    LinkLocal = "link_local",
    /// RFC 1918 space, not listed by a region.
    Private = "private",
    /// fc00::/7 (RFC 4193), not listed by a region.
    UniqueLocal = "unique_local",
    /// 100.64.0.0/10 (RFC 6598), not listed by a region.
    SharedAddress = "shared_address",
    /// Documentation space (RFC 5737, RFC 3849, RFC 9637), not listed by a region.
    Documentation = "documentation",
    /// 198.18.0.0/15 (RFC 2544), not listed by a region.
    Benchmarking = "benchmarking",
    /// Another block of the IANA special-purpose registries, not listed by a region.
    SpecialPurpose = "special_purpose",
    /// An address of this relay or its host, which is never a TURN peer.
    OwnAddress = "own_address",
    /// In no region.
    UnknownAddress = "unknown_address",
    /// Its region is not among the fence's `clients`.
    RegionNotInClients = "region_not_in_clients",
    /// Its region is not among the fence's `peers`.
    RegionNotInPeers = "region_not_in_peers",
    /// Its region is not among the fence's `transit`.
    RegionNotInTransit = "region_not_in_transit",
    /// The region of the site that would carry is not among the fence's `transit`.
    SiteNotInTransit = "site_not_in_transit",
    /// The region of the site that would carry is not among those that the room requires.
    SiteNotRequired = "site_not_required",
    /// The room refuses participants from this region.
    RegionRefusedByRoom = "region_refused_by_room",
    /// The home region would be left out, which nothing can do.
    HomeNotRequired = "home_not_required",
    /// A region is required that the level above does not have.
    NotNarrower = "not_narrower",
    /// No such region.
    UnknownRegion = "unknown_region",
    /// What narrows the room was made under another policy.
    StaleNarrowing = "stale_narrowing",
    /// Media is evidently not encrypted, and the fence requires that it is.
    NotEncrypted = "not_encrypted",
    /// This relay declares no address of its own, so its place cannot be checked.
    OwnAddressMissing = "own_address_missing",
    /// An address of this relay lies outside its site's declared ranges.
    OwnAddressOutsideSite = "own_address_outside_site",
    /// No such tenant.
    UnknownTenant = "unknown_tenant",
    /// The fence that was asked for is not one of the tenant's.
    FenceNotOfTenant = "fence_not_of_tenant",
    /// No such group of the tenant.
    UnknownGroup = "unknown_group",
    /// The tenant and this site belong to different enclaves.
    WrongEnclave = "wrong_enclave",
    /// The fence handle is not of this policy.
    UnknownFence = "unknown_fence",
    /// The site handle is not of this policy.
    UnknownSite = "unknown_site",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_fit_a_metric_label() {
        let codes: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        assert_eq!(codes.len(), Rule::ALL.len());
        for code in codes {
            let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(code.chars().all(snake), "{code}");
        }
    }
}
