//! Version of a policy, and small handles for the things it names.

use std::fmt;

/// Version of the policy. A flow that holds an older one is judged again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub struct Epoch(pub u32);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many entries of one kind may be declared.
pub(crate) const HANDLES_MAX: usize = u16::MAX as usize + 1;

macro_rules! handle {
    ($name:ident, $inner:ty, $what:literal) => {
        #[doc = concat!("Handle of a ", $what, ", valid only with the [`crate::Policy`] that made it.")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub struct $name($inner);

        impl $name {
            /// `None` beyond what the handle can tell apart.
            pub(crate) fn from_index(index: usize) -> Option<Self> {
                <$inner>::try_from(index).ok().map(Self)
            }

            /// Place in the policy's list, counted from 0; dense, so it can index an array.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

handle!(RegionId, u16, "region");
handle!(SiteId, u16, "site");
handle!(FenceId, u32, "fence, as declared or as a tenant or group may use it");
handle!(TenantId, u16, "tenant");
