//! Where the addresses of some classes are.

use ipnet::Ipv6Net;

use crate::ranges::AddressRange;

use super::ClassIndex;
use super::walk::Place;

/// The addresses of each class that was asked for, once.
#[derive(Debug, Default)]
pub(crate) struct Places {
    of: Vec<OfClass>,
}

#[derive(Clone, Debug, Default)]
struct OfClass {
    ranges: Vec<AddressRange>,
    carried: Vec<Carried>,
    malformed: Vec<Ipv6Net>,
}

/// Those of `outer` that carry, at `prefix_len` bits, an IPv4 address of a stretch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub(crate) struct Carried {
    pub(crate) outer: Ipv6Net,
    pub(crate) prefix_len: u8,
    pub(crate) embedded: AddressRange,
}

impl Places {
    pub(super) fn for_classes(count: usize) -> Self {
        Self { of: vec![OfClass::default(); count] }
    }

    pub(super) fn put(&mut self, class: ClassIndex, place: Place) {
        let Some(of) = self.of.get_mut(class as usize) else { return };
        match place {
            Place::Range(range) => range.range().into_iter().for_each(|range| of.put_range(range)),
            Place::Malformed(outer) => of.malformed.push(outer),
            Place::Carried { outer, prefix_len, embedded } => {
                let carried = |embedded| Carried { outer, prefix_len, embedded };
                of.carried.extend(embedded.range().map(carried));
            }
        }
    }

    /// The stretches of these classes, in no order.
    pub(crate) fn ranges(&self, classes: &[ClassIndex]) -> impl Iterator<Item = AddressRange> {
        self.each(classes).flat_map(|of| of.ranges.iter().copied())
    }

    /// What of them lies behind a NAT64, in no order.
    pub(crate) fn carried(&self, classes: &[ClassIndex]) -> impl Iterator<Item = Carried> {
        self.each(classes).flat_map(|of| of.carried.iter().copied())
    }

    /// Prefixes of which they have what no NAT64 would read, in no order.
    pub(crate) fn malformed(&self, classes: &[ClassIndex]) -> impl Iterator<Item = Ipv6Net> {
        self.each(classes).flat_map(|of| of.malformed.iter().copied())
    }

    fn each(&self, classes: &[ClassIndex]) -> impl Iterator<Item = &OfClass> {
        classes.iter().filter_map(|&class| self.of.get(class as usize))
    }
}

impl OfClass {
    fn put_range(&mut self, range: AddressRange) {
        match self.ranges.last_mut() {
            Some(last) if last.touches(&range) => *last = last.to(&range),
            _ => self.ranges.push(range),
        }
    }
}
