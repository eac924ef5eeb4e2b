//! How many connections there may be.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections over TCP at a time: a few dashboards, and room to get in during a flood.
const TCP_MAX: usize = 256;

/// Of those, from one IPv4 address or one IPv6 /64: one host must not take them all.
const TCP_PER_SOURCE_MAX: usize = 32;

/// Connections over the unix socket: whoever may open it may also stop the relay.
const UNIX_MAX: usize = 256;

/// Counts connections.
#[derive(Clone)]
pub(in crate::api) struct Gate {
    total_max: usize,
    per_source_max: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_source: HashMap<Source, usize>,
}

/// Whose connections are counted together; `None` is whoever may open the unix socket.
type Source = Option<IpAddr>;

/// One connection, counted until it is dropped.
pub(super) struct Pass {
    gate: Gate,
    source: Source,
}

impl Gate {
    /// For the unix socket.
    pub(in crate::api) fn unix() -> Self {
        Self::new(UNIX_MAX, UNIX_MAX)
    }

    /// For TCP.
    pub(in crate::api) fn tcp() -> Self {
        Self::new(TCP_MAX, TCP_PER_SOURCE_MAX)
    }

    fn new(total_max: usize, per_source_max: usize) -> Self {
        Self { total_max, per_source_max, open: Arc::default() }
    }

    /// Counts one more; `None` if there are too many.
    pub(super) fn enter(&self, address: Option<IpAddr>) -> Option<Pass> {
        let source = address.map(source_of);
        let mut open = self.open();
        let of_source = open.by_source.get(&source).copied().unwrap_or(0);
        if open.total >= self.total_max || of_source >= self.per_source_max {
            return None;
        }
        open.total += 1;
        open.by_source.insert(source, of_source + 1);
        drop(open);
        Some(Pass { gate: self.clone(), source })
    }

    fn leave(&self, source: Source) {
        let mut open = self.open();
        open.total -= 1;
        if let Some(count) = open.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                open.by_source.remove(&source);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.leave(self.source);
    }
}

/// Hosts own whole /64s of IPv6 (RFC 6177).
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(gate: &Gate, address: &str) -> Option<Pass> {
        gate.enter(Some(address.parse().unwrap()))
    }

    #[test]
    fn one_source_cannot_take_all_connections() {
        let gate = Gate::new(3, 2);
        let held = [enter(&gate, "127.0.0.2"), enter(&gate, "127.0.0.2")];
        assert!(held.iter().all(Option::is_some));
        assert!(enter(&gate, "127.0.0.2").is_none());
        assert!(enter(&gate, "::ffff:127.0.0.2").is_none());
        assert!(enter(&gate, "127.0.0.3").is_some());
    }

    #[test]
    fn all_sources_together_are_bounded() {
        let gate = Gate::new(2, 2);
        let _held = [enter(&gate, "127.0.0.2"), enter(&gate, "127.0.0.3")];
        assert!(enter(&gate, "127.0.0.4").is_none());
    }

    #[test]
    fn addresses_of_one_64_are_one_source() {
        let gate = Gate::new(9, 1);
        let _held = enter(&gate, "2001:db8::1");
        assert!(enter(&gate, "2001:db8::2").is_none());
        assert!(enter(&gate, "2001:db8:0:1::1").is_some());
    }

    #[test]
    fn a_connection_that_ends_makes_room() {
        let gate = Gate::new(1, 1);
        drop(enter(&gate, "127.0.0.2"));
        assert!(enter(&gate, "127.0.0.2").is_some());
        assert!(gate.open().by_source.len() <= 1);
    }
}
