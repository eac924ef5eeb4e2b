//! Whether this relay takes more work.

use super::Registry;

impl Registry {
    /// Whether one of the relay's own bounds is reached: rooms, participants, or, where there is TURN,
    /// ports for allocations. Quotas of tenants do not count.
    pub fn is_full(&self) -> bool {
        let ports = self.ports();
        let no_port = ports.free == 0 && ports.used + ports.reserved > 0;
        no_port
            || self.rooms.len() >= self.limits.rooms_max
            || self.whereabouts.len() >= self.limits.participants_max
    }
}
