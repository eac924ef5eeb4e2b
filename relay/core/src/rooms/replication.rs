//! What the registry decided, taken over.

use std::sync::Arc;

use super::member::{Latch, Member, MemberKey};
use super::room::Room;
use super::sources::{Source, Sources};
use super::{Rooms, participant_at, room_at, ufrag_at};
use crate::engine::Context;
use crate::flow::FlowKey;
use crate::identity::{ParticipantId, RoomId};
use crate::message::{
    Admission, Command, Effect, MemberReport, Ownership, RoomReport, Route, SourceReport,
};
use crate::room_fence::RoomFence;
use crate::time::Instant;
use crate::traffic::{Holder, Occasion};

/// Who was taken over has this part of the consent timeout to send a check: several of the intervals at which
/// endpoints do (RFC 7675 section 5.1), and a relay that starts again and again goes on for nobody who is gone.
const TAKEN_OVER_PART: u32 = 2;

impl Rooms {
    pub(crate) fn apply(&mut self, context: &mut Context, now: Instant, command: Command) {
        match command {
            Command::Admit(admission) => self.admit(context, admission, now),
            Command::Dismiss(participant) => self.dismiss(context, participant),
            Command::Route(route) => self.route(context, now, &route),
            Command::Unroute(participant) => self.unroute(context, participant),
            Command::Own(ownership) => self.own(&ownership),
            Command::Narrow { room, terms, number } => {
                self.narrow(context, room, terms);
                context.effects.push_always(Effect::Narrowed { number });
            }
            Command::Survey { room, token } => {
                let report = self.survey(room, token);
                context.effects.push_always(Effect::Report(Box::new(report)));
            }
            // The engine takes these: it holds the policy and the other door.
            Command::Adopt(_) | Command::Settle(_) | Command::Turn(_) => {}
        }
    }

    fn admit(&mut self, context: &Context, admission: Arc<Admission>, now: Instant) {
        let room = self.room_of(context, &admission);
        self.rooms[room].members += 1;
        let (participant, ufrag) = (admission.participant, admission.credentials.ufrag);
        let key = self.members.insert(Member::new(admission, room, now));
        let members = &self.members;
        self.by_participant.insert(&participant, key, |key| participant_at(members, key));
        self.by_ufrag.insert(&ufrag, key, |key| ufrag_at(members, key));
    }

    fn room_of(&mut self, context: &Context, admission: &Admission) -> u32 {
        if let Some(place) = self.place_of(admission.room) {
            return place;
        }
        let fence = RoomFence::new(&context.policy, Arc::clone(&admission.terms));
        let place = self.rooms.insert(Room::new(admission.room, self.rooms.vacant(), fence));
        let rooms = &self.rooms;
        self.by_room.insert(&admission.room, place, |place| room_at(rooms, place));
        place
    }

    fn dismiss(&mut self, context: &mut Context, participant: ParticipantId) {
        let key = self.member_of(participant);
        let carried = key.and_then(|key| self.settle_one(key));
        context.settle(Occasion::Farewell(Holder::Participant(participant)), carried);
        let Some(key) = key else {
            return;
        };
        self.unlatch(key);
        self.checks.forget_member(&mut self.members[key]);
        let Some(member) = self.members.remove(key) else {
            return;
        };
        self.by_participant.remove(&participant, key);
        self.by_ufrag.remove(&member.admission.credentials.ufrag, key);
        let room = &mut self.rooms[member.room];
        room.members -= 1;
        room.unclaim_all_of(&mut self.sources, member.seat);
        if room.members == 0 {
            room.forget_everything(&mut self.sources);
            self.by_room.remove(&room.id, member.room);
            self.rooms.remove(member.room);
        }
    }

    /// The registry's passes are judged once more: this shard may already have a newer policy.
    fn route(&mut self, context: &mut Context, now: Instant, route: &Route) {
        let Some(key) = self.member_of(route.participant) else {
            return;
        };
        let flow = FlowKey::of_pass(&route.pass, route.local);
        let fence = &self.rooms[self.members[key].room].fence;
        let Ok(pass) = fence.judge(&context.policy, flow.remote) else {
            return;
        };
        self.take_away(context, key);
        let watched = route.shard == context.shard;
        let consent = match route.is_proven_now {
            true => context.limits.consent_timeout,
            false => context.limits.consent_timeout / TAKEN_OVER_PART,
        };
        let consent_until = now + consent;
        context.counters.latches_made += u64::from(watched);
        let latch = Latch { pass, local: route.local, watched, consent_until };
        self.latch(key, flow, latch);
    }

    fn latch(&mut self, key: MemberKey, flow: FlowKey, latch: Latch) {
        let member = &mut self.members[key];
        member.latch = Some(latch);
        let members = &self.members;
        let flow_of = |key| Some(members.get(key)?.latch.as_ref()?.flow());
        self.flows.insert(&flow, key, flow_of);
        let member = &mut self.members[key];
        self.rooms[member.room].set_listener(key, member);
        if let Some(asked) = self.checks.settle(flow, (key, member)) {
            self.answers.push(member.admission.participant, asked);
        }
        if latch.watched {
            self.watch_consent(key, latch.consent_until);
        }
    }

    fn unroute(&mut self, context: &mut Context, participant: ParticipantId) {
        if let Some(key) = self.member_of(participant) {
            self.take_away(context, key);
        }
    }

    /// The registry knows: only what was carried there is told.
    pub(super) fn take_away(&mut self, context: &mut Context, key: MemberKey) {
        let carried = self.settle_one(key);
        context.settle(Occasion::Change, carried);
        self.unlatch(key);
    }

    fn own(&mut self, ownership: &Ownership) {
        if let Some(room) = self.place_of(ownership.room) {
            self.rooms[room].own(&mut self.sources, ownership);
            self.parking.look_again();
        }
    }

    fn survey(&self, room: RoomId, token: u64) -> RoomReport {
        let room = self.place_of(room).map(|place| &self.rooms[place]);
        let members = room.map(|room| self.member_reports(room)).unwrap_or_default();
        let sources = room.map(|room| source_reports(room, &self.sources)).unwrap_or_default();
        RoomReport { token, members, sources }
    }

    fn member_reports(&self, room: &Room) -> Vec<MemberReport> {
        let report = |listener: &super::room::Listener| {
            let member = &self.members[listener.member];
            MemberReport {
                participant: member.admission.participant,
                packets_sent: member.settled.packets + listener.sent.packets,
                bytes_sent: member.settled.bytes + listener.sent.bytes,
            }
        };
        room.listeners.iter().map(report).collect()
    }
}

/// In the order of their SSRCs.
fn source_reports(room: &Room, sources: &Sources) -> Vec<SourceReport> {
    let heard = room.confirmed_sources(sources).filter(|source| source.reception.packets() > 0);
    let report = |source: &Source| SourceReport {
        seat: source.seat,
        ssrc: source.ssrc,
        packets: source.reception.packets(),
        bytes: source.reception.bytes(),
        lost: source.reception.lost(),
        jitter: source.reception.jitter_time(),
        clock_rate_hz: source.reception.clock_rate_hz(),
        index: source.reception.index(),
    };
    heard.map(report).collect()
}
