//! What was carried for allocations since it was last told: for those of this shard, and straight to
//! the clients of others.

use super::Turn;
use super::allocation::Allocation;
use crate::traffic::{Carried, Holder};

impl Turn {
    /// Adds what was carried for everyone.
    pub(crate) fn settle(&mut self, carried: &mut Vec<Carried>) {
        carried.extend(self.allocations.values_mut().filter_map(Allocation::settle));
        self.neighbours.settle(carried);
    }
}

impl Allocation {
    pub(super) fn settle(&mut self) -> Option<Carried> {
        Carried::take(Holder::Allocation(self.id), self.pass.region(), &mut self.traffic)
    }
}
