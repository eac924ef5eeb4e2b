//! What a policy knows of a region beside its prefixes.

use crate::RegionId;

#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// Regions that are near, nearest first: an order, never a permission.
    pub(crate) near: Vec<RegionId>,
    pub(crate) within: Option<RegionId>,
}
