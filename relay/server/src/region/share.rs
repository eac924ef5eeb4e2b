//! How much of the address space a set of addresses is.

use std::fmt;

use ringfence_fence::AddressSet;
use ringfence_fence::ranges::{AddressRange, Family};
use serde_json::{Value, json};

/// Part of the globally unicast space of a family, 1 being all of it.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default)]
pub struct Share(f64);

/// How large a set is in one family.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Extent {
    /// The fewest prefixes that it is made of.
    pub prefixes: usize,
    /// Its addresses in relation to the globally unicast ones.
    pub share: Share,
}

/// How large a set is in IPv4 and in IPv6.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Extents {
    /// Of IPv4.
    pub v4: Extent,
    /// Of IPv6.
    pub v6: Extent,
}

impl Extents {
    /// Of a set, where `unicast` is all of the globally unicast space.
    pub fn of(set: &AddressSet, unicast: &AddressSet) -> Self {
        let extent = |family| {
            let ranges = set.ranges().iter().filter(|range| range.family() == family);
            let prefixes = ranges.flat_map(AddressRange::cidrs).count();
            Extent { prefixes, share: Share::of(set.size(family), unicast.size(family)) }
        };
        Self { v4: extent(Family::V4), v6: extent(Family::V6) }
    }

    /// As an object with `ipv4` and `ipv6`, each with `prefixes` and `share`, from 0 to 1.
    pub fn to_json(&self) -> Value {
        let one = |extent: Extent| json!({ "prefixes": extent.prefixes, "share": extent.share.0 });
        json!({ "ipv4": one(self.v4), "ipv6": one(self.v6) })
    }
}

impl Share {
    #[expect(clippy::cast_precision_loss, reason = "a share is shown with three digits")]
    fn of(part: u128, whole: u128) -> Self {
        Self(if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
    }
}

/// In percent with three digits that count, such as `12.3%`, `0.00456%`, `0%`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        match percent {
            0.0 => f.write_str("0%"),
            10.0.. => write!(f, "{percent:.1}%"),
            1.0.. => write!(f, "{percent:.2}%"),
            0.1.. => write!(f, "{percent:.3}%"),
            0.001.. => write!(f, "{percent:.5}%"),
            _ => write!(f, "{percent:.1e}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_written_in_percent() {
        for (part, written) in
            [(0, "0%"), (123, "12.3%"), (1_000, "100.0%"), (12, "1.20%"), (1, "0.100%")]
        {
            assert_eq!(Share::of(part, 1_000).to_string(), written);
        }
        assert_eq!(Share::of(1, 1_000_000_000).to_string(), "1.0e-7%");
        assert_eq!(Share::of(1, 0).to_string(), "0%");
    }
}
