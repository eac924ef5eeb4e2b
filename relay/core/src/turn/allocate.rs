//! Allocate (RFC 8656 section 7): the checks, the question to the registry, and what follows from
//! its answer.

use std::time::Duration;

use arrayvec::ArrayVec;
use ringfence_fence::{FenceId, Pass, Refusal, Role};
use ringfence_wire::datagram::{Fragmentation, LocalSocket, OpenError, Outbox};
use ringfence_wire::stun::{ErrorCode, Message};

use super::Turn;
use super::accounts::Identity;
use super::allocation::{Allocation, AllocationKey, Asked, RelayedAddress, Stage};
use super::answer::{self, Allocated, Success, Waiting};
use super::message::{
    AllocationDenial, AllocationId, AllocationRequest, EndCause, Family, Grant, PortWish,
    TurnEffect,
};
use super::request::{Failure, Request, note_told, whole_seconds};
use crate::counters::DropReason;
use crate::engine::Context;
use crate::flow::Egress;
use crate::limits::{ALLOCATION_LIFETIME_DEFAULT, ALLOCATIONS_ASKED_MAX};
use crate::message::Effect;
use crate::time::Instant;

/// REQUESTED-TRANSPORT: "17 (User Datagram Protocol)" (RFC 8656 section 18.8).
const UDP: u8 = 17;

/// What an Allocate asks for.
struct Wish {
    families: ArrayVec<Family, 2>,
    port: PortWish,
    lifetime: Duration,
}

impl Turn {
    /// Everything that can be judged here is; then the registry is asked for ports.
    pub(super) fn allocate(
        &mut self,
        context: &mut Context,
        now: Instant,
        request: &Request<'_, '_>,
        client: Option<AllocationKey>,
        identity: Identity,
    ) -> Result<Success, Failure> {
        if let Some(key) = client {
            return self.allocate_again(key, request.message);
        }
        let wish = self.wish(context, request.message)?;
        let (fence, pass) = admit(context, request, &identity).map_err(|refusal| {
            self.report_refused_client(context, now, request, (&identity, refusal))
        })?;
        if self.asked >= ALLOCATIONS_ASKED_MAX {
            return Err(ErrorCode::INSUFFICIENT_CAPACITY.into());
        }
        self.begun += 1;
        let id = AllocationId { shard: context.shard, number: self.begun };
        let asked = AllocationRequest {
            id,
            tenant: identity.tenant.clone(),
            party: identity.party.clone(),
            fence: context.policy.fence_name(fence).into(),
            group: identity.group.clone(),
            client: pass.addr(),
            local: request.flow.local,
            families: wish.families,
            port: wish.port,
        };
        if !context.effects.try_push(Effect::Turn(TurnEffect::Asked(Box::new(asked)))) {
            return Err(Failure::Silent(DropReason::ReportsFull));
        }
        self.begin(Asked {
            id,
            flow: request.flow,
            judged: (fence, pass),
            identity,
            asked: request.message.transaction_id(),
            expires: now + wish.lifetime,
            lifetime_s: whole_seconds(wish.lifetime),
        });
        Ok(Success::Later)
    }

    /// A client has authenticated, or it would not write to the audit log; it may do so as often as a
    /// stranger is answered, or it could fill the log and the report queue.
    fn report_refused_client(
        &mut self,
        context: &mut Context,
        now: Instant,
        request: &Request<'_, '_>,
        (identity, refusal): (&Identity, Refusal),
    ) -> Failure {
        let client = request.flow.remote;
        if self.answer_limits.allow(now, client.ip()) {
            let (tenant, party) = (identity.tenant.clone(), identity.party.clone());
            let fence = identity.fence.clone();
            let refused = TurnEffect::ClientRefused { tenant, party, fence, client, refusal };
            // A full report queue loses the line, not the refusal.
            let _ = context.effects.try_push(Effect::Turn(refused));
        }
        Failure::Fence(refusal)
    }

    /// The same Allocate again is answered as before; another one finds the 5-tuple taken.
    fn allocate_again(
        &self,
        key: AllocationKey,
        message: &Message<'_>,
    ) -> Result<Success, Failure> {
        let allocation = &self.allocations[key];
        if allocation.asked != message.transaction_id() {
            return Err(ErrorCode::ALLOCATION_MISMATCH.into());
        }
        match allocation.stage {
            Stage::Standing => Ok(Success::Allocated(self.described(allocation))),
            _ => Err(Failure::Silent(DropReason::AllocationAsked)),
        }
    }

    /// The checks of RFC 8656 section 7.2, in its order.
    fn wish(&self, context: &Context, message: &Message<'_>) -> Result<Wish, Failure> {
        match message.requested_transport() {
            None => return Err(ErrorCode::BAD_REQUEST.into()),
            Some(UDP) => {}
            Some(_) => return Err(ErrorCode::UNSUPPORTED_TRANSPORT.into()),
        }
        let lifetime_max = context.limits.allocation_lifetime_max;
        Ok(Wish {
            port: port_wish(message)?,
            families: self.families(message)?,
            lifetime: lifetime(message, lifetime_max),
        })
    }

    fn families(&self, message: &Message<'_>) -> Result<ArrayVec<Family, 2>, Failure> {
        let requested = message.requested_address_family();
        let additional = message.additional_address_family();
        let both = || [Family::Ipv4, Family::Ipv6].into_iter().collect();
        match (requested, additional) {
            (Some(_), Some(_)) => Err(ErrorCode::BAD_REQUEST.into()),
            // "ADDITIONAL-ADDRESS-FAMILY with anything but IPv6" (RFC 8656 section 7.2).
            (None, Some(2)) if self.setup.families.contains(&Family::Ipv4) => Ok(both()),
            (None, Some(2)) => Err(ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED.into()),
            (None, Some(_)) => Err(ErrorCode::BAD_REQUEST.into()),
            (number, None) => {
                let family = Family::from_number(number.unwrap_or(Family::Ipv4.number()));
                let served = family.filter(|family| self.setup.families.contains(family));
                let served = served.ok_or(ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED)?;
                Ok([served].into_iter().collect())
            }
        }
    }

    /// Takes up an allocation that has no ports yet.
    pub(super) fn begin(&mut self, asked: Asked) -> AllocationKey {
        let Asked { id, flow, expires, .. } = asked;
        let key = self.allocations.insert(Allocation::of(asked));
        self.asked += 1;
        let allocations = &self.allocations;
        self.by_client.insert(&flow, key, |key| Some(allocations.get(key)?.flow));
        if let LocalSocket::Stream(_) = flow.local {
            self.by_socket.insert(flow.local, key);
        }
        self.by_id.insert(id, key);
        self.expiries.set(expires, key);
        key
    }

    /// The registry gave ports. About an allocation that has ended meanwhile this has no effect: its
    /// end was reported, and the registry takes the ports back.
    pub(super) fn stand<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        grant: &Grant,
        egress: &mut Egress<'_, O>,
    ) {
        let Some(&key) = self.by_id.get(&grant.id) else {
            return;
        };
        if self.allocations[key].stage != Stage::Asked {
            return;
        }
        match self.open_sockets(key, grant, egress) {
            Ok(()) => self.stands(context, key, grant, egress),
            Err(OpenError::Unavailable) => {
                context.effects.push_always(Effect::Turn(TurnEffect::Unbindable(grant.id)));
            }
            Err(OpenError::Exhausted) => {
                self.answer_allocate_error(key, ErrorCode::INSUFFICIENT_CAPACITY, None, egress);
                self.end(context, key, EndCause::Unbound);
            }
        }
    }

    pub(super) fn open_sockets<'rx, O: Outbox<'rx>>(
        &mut self,
        key: AllocationKey,
        grant: &Grant,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), OpenError> {
        let mut opened = ArrayVec::<RelayedAddress, 2>::new();
        for &address in &grant.relayed {
            match egress.sockets().open(address) {
                Ok(socket) => {
                    let fragmentation = Fragmentation::Allowed;
                    opened.push(RelayedAddress { address, socket, fragmentation });
                }
                Err(error) => {
                    opened.iter().for_each(|one| egress.sockets().close(one.socket));
                    return Err(error);
                }
            }
        }
        for relayed in &opened {
            self.by_socket.insert(relayed.socket, key);
        }
        self.allocations[key].relayed = opened;
        Ok(())
    }

    fn stands<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        key: AllocationKey,
        grant: &Grant,
        egress: &mut Egress<'_, O>,
    ) {
        let allocation = &mut self.allocations[key];
        allocation.stage = Stage::Standing;
        (allocation.token, allocation.missing) = (grant.token, grant.missing);
        self.asked -= 1;
        context.counters.allocations += 1;
        context.counters.allocations_made += 1;
        self.changed(key);
        let allocation = &self.allocations[key];
        egress.sockets().authenticated(allocation.flow.local, true);
        answer::allocated(egress, &allocation.waiting(), &self.described(allocation));
    }

    /// The registry gave none.
    pub(super) fn turn_away<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        id: AllocationId,
        why: AllocationDenial,
        egress: &mut Egress<'_, O>,
    ) {
        let Some(&key) = self.by_id.get(&id) else {
            return;
        };
        note_told(context, self.allocations[key].flow.local);
        let alternate = self.alternate(context, key).filter(|_| why == AllocationDenial::NoPort);
        let code = match why {
            AllocationDenial::Quota => ErrorCode::ALLOCATION_QUOTA,
            AllocationDenial::NoPort if alternate.is_some() => ErrorCode::TRY_ALTERNATE,
            AllocationDenial::NoPort | AllocationDenial::NoReservation => {
                ErrorCode::INSUFFICIENT_CAPACITY
            }
        };
        self.answer_allocate_error(key, code, alternate.map(|pass| pass.addr()), egress);
        self.end(context, key, EndCause::Unbound);
    }

    /// Where else this client may try: a server of its own family that its fence lets carry.
    fn alternate(&self, context: &Context, key: AllocationKey) -> Option<Pass> {
        let allocation = &self.allocations[key];
        let fence = allocation.fence?;
        let judge = |&server: &std::net::SocketAddr| {
            context.policy.decide(fence, Role::Transit, server, context.policy.own_site()).ok()
        };
        let reachable =
            |server: &&std::net::SocketAddr| server.is_ipv4() == allocation.flow.remote.is_ipv4();
        self.setup.alternates.iter().filter(reachable).find_map(judge)
    }

    fn described(&self, allocation: &Allocation) -> Allocated {
        let served = |family| self.setup.families.contains(&family);
        let why = |family| match served(family) {
            true => ErrorCode::INSUFFICIENT_CAPACITY,
            false => ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED,
        };
        Allocated {
            relayed: allocation.relayed.iter().map(|relayed| relayed.address).collect(),
            missing: allocation.missing.map(|family| (family, why(family))),
            lifetime_s: allocation.lifetime_s,
            token: allocation.token,
        }
    }

    fn answer_allocate_error<'rx, O: Outbox<'rx>>(
        &self,
        key: AllocationKey,
        code: ErrorCode,
        alternate: Option<std::net::SocketAddr>,
        egress: &mut Egress<'_, O>,
    ) {
        answer::allocate_error(egress, &self.allocations[key].waiting(), code, alternate);
    }
}

impl Allocation {
    fn waiting(&self) -> Waiting<'_> {
        Waiting { asked: self.asked, flow: self.flow, pass: self.pass, key: &self.identity.key }
    }
}

/// The fence that the user named, or its tenant's first, as its group may use it, and what that says
/// of the client.
fn admit(
    context: &Context,
    request: &Request<'_, '_>,
    identity: &Identity,
) -> Result<(FenceId, Pass), Refusal> {
    let policy = &context.policy;
    let (fence, group) = (identity.fence.as_deref(), identity.group.as_deref());
    let fence = policy.room_fence(&identity.tenant, fence, group)?;
    let pass = policy.decide(fence, Role::Client, request.flow.remote, policy.own_site())?;
    Ok((fence, pass))
}

fn port_wish(message: &Message<'_>) -> Result<PortWish, Failure> {
    let requested = message.requested_address_family();
    let additional = message.additional_address_family();
    match (message.reservation_token(), message.even_port()) {
        (Some(_), Some(_)) => Err(ErrorCode::BAD_REQUEST.into()),
        (Some(_), None) if requested.or(additional).is_some() => Err(ErrorCode::BAD_REQUEST.into()),
        (Some(token), None) => Ok(PortWish::Reserved(token)),
        (None, Some(true)) if additional.is_some() => Err(ErrorCode::BAD_REQUEST.into()),
        (None, Some(true)) => Ok(PortWish::EvenAndNext),
        (None, Some(false)) => Ok(PortWish::Even),
        (None, None) => Ok(PortWish::Any),
    }
}

/// At least the default, at most the limit (RFC 8656 section 7.2).
pub(super) fn lifetime(message: &Message<'_>, max: Duration) -> Duration {
    let asked = message.lifetime_s().map(|s| Duration::from_secs(s.into())).unwrap_or_default();
    asked.min(max).max(ALLOCATION_LIFETIME_DEFAULT)
}
