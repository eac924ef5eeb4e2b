//! What a TURN client's STUN messages have in common: who may be answered, who has authenticated,
//! and what each method is handed.

use std::time::Duration;

use ringfence_fence::{Pass, Refusal};
use ringfence_wire::datagram::{LocalSocket, Outbox};
use ringfence_wire::stun::{Class, ErrorCode, IntegrityKey, Message, Method};

use super::Turn;
use super::accounts::{AuthFailure, Identity};
use super::allocation::{AllocationKey, Stage};
use super::answer::{self, Success};
use crate::counters::DropReason;
use crate::denial::Denial;
use crate::engine::Context;
use crate::flow::{Egress, FlowKey};
use crate::time::Instant;

/// A message and where it came from.
pub(super) struct Request<'a, 'rx> {
    pub(super) message: &'a Message<'rx>,
    pub(super) flow: FlowKey,
    /// What lets us answer: the client's own pass, or for a stranger that somebody here could admit.
    pub(super) pass: Pass,
    /// Bytes of the whole message.
    pub(super) bytes: usize,
}

/// Why an authenticated request does not succeed.
pub(super) enum Failure {
    /// The RFC's code.
    Code(ErrorCode),
    /// 403; the fence refused the client or a peer.
    Fence(Refusal),
    /// No answer, or not yet.
    Silent(DropReason),
}

/// How a message ended.
pub(crate) enum Ended {
    Answered,
    Forwarded,
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl Turn {
    /// Takes in one STUN message of `bytes` bytes from a client or someone who would be one.
    pub(crate) fn stun<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        flow: FlowKey,
        (message, bytes): (&Message<'rx>, usize),
        egress: &mut Egress<'_, O>,
    ) -> Result<Ended, Denial> {
        let client = self.client_at(&flow);
        match (message.class(), message.method()) {
            (Class::Indication, Method::SEND) => {
                let key = client.ok_or(DropReason::NoAllocation)?;
                self.send_indication(context, now, key, message, egress).map(|()| Ended::Forwarded)
            }
            (Class::Request, method) => {
                let pass = match client {
                    Some(key) if egress.admits(&self.allocations[key].pass) => {
                        self.allocations[key].pass
                    }
                    _ => context.policy.greet(flow.remote)?,
                };
                let request = Request { message, flow, pass, bytes };
                match method {
                    Method::BINDING => self.binding(context, now, &request, egress),
                    _ => self.request(context, now, &request, client, egress),
                }
                .map(|()| Ended::Answered)
            }
            // A relay asks TURN clients nothing, and answers no indication (RFC 8489 section 6.3.2).
            _ => Err(DropReason::UnexpectedStun.into()),
        }
    }

    /// Tells a client what its address looks like from here (RFC 8489 section 12).
    fn binding<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        request: &Request<'_, 'rx>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        if !request.message.unknown_required().is_empty() {
            return Err(DropReason::UnknownAttribute.into());
        }
        self.may_answer(now, request)?;
        answer::mapped_address(egress, request);
        note_told(context, request.flow.local);
        Ok(())
    }

    fn request<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        request: &Request<'_, 'rx>,
        client: Option<AllocationKey>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        if !is_method_of_turn(request.message.method()) {
            return Err(DropReason::UnexpectedStun.into());
        }
        self.may_prove(now, request, client)?;
        let identity = match self.authenticate(context, now, request, client) {
            Ok(identity) => identity,
            Err(challenge) => {
                self.may_answer(now, request)?;
                let nonce = self.nonces.issue(now, request.flow.remote);
                answer::challenge(egress, request, challenge, (&self.setup.realm, &nonce))?;
                note_told(context, request.flow.local);
                return Ok(());
            }
        };
        let key = identity.key.clone();
        let outcome = self.carry_out(context, now, request, client, identity);
        if client.is_none() && matches!(&outcome, Err(why) if !matches!(why, Failure::Silent(_))) {
            note_told(context, request.flow.local);
        }
        self.answer(context, request, &key, outcome, egress)
    }

    /// Who signed the request. Neither a wrong nonce nor a wrong password costs any memory.
    fn authenticate(
        &self,
        context: &mut Context,
        now: Instant,
        request: &Request<'_, '_>,
        client: Option<AllocationKey>,
    ) -> Result<Identity, ErrorCode> {
        let message = request.message;
        if !message.has_integrity() {
            return Err(ErrorCode::UNAUTHENTICATED);
        }
        let (Some(_), Some(username), Some(nonce)) =
            (message.realm(), message.username(), message.nonce())
        else {
            return Err(ErrorCode::BAD_REQUEST);
        };
        if !self.nonces.is_valid(now, request.flow.remote, nonce) {
            return Err(ErrorCode::STALE_NONCE);
        }
        // One 5-tuple has one user: its key is at hand.
        if let Some(allocation) = client.map(|key| &self.allocations[key])
            && *allocation.identity.username == *username
        {
            let verified = message.verify_integrity(&allocation.identity.key);
            return verified.map(|()| allocation.identity.clone()).map_err(|_| {
                context.counters.auth_failures[AuthFailure::WrongPassword as usize] += 1;
                ErrorCode::UNAUTHENTICATED
            });
        }
        let unix = self.setup.unix_start + now.since_start();
        self.setup.accounts.authenticate(unix, &self.setup.realm, message).map_err(|failure| {
            context.counters.auth_failures[failure as usize] += 1;
            ErrorCode::UNAUTHENTICATED
        })
    }

    fn carry_out(
        &mut self,
        context: &mut Context,
        now: Instant,
        request: &Request<'_, '_>,
        client: Option<AllocationKey>,
        identity: Identity,
    ) -> Result<Success, Failure> {
        let message = request.message;
        if let Some(key) = client {
            self.check_standing(context, key, &identity)?;
        }
        if !message.unknown_required().is_empty() {
            return Err(ErrorCode::UNKNOWN_ATTRIBUTE.into());
        }
        match (message.method(), client) {
            (Method::ALLOCATE, _) => self.allocate(context, now, request, client, identity),
            (_, None) => Err(ErrorCode::ALLOCATION_MISMATCH.into()),
            (_, Some(key)) if self.allocations[key].stage == Stage::Asked => {
                Err(Failure::Silent(DropReason::AllocationAsked))
            }
            (Method::REFRESH, Some(key)) => self.refresh(context, now, key, message),
            (Method::CREATE_PERMISSION, Some(key)) => {
                self.create_permission(context, now, key, message)
            }
            (_, Some(key)) => self.channel_bind(context, now, key, message),
        }
    }

    /// One 5-tuple, one user (RFC 8656 section 5); and whom a new policy refuses is told so, once.
    fn check_standing(
        &mut self,
        context: &mut Context,
        key: AllocationKey,
        identity: &Identity,
    ) -> Result<(), Failure> {
        let allocation = &self.allocations[key];
        if allocation.identity.username != identity.username {
            return Err(ErrorCode::WRONG_CREDENTIALS.into());
        }
        if let Stage::Cut(refusal) = allocation.stage {
            self.end(context, key, super::EndCause::Cut(refusal));
            return Err(Failure::Fence(refusal));
        }
        Ok(())
    }

    fn answer<'rx, O: Outbox<'rx>>(
        &self,
        context: &mut Context,
        request: &Request<'_, 'rx>,
        key: &IntegrityKey,
        outcome: Result<Success, Failure>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        match outcome {
            Ok(Success::Later) => {}
            Ok(success) => answer::success(egress, request, key, &success),
            Err(Failure::Silent(reason)) => return Err(reason.into()),
            Err(Failure::Code(code)) => answer::error(egress, request, key, code),
            Err(Failure::Fence(refusal)) => {
                answer::error(egress, request, key, ErrorCode::FORBIDDEN);
                context.counters.note_refusal(refusal.rule);
            }
        }
        Ok(())
    }

    /// Looking at a proof costs more than all else that a stranger can ask for. Whoever has an allocation is
    /// no stranger, unless it asks for another: nobody needs that often.
    fn may_prove(
        &mut self,
        now: Instant,
        request: &Request<'_, '_>,
        client: Option<AllocationKey>,
    ) -> Result<(), Denial> {
        let limited = client.is_none() || request.message.method() == Method::ALLOCATE;
        let costs = limited && request.message.has_integrity();
        let allowed = !costs || self.proof_limits.allow(now, request.flow.remote.ip());
        if allowed { Ok(()) } else { Err(DropReason::SourceLimit.into()) }
    }

    /// Whoever is behind a connection has proved its address by making it.
    fn may_answer(&mut self, now: Instant, request: &Request<'_, '_>) -> Result<(), Denial> {
        if let LocalSocket::Stream(_) = request.flow.local {
            return Ok(());
        }
        if !self.answer_limits.allow(now, request.flow.remote.ip()) {
            return Err(DropReason::AnswerLimit.into());
        }
        Ok(())
    }
}

/// Somebody who is not in has been answered. A connection is no stranger's: its packets fill no queue of
/// others.
pub(super) fn note_told(context: &mut Context, local: LocalSocket) {
    context.counters.told_strangers += u64::from(!matches!(local, LocalSocket::Stream(_)));
}

fn is_method_of_turn(method: Method) -> bool {
    [Method::ALLOCATE, Method::REFRESH, Method::CREATE_PERMISSION, Method::CHANNEL_BIND]
        .contains(&method)
}

/// Whole seconds of a lifetime, as LIFETIME has them.
pub(super) fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}
