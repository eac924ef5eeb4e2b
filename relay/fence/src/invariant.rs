//! A sentence about all addresses and all states of load.

use crate::Origin;
use crate::region_set::RegionSet;

/// Such clients, with such peers, are never carried through such sites.
#[derive(Clone, Debug)]
pub(crate) struct Invariant {
    /// In words, unique.
    pub(crate) name: String,
    pub(crate) clients: RegionSet,
    /// `None` is any other end.
    pub(crate) peers: Option<RegionSet>,
    pub(crate) never_transit: RegionSet,
    pub(crate) origin: Origin,
}
