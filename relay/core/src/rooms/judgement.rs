//! The fence's word on those who are latched already, when a policy or the terms of their room change.
//! The registry judges them by the same and tells who was cut, so nothing is reported from here.

use std::sync::Arc;

use super::Rooms;
use super::member::{Latch, MemberKey};
use crate::engine::Context;
use crate::identity::RoomId;
use crate::room_fence::{RoomFence, RoomTerms};

impl Rooms {
    /// Judges every latched address again under the policy now in force.
    pub(crate) fn adopt(&mut self, context: &mut Context) {
        for room in self.rooms.values_mut() {
            room.fence.adopt(&context.policy);
        }
        let latched = self.members.iter().filter(|(_, member)| member.latch.is_some());
        let latched: Vec<MemberKey> = latched.map(|(key, _)| key).collect();
        for key in latched {
            self.judge_again(context, key);
        }
        self.checks.clear(&mut self.members);
    }

    /// Puts new terms in force in one room. A path check on its way is judged again when its answer
    /// comes.
    pub(crate) fn narrow(&mut self, context: &mut Context, room: RoomId, terms: Arc<RoomTerms>) {
        let Some(room) = self.place_of(room) else {
            return;
        };
        self.rooms[room].fence = RoomFence::new(&context.policy, terms);
        let listeners = &self.rooms[room].listeners;
        let latched: Vec<MemberKey> = listeners.iter().map(|listener| listener.member).collect();
        for key in latched {
            self.judge_again(context, key);
        }
    }

    fn judge_again(&mut self, context: &mut Context, key: MemberKey) {
        let member = &mut self.members[key];
        let Some(latch) = member.latch else { return };
        match self.rooms[member.room].fence.judge(&context.policy, latch.pass.addr()) {
            Ok(pass) => {
                member.latch = Some(Latch { pass, ..latch });
                self.rooms[member.room].set_listener(key, member);
            }
            Err(_) => self.take_away(context, key),
        }
    }
}
