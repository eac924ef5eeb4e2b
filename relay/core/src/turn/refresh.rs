//! Refresh (RFC 8656 section 8).

use ringfence_wire::stun::{ErrorCode, Message};

use super::Turn;
use super::allocate::lifetime;
use super::allocation::AllocationKey;
use super::answer::Success;
use super::message::{EndCause, Family};
use super::request::{Failure, whole_seconds};
use crate::engine::Context;
use crate::time::Instant;

impl Turn {
    /// A longer life, or with a lifetime of zero the end.
    pub(super) fn refresh(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        message: &Message<'_>,
    ) -> Result<Success, Failure> {
        let allocation = &mut self.allocations[key];
        if let Some(number) = message.requested_address_family() {
            let family = Family::from_number(number).ok_or(ErrorCode::PEER_FAMILY_MISMATCH)?;
            let held = |address: std::net::SocketAddr| Family::of(address.ip()) == family;
            if !allocation.relayed.iter().any(|relayed| held(relayed.address)) {
                return Err(ErrorCode::PEER_FAMILY_MISMATCH.into());
            }
        }
        if message.lifetime_s() == Some(0) {
            self.end(context, key, EndCause::Deleted);
            return Ok(Success::Refreshed { lifetime_s: 0 });
        }
        let lifetime = lifetime(message, context.limits.allocation_lifetime_max);
        self.expiries.clear(allocation.expires, key);
        allocation.expires = now + lifetime;
        self.expiries.set(allocation.expires, key);
        self.changed(key);
        Ok(Success::Refreshed { lifetime_s: whole_seconds(lifetime) })
    }
}
