//! A site: one place that runs relays.

use crate::RegionId;

#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) region: RegionId,
    /// `None` is the common enclave.
    pub(crate) enclave: Option<String>,
}
