//! The door `rooms`, as one shard sees it: replicas of the rooms, the participants' addresses, and
//! what to do with what they send.
//!
//! The order that every new address goes through is: fence, username, integrity, path check, fence
//! again, latch (`admission`). Only then is its media heard (`hearing`) and passed on (`fan_out`).

mod admission;
mod answers;
mod connectivity;
mod consent;
mod fan_out;
mod foresight;
mod hearing;
mod judgement;
mod member;
mod parking;
mod path_check;
mod replication;
mod room;
mod settle;
mod sources;

use ringfence_wire::datagram::Outbox;

use self::answers::AnswersDue;
use self::consent::ConsentTimers;
pub(crate) use self::member::MemberKey;
use self::member::{Latch, Member};
use self::parking::Parking;
use self::path_check::PathChecks;
use self::room::Room;
use self::sources::Sources;
use crate::credentials::Ufrag;
use crate::engine::Context;
use crate::flow::{Egress, FlowKey};
use crate::identity::{ParticipantId, RoomId};
use crate::limits::Limits;
use crate::message::{Effect, ReleaseCause};
use crate::place_index::{Hashing, KeyHash, PlaceIndex};
use crate::random::Csprng;
use crate::table::Table;
use crate::time::Instant;
use crate::traffic::Occasion;

/// All rooms on one shard.
pub(crate) struct Rooms {
    members: Table<Member>,
    rooms: Table<Room>,
    sources: Sources,
    by_participant: PlaceIndex<ParticipantId>,
    by_ufrag: PlaceIndex<Ufrag>,
    by_room: PlaceIndex<RoomId>,
    /// Members by where they are latched.
    flows: PlaceIndex<FlowKey>,
    checks: PathChecks,
    answers: AnswersDue,
    consent: ConsentTimers,
    parking: Parking,
}

impl Rooms {
    pub(crate) fn new(limits: &Limits, flows: Hashing, random: &mut Csprng) -> Self {
        let keys = random.table_keys();
        let hashing = Hashing::new(keys.clone());
        Self {
            members: Table::default(),
            rooms: Table::default(),
            sources: Sources::default(),
            by_participant: PlaceIndex::new(hashing.clone()),
            by_ufrag: PlaceIndex::new(hashing.clone()),
            by_room: PlaceIndex::new(hashing),
            flows: PlaceIndex::new(flows),
            checks: PathChecks::new(keys),
            answers: AnswersDue::default(),
            consent: ConsentTimers::default(),
            parking: Parking::new(limits.parked_packets_max),
        }
    }

    /// Who may send from this flow.
    #[inline]
    pub(crate) fn speaker(&self, flow: &FlowKey, hash: KeyHash) -> Option<MemberKey> {
        self.flows.find(hash, |key| self.is_latched_at(key, flow))
    }

    /// The addresses of participants whose checks come to this shard.
    pub(crate) fn watched(&self) -> impl Iterator<Item = FlowKey> {
        let latches = self.members.iter().filter_map(|(_, member)| member.latch.as_ref());
        latches.filter(|latch| latch.watched).map(Latch::flow)
    }

    /// Where this participant is in the table.
    fn member_of(&self, participant: ParticipantId) -> Option<MemberKey> {
        self.by_participant.get(&participant, |key| participant_at(&self.members, key))
    }

    /// Whose username begins with this.
    fn member_named(&self, ufrag: &Ufrag) -> Option<MemberKey> {
        self.by_ufrag.get(ufrag, |key| ufrag_at(&self.members, key))
    }

    /// Where this room is in the table.
    fn place_of(&self, room: RoomId) -> Option<u32> {
        self.by_room.get(&room, |place| room_at(&self.rooms, place))
    }

    /// Whether anybody may send from this flow.
    fn is_taken(&self, flow: &FlowKey) -> bool {
        self.flows.look_up(flow, |key| self.is_latched_at(key, flow)).is_some()
    }

    #[inline]
    fn is_latched_at(&self, key: MemberKey, flow: &FlowKey) -> bool {
        self.members.get(key).is_some_and(|member| member.is_latched_at(flow))
    }

    pub(crate) fn parked(&self) -> usize {
        self.parking.len()
    }

    /// Deadlines that are watched.
    pub(crate) fn timers(&self) -> usize {
        self.checks.deadlines() + self.consent.len() + self.parked()
    }

    /// Sends what had to wait for the registry: answers to proven checks, parked packets.
    pub(crate) fn send_due<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        outbox: &mut O,
    ) {
        let mut egress = Egress::new(outbox, context.policy.epoch());
        self.send_answers(&mut egress);
        self.release_parked(context, now, &mut egress);
    }

    /// Ends what is overdue.
    pub(crate) fn expire(&mut self, context: &mut Context, now: Instant) {
        self.forget_checks(now);
        self.expire_consent(context, now);
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let due_now = !self.answers.is_empty() || self.parking.is_due();
        [
            due_now.then_some(Instant::START),
            self.checks.next_deadline(),
            self.consent.next_deadline(),
            self.parking.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Takes a participant's address away; the shard that watches over it reports so.
    fn release(&mut self, context: &mut Context, key: MemberKey, cause: ReleaseCause) {
        let carried = self.settle_one(key);
        let Some(latch) = self.unlatch(key) else {
            return;
        };
        context.settle(Occasion::Change, carried);
        if latch.watched {
            context.effects.push_always(Effect::Released {
                participant: self.members[key].admission.participant,
                address: latch.pass.addr(),
                local: latch.local,
                cause,
            });
        }
    }

    /// From here on nothing is sent to or taken from the member's address. What was carried for it
    /// there must have been settled.
    fn unlatch(&mut self, key: MemberKey) -> Option<Latch> {
        let member = self.members.get_mut(key)?;
        let latch = member.latch.take()?;
        self.flows.remove(&latch.flow(), key);
        self.rooms[member.room].remove_listener(key);
        Some(latch)
    }
}

fn participant_at(members: &Table<Member>, key: MemberKey) -> Option<ParticipantId> {
    members.get(key).map(|member| member.admission.participant)
}

fn ufrag_at(members: &Table<Member>, key: MemberKey) -> Option<Ufrag> {
    members.get(key).map(|member| member.admission.credentials.ufrag)
}

fn room_at(rooms: &Table<Room>, place: u32) -> Option<RoomId> {
    rooms.get(place).map(|room| room.id)
}
