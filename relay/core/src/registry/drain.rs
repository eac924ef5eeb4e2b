//! Letting what is under way end, while nothing begins.

use super::Registry;

/// What a relay still holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Holdings {
    /// Rooms with somebody in them.
    pub rooms: usize,
    /// Participants of all rooms.
    pub participants: usize,
    /// TURN allocations.
    pub allocations: usize,
}

impl Holdings {
    /// Whether nobody would miss the relay.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Registry {
    /// From now on nobody joins and nothing is allocated, or again as ever. What there is goes on either
    /// way: flows, their refreshes, their permissions.
    pub fn set_draining(&mut self, draining: bool) {
        self.draining = draining;
    }

    /// Whether new work is refused.
    pub fn is_draining(&self) -> bool {
        self.draining
    }

    /// What would be lost if the relay ended now.
    pub fn holdings(&self) -> Holdings {
        Holdings {
            rooms: self.rooms.len(),
            participants: self.whereabouts.len(),
            allocations: self.allocations.stays.len(),
        }
    }
}
