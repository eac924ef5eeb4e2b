//! What is known of a new policy before it is put in force.

use super::Refused;
use crate::config::Loaded;
use crate::plan_document::PlanDocument;
use crate::relay::InForce;

/// A configuration that may be put in force, and what that would change.
pub(super) struct Judged {
    pub(super) loaded: Loaded,
    /// As much of it as is this relay's business to show.
    pub(super) plan: PlanDocument,
    /// Of all of it.
    pub(super) digest: String,
}

/// Proves the new policy and compares it with the one in force.
pub(super) fn judge(running: &InForce, loaded: Loaded) -> Result<Judged, Refused> {
    let loaded = loaded.proven().map_err(|failure| Refused::Violated(Box::new(failure)))?;
    let whole = PlanDocument::of(&running.policy, &loaded.policy);
    let plan = whole.within_own_enclave(&running.policy, &loaded.policy);
    Ok(Judged { digest: whole.digest(), plan, loaded })
}
