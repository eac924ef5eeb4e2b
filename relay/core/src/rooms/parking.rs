//! Packets of an SSRC whose owner the registry has not named yet. They wait for one answer from
//! the control thread, so that a stream loses nothing at its start and two senders are never both
//! heard with one SSRC.

use std::collections::VecDeque;

use ringfence_wire::datagram::Outbox;
use ringfence_wire::demux::Kind;
use ringfence_wire::rtp::Ssrc;

use super::Rooms;
use super::hearing::Heard;
use super::member::MemberKey;
use super::room::Listener;
use crate::counters::DropReason;
use crate::engine::Context;
use crate::flow::Egress;
use crate::identity::ParticipantId;
use crate::limits::{PARKED_BYTES_MAX, PARKED_TIME_MAX};
use crate::time::Instant;

/// A ring of packets in memory that was allocated at the start.
pub(crate) struct Parking {
    queue: VecDeque<Parked>,
    free: Vec<Slot>,
    bytes: Box<[u8]>,
    due: bool,
}

/// Start of a packet's place in `bytes`.
type Slot = usize;

#[derive(Clone, Copy)]
struct Parked {
    participant: ParticipantId,
    ssrc: Ssrc,
    since: Instant,
    slot: Slot,
    length: usize,
}

/// What became of a parked packet.
enum Fate {
    Forward(MemberKey),
    Drop(DropReason),
    Wait,
}

impl Parking {
    pub(crate) fn new(packets_max: usize) -> Self {
        Self {
            queue: VecDeque::with_capacity(packets_max),
            free: (0..packets_max).map(|n| n * PARKED_BYTES_MAX).collect(),
            bytes: vec![0; packets_max * PARKED_BYTES_MAX].into_boxed_slice(),
            due: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Something was decided: go through the queue at the next chance.
    pub(crate) fn look_again(&mut self) {
        self.due = !self.queue.is_empty();
    }

    pub(crate) fn is_due(&self) -> bool {
        self.due
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.queue.front().map(|parked| parked.since + PARKED_TIME_MAX)
    }

    /// Keeps a copy, if there is room and the packet is not larger than a frame.
    #[must_use]
    pub(crate) fn park(
        &mut self,
        now: Instant,
        participant: ParticipantId,
        ssrc: Ssrc,
        packet: &[u8],
    ) -> bool {
        let fits = packet.len() <= PARKED_BYTES_MAX;
        let Some(slot) = fits.then(|| self.free.pop()).flatten() else {
            return false;
        };
        let length = packet.len();
        self.bytes[slot..slot + length].copy_from_slice(packet);
        self.queue.push_back(Parked { participant, ssrc, since: now, slot, length });
        true
    }

    fn packet(&self, parked: &Parked) -> &[u8] {
        &self.bytes[parked.slot..parked.slot + parked.length]
    }
}

impl Rooms {
    /// Forwards or drops what has been decided, in the order it came; the rest keeps waiting.
    pub(crate) fn release_parked<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        egress: &mut Egress<'_, O>,
    ) {
        let overdue = self.parking.next_deadline().is_some_and(|deadline| deadline <= now);
        if !self.parking.due && !overdue {
            return;
        }
        self.parking.due = false;
        for _ in 0..self.parking.queue.len() {
            let Some(parked) = self.parking.queue.pop_front() else {
                return;
            };
            match self.fate(&parked, now) {
                Fate::Wait => self.parking.queue.push_back(parked),
                Fate::Drop(reason) => self.leave(context, &parked, reason),
                Fate::Forward(member) => self.send_parked(context, member, &parked, egress),
            }
        }
    }

    fn fate(&mut self, parked: &Parked, now: Instant) -> Fate {
        let Some(key) = self.member_of(parked.participant) else {
            return Fate::Drop(DropReason::NotLatched);
        };
        let member = &self.members[key];
        if member.latch.is_none() {
            return Fate::Drop(DropReason::NotLatched);
        }
        let room = &mut self.rooms[member.room];
        let timed_out = now.since(parked.since) >= PARKED_TIME_MAX;
        match room.source(parked.ssrc).and_then(|key| self.sources.get(key)) {
            Some(source) if source.seat != member.seat => Fate::Drop(DropReason::SsrcOfAnother),
            Some(source) if source.confirmed => Fate::Forward(key),
            _ if timed_out => {
                room.unclaim(&mut self.sources, parked.ssrc);
                Fate::Drop(DropReason::ParkingFull)
            }
            _ => Fate::Wait,
        }
    }

    fn leave(&mut self, context: &mut Context, parked: &Parked, reason: DropReason) {
        context.counters.drop_one(reason);
        self.parking.free.push(parked.slot);
    }

    fn send_parked<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        key: MemberKey,
        parked: &Parked,
        egress: &mut Egress<'_, O>,
    ) {
        let room = &mut self.rooms[self.members[key].room];
        let packet = self.parking.packet(parked);
        if let Some(heard) = Heard::peek(Kind::of(packet), packet)
            && let Some(source) = room.source(parked.ssrc)
            && let Some(source) = self.sources.get_mut(source)
        {
            source.note(parked.since, &heard);
        }
        let send = |packet: &&[u8], listener: &Listener| {
            egress.send_own(packet, &listener.pass, listener.local);
        };
        room.fan_out(&mut context.counters, &mut self.members, key, &[packet], send);
        self.parking.free.push(parked.slot);
    }
}
