//! What was carried for participants since it was last told.

use super::Rooms;
use super::member::{Member, MemberKey};
use super::room::Listener;
use crate::traffic::{Carried, Holder};

impl Rooms {
    /// Adds what was carried for everyone who is latched.
    pub(crate) fn settle(&mut self, carried: &mut Vec<Carried>) {
        for room in self.rooms.values_mut() {
            for listener in &mut room.listeners {
                carried.extend(listener.settle(&mut self.members[listener.member]));
            }
        }
    }

    /// The last of what was carried for a member that is about to lose its address.
    pub(super) fn settle_one(&mut self, key: MemberKey) -> Option<Carried> {
        let member = &mut self.members[key];
        let listeners = &mut self.rooms[member.room].listeners;
        let listener = listeners.iter_mut().find(|listener| listener.member == key)?;
        listener.settle(member)
    }
}

impl Listener {
    fn settle(&mut self, member: &mut Member) -> Option<Carried> {
        member.settled += self.sent;
        let holder = Holder::Participant(member.admission.participant);
        Carried::take_both(holder, self.pass.region(), &mut member.heard, &mut self.sent)
    }
}
