//! The addresses that one change is about.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::AddressSet;
use crate::census::{ClassIndex, Places};

/// A set of addresses. It is a selection out of what all changes of a plan share, put together only
/// when it is asked for: a thousand tenants whose fences see the same change hold it once.
#[derive(Clone, Default)]
pub struct Addresses {
    pub(super) places: Arc<Places>,
    pub(super) classes: Arc<[ClassIndex]>,
}

/// Addresses in a NAT64 prefix, of which the IPv4 address in them is judged too (RFC 6052).
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct BehindNat64 {
    /// The addresses on the wire: those of this prefix whose bits 64 to 71 are zero
    pub outer: Ipv6Net,
    /// and which carry, behind this many bits,
    pub prefix_len: u8,
    /// an IPv4 address of these, the fewest prefixes, in order.
    pub embedded: Vec<Ipv4Net>,
}

/// Whether two selections out of one plan are the same: a way to show each only once.
impl PartialEq for Addresses {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.places, &other.places) && self.classes == other.classes
    }
}

impl Eq for Addresses {}

impl Hash for Addresses {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.classes.hash(state);
    }
}

impl Addresses {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Those of them whose form carries no other address.
    pub fn set(&self) -> AddressSet {
        self.places.ranges(&self.classes).collect()
    }

    /// The same as the fewest prefixes, in order.
    pub fn cidrs(&self) -> Vec<IpNet> {
        self.set().cidrs().collect()
    }

    /// Those in NAT64 prefixes, by the address on the wire.
    pub fn behind_nat64(&self) -> Vec<BehindNat64> {
        let mut ranges: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for carried in self.places.carried(&self.classes) {
            let whose = (carried.outer, carried.prefix_len);
            ranges.entry(whose).or_default().push(carried.embedded);
        }
        let each = ranges.into_iter().map(|((outer, prefix_len), ranges)| {
            let embedded = ranges.into_iter().collect::<AddressSet>();
            BehindNat64 { outer, prefix_len, embedded: embedded.cidrs().filter_map(v4).collect() }
        });
        each.collect()
    }

    /// In these prefixes the addresses whose bits 64 to 71 are not all zero: one of the policies
    /// takes the prefix for a NAT64's, and such addresses for malformed; the other does not.
    pub fn malformed_nat64(&self) -> Vec<Ipv6Net> {
        let mut prefixes: Vec<_> = self.places.malformed(&self.classes).collect();
        prefixes.sort_unstable();
        prefixes
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addresses")
            .field("cidrs", &self.cidrs())
            .field("behind_nat64", &self.behind_nat64())
            .field("malformed_nat64", &self.malformed_nat64())
            .finish()
    }
}

fn v4(net: IpNet) -> Option<Ipv4Net> {
    match net {
        IpNet::V4(net) => Some(net),
        IpNet::V6(_) => None,
    }
}
