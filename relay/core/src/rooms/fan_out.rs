//! From one speaker to everyone who listens. This loop is what a room costs.

use ringfence_wire::datagram::Outbox;

use super::Rooms;
use super::member::{Member, MemberKey};
use super::room::{Listener, Room};
use crate::counters::{Counters, DropReason};
use crate::engine::Context;
use crate::flow::Egress;
use crate::table::Table;

impl Rooms {
    /// Sends a run of the speaker's datagrams to its listeners, each listener's side by side, so
    /// that the backend can make a train of them.
    pub(crate) fn fan_out<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        speaker: MemberKey,
        datagrams: &[&'rx [u8]],
        egress: &mut Egress<'_, O>,
    ) {
        let room = &mut self.rooms[self.members[speaker].room];
        let forward = |datagram: &&'rx [u8], listener: &Listener| {
            egress.forward(datagram, &listener.pass, listener.local);
        };
        room.fan_out(&mut context.counters, &mut self.members, speaker, datagrams, forward);
    }
}

impl Room {
    /// Hands each datagram to `send` once per listener and counts: a datagram that found a listener
    /// was forwarded, one that found none was dropped.
    pub(crate) fn fan_out<P: AsRef<[u8]>>(
        &mut self,
        counters: &mut Counters,
        members: &mut Table<Member>,
        speaker: MemberKey,
        datagrams: &[P],
        mut send: impl FnMut(&P, &Listener),
    ) {
        let count = datagrams.len() as u64;
        let bytes: u64 = datagrams.iter().map(|datagram| datagram.as_ref().len() as u64).sum();
        let seat = members[speaker].seat;
        let mut listeners = 0;
        for listener in &mut self.listeners {
            let deaf = listener.selective && !members[listener.member].hears(seat);
            if deaf || listener.member == speaker {
                continue;
            }
            datagrams.iter().for_each(|datagram| send(datagram, listener));
            listener.sent.add(count, bytes);
            listeners += 1;
        }
        counters.copies += listeners * count;
        counters.copied_bytes += listeners * bytes;
        match listeners {
            0 => counters.drop_many(DropReason::NobodyListens, count),
            _ => {
                counters.forwarded += count;
                members[speaker].heard.add(count, bytes);
            }
        }
    }
}
