//! What a relay works by, as one thing that is exchanged as one thing.

use std::sync::Arc;

use ringfence_fence::{Epoch, Policy, Refusal};

use crate::config::{Config, Loaded, Sources};

/// A policy, the configuration it was made from and the texts of that. Together: an origin that is
/// looked up in another configuration's texts points at an innocent line.
#[derive(Clone, Debug)]
pub struct InForce {
    /// What decides.
    pub policy: Arc<Policy>,
    /// What the rest of the relay runs with.
    pub config: Arc<Config>,
    /// The texts that the policy's origins point into.
    pub sources: Arc<Sources>,
}

impl InForce {
    /// What a configuration puts in force.
    pub fn of(loaded: Loaded) -> Self {
        let (config, sources) = (Arc::new(loaded.config), Arc::new(loaded.sources));
        Self { policy: loaded.policy, config, sources }
    }

    /// Version of the policy.
    pub fn epoch(&self) -> Epoch {
        self.policy.epoch()
    }

    /// Where the rule that refused is written, as `file:line`; `None` for what no line can change, and
    /// for a refusal of another epoch.
    pub fn place(&self, refusal: &Refusal) -> Option<String> {
        let origin = refusal.origin.filter(|_| refusal.epoch == self.epoch())?;
        let place = self.sources.place(origin)?;
        Some(format!("{}:{}", place.file, place.line))
    }
}
