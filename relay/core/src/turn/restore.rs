//! An allocation of the relay before this one. It is judged like a new one, client and peers alike, under
//! the policy in force, before a packet moves.

use std::net::SocketAddr;

use ringfence_fence::Role;
use ringfence_wire::datagram::{LocalSocket, Outbox};
use ringfence_wire::stun::TransactionId;

use super::accounts::Identity;
use super::allocation::{AllocationKey, Asked, Channel, Invited, Peer, Permission, Stage};
use super::message::{EndCause, Family, Grant};
use super::{Turn, report_end};
use crate::engine::Context;
use crate::flow::{Egress, FlowKey};
use crate::limits::{CHANNEL_LIFETIME, PERMISSION_LIFETIME};
use crate::state::AllocationState;
use crate::time::Instant;

impl Turn {
    /// Takes an allocation over. One that may not stand is reported as ended.
    pub(super) fn restore<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        state: &AllocationState,
        egress: &mut Egress<'_, O>,
    ) {
        self.begun = self.begun.max(state.id.number);
        match self.begin_again(context, now, state) {
            Err(cause) => report_end(context, state.id, cause),
            Ok(key) => self.open_again(context, now, key, state, egress),
        }
    }

    fn begin_again(
        &mut self,
        context: &Context,
        now: Instant,
        state: &AllocationState,
    ) -> Result<AllocationKey, EndCause> {
        let identity = Identity::restored(&state.identity);
        if !self.setup.accounts.has(&self.setup.realm, &identity) {
            return Err(EndCause::CredentialsRemoved);
        }
        let (tenant, group) = (&*identity.tenant, identity.group.as_deref());
        let fence = context.policy.fence_of(tenant, Some(&state.fence), group);
        let fence = fence.map_err(EndCause::Cut)?;
        let pass = context.judge_as(Role::Client, Some(fence), state.client);
        let pass = pass.map_err(EndCause::Cut)?;
        let flow = FlowKey::of_pass(&pass, LocalSocket::Listen(state.listen));
        if state.expires <= now {
            return Err(EndCause::Expired);
        }
        if self.client_at(&flow).is_some() || self.by_id.contains_key(&state.id) {
            return Err(EndCause::Unbound);
        }
        Ok(self.begin(Asked {
            id: state.id,
            flow,
            judged: (fence, pass),
            identity,
            asked: TransactionId(state.asked),
            expires: state.expires.min(now + context.limits.allocation_lifetime_max),
            lifetime_s: state.lifetime_s,
        }))
    }

    fn open_again<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        state: &AllocationState,
        egress: &mut Egress<'_, O>,
    ) {
        let grant = Grant {
            id: state.id,
            relayed: state.relayed.iter().copied().take(2).collect(),
            missing: state.missing.and_then(Family::from_number),
            token: state.token,
        };
        if self.open_sockets(key, &grant, egress).is_err() {
            return self.end(context, key, EndCause::Unbound);
        }
        let allocation = &mut self.allocations[key];
        allocation.stage = Stage::Standing;
        (allocation.token, allocation.missing) = (grant.token, grant.missing);
        self.asked -= 1;
        context.counters.allocations += 1;
        self.permit_again(context, now, key, state);
        self.changed(key);
    }

    /// Peers that the policy in force admits, as far as their time is not over.
    fn permit_again(
        &mut self,
        context: &Context,
        now: Instant,
        key: AllocationKey,
        state: &AllocationState,
    ) {
        let Self { allocations, neighbours, setup, .. } = self;
        let allocation = &mut allocations[key];
        let fence = allocation.fence;
        let outside = |peer| context.judge_as(Role::Peer, fence, peer).ok();
        let inside = |relayed, guest| neighbours.admit(context, fence, (relayed, guest));
        let most = context.limits.permissions_per_allocation_max;
        let live = state.permissions.iter().filter(|(_, expires)| *expires > now);
        for &(ip, expires) in live.take(most) {
            if let Some(pass) = outside(SocketAddr::new(ip, ANY_PORT)) {
                let expires = expires.min(now + PERMISSION_LIFETIME);
                allocation.permissions.insert(ip, Permission { pass, expires });
            }
        }
        let most = most.saturating_sub(allocation.permissions.len());
        let live = state.invited.iter().filter(|(.., expires)| *expires > now);
        for &(relayed, guest, expires) in live.take(most) {
            if let Some(pass) = inside(relayed, guest) {
                let expires = expires.min(now + PERMISSION_LIFETIME);
                allocation.invited.insert(relayed, Invited { pass, guest, expires });
            }
        }
        let live = state.channels.iter().filter(|channel| channel.expires > now);
        for channel in live.take(context.limits.channels_per_allocation_max) {
            let number = setup.channel_numbers.channel(channel.number);
            let peer = match channel.inside {
                None => outside(channel.peer).map(Peer::Outside),
                Some(id) => inside(channel.peer, id).map(|pass| Peer::Inside(pass, id)),
            };
            if let (Some(number), Some(peer)) = (number, peer)
                && allocation.numbers.get(&peer.address()).is_none()
                && allocation.channels.get(&number).is_none()
            {
                let expires = channel.expires.min(now + CHANNEL_LIFETIME);
                allocation.numbers.insert(peer.address(), number);
                allocation.channels.insert(number, Channel { peer, expires });
            }
        }
    }
}

/// A permission is by IP address alone (RFC 8656 section 9); a pass has a port.
const ANY_PORT: u16 = 1;
