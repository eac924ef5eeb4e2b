//! One walk over the address space of two policies.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv6Net};

use crate::ranges::{AddressRange, Family};
use crate::{Policy, nat64, refused_space};

use super::Class;
use super::tiling::{NumberedRange, crossed, ranges};
use super::view::{View, views};

/// Some addresses of one class.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// All of a stretch.
    Range(NumberedRange),
    /// Those of `outer` that have their IPv4 address, at `prefix_len` bits, in a stretch.
    Carried { outer: Ipv6Net, prefix_len: u8, embedded: NumberedRange },
    /// Those of a prefix that have a reserved octet that is not zero (RFC 6052 section 2.2).
    Malformed(Ipv6Net),
}

impl Place {
    pub(crate) fn an_address(&self) -> Option<IpAddr> {
        match *self {
            Self::Range(range) => range.range().map(|range| range.first()),
            Self::Carried { outer, prefix_len, embedded } => {
                let embedded = Ipv4Addr::from_bits(u32::try_from(embedded.first).ok()?);
                Some(nat64::carrying(outer, prefix_len, embedded).into())
            }
            Self::Malformed(outer) => Some(nat64::malformed(outer).into()),
        }
    }
}

/// Calls `visit` with places that do not overlap and together are all addresses that at least one
/// of the policies may admit.
pub(crate) fn each_place(old: &Policy, new: &Policy, visit: impl FnMut(Class, Place)) {
    let mut walk = Walk { v4: Vec::new(), visit };
    for (range, views) in ranges(crossed(views(old), views(new))) {
        match views {
            (View::Nat64 { .. }, _) | (_, View::Nat64 { .. }) => walk.behind_nat64(range, views),
            (old, new) => walk.plain(range, Class { old: old.plain(), new: new.plain() }),
        }
    }
}

struct Walk<V> {
    /// What was seen of IPv4, each up to this address: it comes first and without a gap, and NAT64
    /// addresses hold it again.
    v4: Vec<(u32, Class)>,
    visit: V,
}

impl<V: FnMut(Class, Place)> Walk<V> {
    fn plain(&mut self, range: NumberedRange, class: Class) {
        if range.family == Family::V4 {
            self.v4.extend(u32::try_from(range.last).map(|last| (last, class)));
        }
        if let Some(first) = refused_space::behind_isatap(range.family, range.first, range.last) {
            self.visit(class, Place::Range(NumberedRange { first, ..range }));
        }
    }

    fn behind_nat64(&mut self, range: NumberedRange, views: (View, View)) {
        for outer in range.range().iter().flat_map(AddressRange::cidrs) {
            if let IpNet::V6(outer) = outer {
                self.prefix(outer, views);
            }
        }
    }

    /// Where the policies read the IPv4 address at two places, it is not followed which addresses
    /// read the same: what the old one admitted counts as lost, what the new one admits as gained.
    fn prefix(&mut self, outer: Ipv6Net, (old, new): (View, View)) {
        match (old, new) {
            (View::Nat64 { prefix_len: a, .. }, View::Nat64 { prefix_len: b, .. }) if a != b => {
                self.read_at(a, outer, (old, View::Refused));
                self.read_at(b, outer, (View::Refused, new));
            }
            (View::Nat64 { prefix_len, .. }, _) | (_, View::Nat64 { prefix_len, .. }) => {
                self.read_at(prefix_len, outer, (old, new));
            }
            _ => {}
        }
    }

    fn read_at(&mut self, prefix_len: u8, outer: Ipv6Net, (old, new): (View, View)) {
        let malformed = Class { old: old.plain(), new: new.plain() };
        let Some(window) = nat64::window(outer, prefix_len) else {
            let (first, last) = (outer.network().to_bits(), outer.broadcast().to_bits());
            let whole = NumberedRange { family: Family::V6, first, last };
            return self.visit(malformed, Place::Range(whole));
        };
        if outer.prefix_len() < nat64::RESERVED_END {
            self.visit(malformed, Place::Malformed(outer));
        }
        let (mut first, last) = (window.network().to_bits(), window.broadcast().to_bits());
        let start = self.v4.partition_point(|(last, _)| *last < first);
        for at in start..self.v4.len() {
            let (end, inner) = self.v4[at];
            let end = end.min(last);
            let embedded =
                NumberedRange { family: Family::V4, first: first.into(), last: end.into() };
            let class = Class { old: old.with(inner.old), new: new.with(inner.new) };
            self.visit(class, Place::Carried { outer, prefix_len, embedded });
            if end == last {
                break;
            }
            first = end + 1;
        }
    }

    fn visit(&mut self, class: Class, place: Place) {
        if class.old.is_some() || class.new.is_some() {
            (self.visit)(class, place);
        }
    }
}
