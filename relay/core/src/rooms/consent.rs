//! Consent: media flows only while valid checks keep coming (RFC 7675).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Rooms;
use super::member::MemberKey;
use crate::engine::Context;
use crate::identity::ParticipantId;
use crate::message::ReleaseCause;
use crate::time::Instant;

/// When to look at whose consent. A check moves only the member's own deadline; the timer finds
/// that out when it fires, so that a check costs no heap operation.
#[derive(Default)]
pub(crate) struct ConsentTimers(BinaryHeap<Reverse<(Instant, ParticipantId)>>);

impl ConsentTimers {
    fn watch(&mut self, participant: ParticipantId, until: Instant) {
        self.0.push(Reverse((until, participant)));
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((deadline, _))| *deadline)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn pop_due(&mut self, now: Instant) -> Option<ParticipantId> {
        let due = self.next_deadline().is_some_and(|deadline| deadline <= now);
        due.then(|| self.0.pop().map(|Reverse((_, participant))| participant))?
    }
}

impl Rooms {
    pub(crate) fn renew_consent(&mut self, context: &Context, now: Instant, key: MemberKey) {
        if let Some(latch) = &mut self.members[key].latch {
            latch.consent_until = now + context.limits.consent_timeout;
        }
    }

    /// Sets the member's one timer, unless it is set: a later deadline is found when it fires.
    pub(crate) fn watch_consent(&mut self, key: MemberKey, until: Instant) {
        let member = &mut self.members[key];
        if !std::mem::replace(&mut member.consent_timer, true) {
            self.consent.watch(member.admission.participant, until);
        }
    }

    pub(crate) fn expire_consent(&mut self, context: &mut Context, now: Instant) {
        while context.effects.has_room()
            && let Some(participant) = self.consent.pop_due(now)
        {
            self.look_at_consent(context, now, participant);
        }
    }

    /// A timer of an earlier latch finds a later one, or none, and does no harm.
    fn look_at_consent(&mut self, context: &mut Context, now: Instant, participant: ParticipantId) {
        let Some(key) = self.member_of(participant) else {
            return;
        };
        self.members[key].consent_timer = false;
        let Some(latch) = self.members[key].latch.filter(|latch| latch.watched) else {
            return;
        };
        if latch.consent_until <= now {
            self.release(context, key, ReleaseCause::ConsentExpired);
        } else {
            self.watch_consent(key, latch.consent_until);
        }
    }
}
