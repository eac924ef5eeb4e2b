//! Whether this relay takes more work.

use super::Registry;

impl Registry {
    /// Shards are too busy for new work, or not any more: forwarding comes first.
    pub fn set_overloaded(&mut self, overloaded: bool) {
        self.overloaded = overloaded;
    }

    /// Whether new work is refused because shards are too busy.
    pub fn is_overloaded(&self) -> bool {
        self.overloaded
    }

    /// Whether one of the relay's own bounds is reached: rooms, participants, or, where there is TURN,
    /// ports for allocations; or it is draining, or a shard too busy. Quotas of tenants do not count.
    pub fn is_full(&self) -> bool {
        let ports = self.ports();
        let no_port = ports.free == 0 && ports.used + ports.reserved > 0;
        self.draining
            || self.overloaded
            || no_port
            || self.rooms.len() >= self.limits.rooms_max
            || self.whereabouts.len() >= self.limits.participants_max
    }
}
