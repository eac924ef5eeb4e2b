//! How many streams each source has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Counts by IPv4 address and IPv6 /64: the least that one customer of a provider is given.
pub(super) struct Sources {
    open: HashMap<IpAddr, u32>,
    max: u32,
}

impl Sources {
    pub(super) fn new(max: u32) -> Self {
        Self { open: HashMap::new(), max }
    }

    /// Counts one more, unless there are enough.
    pub(super) fn admit(&mut self, source: IpAddr) -> bool {
        let open = self.open.get(&network(source)).copied().unwrap_or(0);
        let admitted = open < self.max;
        if admitted {
            self.open.insert(network(source), open + 1);
        }
        admitted
    }

    /// Counts one less.
    pub(super) fn release(&mut self, source: IpAddr) {
        match self.open.get_mut(&network(source)) {
            Some(open) if *open > 1 => *open -= 1,
            _ => drop(self.open.remove(&network(source))),
        }
    }
}

fn network(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_counted_by_address_and_by_64_and_forgotten() {
        let mut sources = Sources::new(2);
        let admit = |sources: &mut Sources, source: &str| sources.admit(source.parse().unwrap());
        let tried =
            ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "::1", "::2", "::3", "0:0:0:1::"];
        let admitted = tried.map(|source| admit(&mut sources, source));
        assert_eq!(admitted, [true, true, false, true, true, true, false, true]);
        sources.release("127.0.0.1".parse().unwrap());
        assert!(admit(&mut sources, "127.0.0.1") && !admit(&mut sources, "127.0.0.1"));
        for source in ["127.0.0.1", "127.0.0.1", "127.0.0.2", "::9", "::9", "0:0:0:1::9"] {
            sources.release(source.parse().unwrap());
        }
        assert!(sources.open.is_empty());
    }
}
