//! What scrutiny found out, and what follows from it where a fence wants encryption.

use super::{Client, Event, LeaveCause, Registry};
use crate::identity::ParticipantId;
use crate::message::Command;
use crate::scrutiny::{SampledFlow, TurnDirection, Unencrypted};
use crate::turn::{AllocationId, TurnCommand};

/// Flows that were found to be unencrypted, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UnencryptedFlows {
    /// See [`Unencrypted::Plain`].
    pub plain: u64,
    /// See [`Unencrypted::RepeatingBlocks`].
    pub repeating_blocks: u64,
}

impl Registry {
    /// A flow carries what is evidently not encrypted. That is told once; whoever's fence wants
    /// encryption is cut, each time. About someone who has left, it has no effect.
    pub fn on_unencrypted(&mut self, flow: SampledFlow, how: Unencrypted) {
        match flow {
            SampledFlow::Participant(id) => self.participant_unencrypted(id, how),
            SampledFlow::Allocation(id, direction) => {
                self.allocation_unencrypted(id, direction, how);
            }
        }
    }

    /// How many flows were found to be unencrypted.
    pub fn unencrypted_flows(&self) -> UnencryptedFlows {
        self.unencrypted_flows
    }

    fn participant_unencrypted(&mut self, id: ParticipantId, how: Unencrypted) {
        let Some((room_name, name)) = self.whereabouts.get(&id).cloned() else {
            return;
        };
        let who = self.guest(&room_name, &name);
        let (Some(room), Some(who)) = (self.rooms.get_mut(&room_name), who) else {
            return;
        };
        let fence = room.fence.terms().fence(&self.policy);
        let cut = fence.is_ok_and(|fence| self.policy.requires_encryption(fence));
        let Some(participant) = room.participants.get_mut(&name) else {
            return;
        };
        if !std::mem::replace(&mut participant.unencrypted, true) {
            self.unencrypted_flows.count(how);
            self.note(Event::Unencrypted { who, how, cut });
        }
        if cut {
            self.remove(&room_name, &name, LeaveCause::NotEncrypted);
        }
    }

    /// The shard that has the allocation cuts it, if its fence requires encryption there, too.
    fn allocation_unencrypted(
        &mut self,
        id: AllocationId,
        direction: TurnDirection,
        how: Unencrypted,
    ) {
        let Some((request, news)) = self.allocations.unencrypted(id, direction) else {
            return;
        };
        if news {
            let (who, client) = (Client::of(request), request.client);
            let group = request.group.as_deref();
            let fence = self.policy.fence_of(&request.tenant, Some(&request.fence), group);
            let cut = fence.is_ok_and(|fence| self.policy.requires_encryption(fence));
            self.unencrypted_flows.count(how);
            self.note(Event::RelayedUnencrypted { who, client, direction, how, cut });
        }
        self.tell(id.shard, Command::Turn(TurnCommand::Unencrypted(id)));
    }
}

impl UnencryptedFlows {
    fn count(&mut self, how: Unencrypted) {
        match how {
            Unencrypted::Plain => self.plain += 1,
            Unencrypted::RepeatingBlocks => self.repeating_blocks += 1,
        }
    }
}
