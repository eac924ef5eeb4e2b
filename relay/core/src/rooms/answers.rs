//! Answers that waited until the registry had routed the address they go to.
//!
//! A first check is answered only once the path is proven and the route stands, so that a success
//! response means: from now on your media is heard.

use ringfence_wire::datagram::Outbox;
use ringfence_wire::stun::TransactionId;

use super::{Rooms, connectivity, participant_at};
use crate::flow::Egress;
use crate::identity::ParticipantId;

/// Participants whose check is to be answered at the next chance.
#[derive(Default)]
pub(crate) struct AnswersDue(Vec<(ParticipantId, TransactionId)>);

impl AnswersDue {
    pub(crate) fn push(&mut self, participant: ParticipantId, asked: TransactionId) {
        self.0.push((participant, asked));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Rooms {
    pub(crate) fn send_answers<'rx, O: Outbox<'rx>>(&mut self, egress: &mut Egress<'_, O>) {
        for (participant, asked) in self.answers.0.drain(..) {
            let key_at = |key| participant_at(&self.members, key);
            if let Some(key) = self.by_participant.get(&participant, key_at)
                && let Some(member) = self.members.get(key)
                && let Some(latch) = &member.latch
            {
                connectivity::answer_success(egress, member, latch, asked);
            }
        }
    }
}
