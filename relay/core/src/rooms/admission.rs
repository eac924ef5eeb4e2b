//! How an address becomes a participant's: fence, username, integrity, path check, fence again,
//! latch. No step has an effect that a later one would have to take back, and nobody who fails one
//! learns which.

use ringfence_fence::{Pass, Refusal};
use ringfence_wire::datagram::Outbox;
use ringfence_wire::stun::{Class, IntegrityKey, Message, Method, TransactionId};

use super::member::{Latch, Member, MemberKey};
use super::path_check::PathCheck;
use super::{Rooms, connectivity};
use crate::counters::DropReason;
use crate::credentials::Ufrag;
use crate::denial::Denial;
use crate::engine::Context;
use crate::flow::{Egress, FlowKey};
use crate::limits::REFUSAL_REPORT_INTERVAL;
use crate::message::{Effect, Route};
use crate::time::Instant;

impl Rooms {
    /// Takes in one STUN message; it ends as answered or for a reason.
    pub(crate) fn stun<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        flow: FlowKey,
        message: &Message<'_>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        if message.method() != Method::BINDING {
            return Err(DropReason::UnexpectedStun.into());
        }
        match message.class() {
            Class::Request => self.request(context, now, flow, message, egress),
            Class::Success | Class::Error => self.answer(context, now, flow, message),
            // A keepalive (RFC 8445 section 11), which a relay does not need.
            Class::Indication => Err(DropReason::UnexpectedStun.into()),
        }
    }

    fn request<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        flow: FlowKey,
        message: &Message<'_>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        context.policy.locate(flow.remote.ip())?;
        let key = self.named(message).ok_or(DropReason::UnknownUsername)?;
        let pass = match self.judge(context, key, &flow) {
            Ok(pass) => pass,
            Err(refusal) => {
                // Only what is authentic is reported, or strangers could write the audit log.
                if self.may_report(now, key) && verify(message, &self.members[key]).is_ok() {
                    self.report_refusal(context, now, key, &flow, refusal);
                }
                return Err(refusal.into());
            }
        };
        verify(message, &self.members[key])?;
        let member = &self.members[key];
        match member.latch.filter(|_| member.is_latched_at(&flow)) {
            Some(latch) => self.check_of_latched(context, now, (key, latch), message, egress),
            None => self.check_of_candidate(context, now, key, (flow, pass), message, egress),
        }
    }

    /// A check from where the participant is: consent for another while (RFC 7675 section 5.1).
    fn check_of_latched<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &Context,
        now: Instant,
        (key, latch): (MemberKey, Latch),
        message: &Message<'_>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        let member = &self.members[key];
        if !message.unknown_required().is_empty() {
            connectivity::answer_unknown_attributes(egress, member, &latch, message);
            return Ok(());
        }
        connectivity::answer_success(egress, member, &latch, message.transaction_id());
        self.renew_consent(context, now, key);
        Ok(())
    }

    /// A check from elsewhere moves nothing yet: whoever holds that address must answer ours first.
    fn check_of_candidate<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: MemberKey,
        (flow, pass): (FlowKey, Pass),
        message: &Message<'_>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        if !message.unknown_required().is_empty() {
            return Err(DropReason::UnknownAttribute.into());
        }
        if self.is_taken(&flow) {
            return Err(DropReason::AddressTaken.into());
        }
        let ids = (message.transaction_id(), TransactionId(context.random.bytes()));
        let interval = context.limits.other_port_interval;
        let member = &mut self.members[key];
        let check = self.checks.ask(now, (key, member), (flow, pass), ids, interval);
        let check = check.ok_or(DropReason::PathCheckLimit)?;
        let tie_breaker = u64::from_be_bytes(context.random.bytes());
        let admission = &self.members[key].admission;
        connectivity::send_path_check(egress, admission, &check, tie_breaker);
        context.counters.path_checks += 1;
        Ok(())
    }

    /// An answer to a path check. Its transaction id, 96 random bits sent to that address alone,
    /// proves the address; where the participant gave its password, the answer must be signed too.
    fn answer(
        &mut self,
        context: &mut Context,
        now: Instant,
        flow: FlowKey,
        message: &Message<'_>,
    ) -> Result<(), Denial> {
        let transaction = message.transaction_id();
        let check = self.checks.answered(transaction, &flow).ok_or(DropReason::UnexpectedStun)?;
        let member = &self.members[check.member];
        if let Some(ice) = &member.admission.ice {
            let key = IntegrityKey::short_term(ice.password().as_bytes());
            message.verify_integrity(&key).map_err(|_| DropReason::BadIntegrity)?;
        }
        let pass = match self.judge(context, check.member, &flow) {
            Ok(pass) => pass,
            Err(refusal) => {
                self.report_refusal(context, now, check.member, &flow, refusal);
                return Err(refusal.into());
            }
        };
        self.prove(context, &check, pass)
    }

    fn prove(
        &mut self,
        context: &mut Context,
        check: &PathCheck,
        pass: Pass,
    ) -> Result<(), Denial> {
        let route = Route {
            participant: self.members[check.member].admission.participant,
            pass,
            local: check.flow.local,
            shard: context.shard,
            is_proven_now: true,
        };
        if !context.effects.try_push(Effect::Proven(route)) {
            return Err(DropReason::ReportsFull.into());
        }
        self.checks.prove(check.transaction);
        Ok(())
    }

    /// The member that USERNAME `<relay ufrag>:<participant ufrag>` names (RFC 8445 section 7.2.2).
    fn named(&self, message: &Message<'_>) -> Option<MemberKey> {
        let username = message.username()?;
        let colon = username.iter().position(|&byte| byte == b':')?;
        let ours = Ufrag::from_bytes(&username[..colon])?;
        let key = self.member_named(&ours)?;
        let theirs = self.members[key].admission.ice.as_ref().map(|ice| ice.ufrag());
        theirs.is_none_or(|ufrag| ufrag.as_bytes() == &username[colon + 1..]).then_some(key)
    }

    fn judge(&self, context: &Context, key: MemberKey, flow: &FlowKey) -> Result<Pass, Refusal> {
        self.rooms[self.members[key].room].fence.judge(&context.policy, flow.remote)
    }

    fn may_report(&self, now: Instant, key: MemberKey) -> bool {
        now >= self.members[key].refusal_reported_from
    }

    fn report_refusal(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: MemberKey,
        flow: &FlowKey,
        refusal: Refusal,
    ) {
        let member = &mut self.members[key];
        let participant = member.admission.participant;
        let effect = Effect::Refused { participant, address: flow.remote, refusal };
        if context.effects.try_push(effect) {
            member.refusal_reported_from = now + REFUSAL_REPORT_INTERVAL;
        }
    }
}

/// "the agent MUST use [...] short-term credentials" and FINGERPRINT (RFC 8445 section 7.1): a
/// message without FINGERPRINT is let by, as some agents leave it out, one with a wrong one is not.
fn verify(message: &Message<'_>, member: &Member) -> Result<(), DropReason> {
    let key = IntegrityKey::short_term(member.admission.credentials.password.as_bytes());
    message.verify_integrity(&key).map_err(|_| DropReason::BadIntegrity)?;
    if message.has_fingerprint() {
        message.verify_fingerprint().map_err(|_| DropReason::BadIntegrity)?;
    }
    Ok(())
}
