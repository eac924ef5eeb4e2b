//! How the audit trail does.

use std::fmt;

use super::families::{Families, family};
use crate::relay::Control;

/// Nothing where there is no trail.
pub(super) fn encode(families: &mut Families<'_>, control: &Control) -> fmt::Result {
    let Some(status) = control.audit().status() else { return Ok(()) };
    let one = |number: u64| std::iter::once((Vec::new(), number));
    let failed = family("audit_failed", "1 while the audit trail cannot be written");
    families.gauge(&failed, one(status.failure.is_some().into()))?;
    let unsealed = family("audit_unsealed_lines", "Lines not yet known to be on the disk");
    families.gauge(&unsealed, one(status.seq.saturating_sub(status.sealed_seq)))?;
    let lost = family("audit_lost", "Records not written, for want of room or of a disk");
    families.counter(&lost, one(status.lost))?;
    let suppressed = family("audit_suppressed", "Refusals that were counted and not written");
    families.counter(&suppressed, one(status.suppressed))
}
