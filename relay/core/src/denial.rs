//! Why a datagram came to nothing.

use ringfence_fence::Refusal;

use crate::counters::{Counters, DropReason};

/// Every way to end a datagram with neither an answer nor a copy.
#[derive(Clone, Copy)]
pub(crate) enum Denial {
    Drop(DropReason),
    Fence(Refusal),
}

impl From<DropReason> for Denial {
    fn from(reason: DropReason) -> Self {
        Self::Drop(reason)
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::Fence(refusal)
    }
}

impl Counters {
    pub(crate) fn deny(&mut self, denial: Denial) {
        match denial {
            Denial::Drop(reason) => self.drop_one(reason),
            Denial::Fence(refusal) => self.refuse(refusal.rule),
        }
    }
}
