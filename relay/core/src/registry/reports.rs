//! What shards report, and what the registry makes of it.

use std::net::SocketAddr;

use ringfence_fence::{Epoch, Pass};
use ringfence_wire::rtp::Ssrc;

use super::room::{Claimed, Participant, Room};
use super::{Event, Guest, Registry};
use crate::flow::FlowKey;
use crate::identity::{Name, ParticipantId, RoomId, ShardId};
use crate::media::PacketIndex;
use crate::message::{Command, Effect, PeersCut, ReleaseCause, Route};
use crate::time::Instant;

impl Registry {
    /// Takes in a shard's report. About someone who has left, it has no effect.
    /// [`Effect::Report`] is the answer to a survey and belongs to whoever asked.
    pub fn on_effect(&mut self, now: Instant, shard: ShardId, effect: &Effect) {
        match *effect {
            Effect::Turn(ref effect) => self.on_turn_effect(now, effect),
            Effect::Proven(route) => self.proven(route),
            Effect::Released { participant, address, local, cause } => {
                let flow = FlowKey { remote: address, local };
                self.released(participant, flow, cause);
            }
            Effect::Claim { participant, ssrc, index } => {
                self.claim(shard, participant, ssrc, index);
            }
            Effect::Advanced { room, ssrc, index } => self.advanced(room, ssrc, index),
            Effect::Refused { participant, address, refusal } => {
                if let Some(who) = self.guest_of(participant) {
                    self.note(Event::Refused { who, address, refusal });
                }
            }
            Effect::Adopted { epoch, peers_cut } => self.adopted_by(shard, epoch, peers_cut),
            Effect::Narrowed { number } => {
                if let Some(narrowed) = self.narrowed.get_mut(usize::from(shard.0)) {
                    *narrowed = number;
                }
            }
            Effect::Settled(ref settlement) => self.settled(shard, settlement),
            Effect::Report(_) => {}
        }
    }

    /// A participant proved an address. The fence is asked once more, under the policy as the
    /// registry has it, and one address speaks for one participant.
    fn proven(&mut self, route: Route) {
        let Some((room_name, name)) = self.whereabouts.get(&route.participant).cloned() else {
            return;
        };
        let flow = FlowKey::of_pass(&route.pass, route.local);
        let taken = self.flows.get(&flow).is_some_and(|&other| other != route.participant);
        let Some(pass) = self.judge(&room_name, route.pass.addr()).filter(|_| !taken) else {
            return;
        };
        let route = Route { pass, ..route };
        self.carry_numbering(&room_name, &name, route.shard);
        let Some(participant) = self.participant(&room_name, &name) else {
            return;
        };
        let before = participant.route.replace(route);
        if let Some(before) = before {
            self.flows.remove(&FlowKey::of_pass(&before.pass, before.local));
        }
        self.flows.insert(flow, route.participant);
        self.tell_all(Command::Route(route));
        if let Some(who) = self.guest(&room_name, &name) {
            let (address, region) = (pass.addr(), self.policy.region_name(pass.region()).into());
            let moved_from = before.map(|route| route.pass.addr());
            self.note(Event::Latched { who, address, region, moved_from });
        }
    }

    pub(super) fn judge(&self, room: &Name, address: SocketAddr) -> Option<Pass> {
        self.rooms.get(room)?.fence.judge(&self.policy, address).ok()
    }

    /// What peers lost counts for the policy that took it from them.
    fn adopted_by(&mut self, shard: ShardId, epoch: Epoch, peers_cut: PeersCut) {
        if let Some(adopted) = self.adopted.get_mut(usize::from(shard.0)) {
            *adopted = epoch;
        }
        if epoch == self.policy.epoch() {
            self.cuts.peers.permissions += peers_cut.permissions;
            self.cuts.peers.channels += peers_cut.channels;
        }
        if self.adopted_everywhere() {
            self.tell_carried();
        }
    }

    /// A shard that takes over a flow continues its packet numbering where the other left it.
    fn carry_numbering(&mut self, room: &Name, name: &Name, shard: ShardId) {
        let Some(room) = self.rooms.get(room) else {
            return;
        };
        let Some(participant) = room.participants.get(name) else {
            return;
        };
        if Room::moves_shard(participant, shard) {
            let owned: Vec<_> = room.ownerships_of(participant.admission.seat).collect();
            owned.into_iter().for_each(|ownership| self.tell(shard, Command::Own(ownership)));
        }
    }

    fn released(&mut self, id: ParticipantId, flow: FlowKey, cause: ReleaseCause) {
        let Some((room, name)) = self.whereabouts.get(&id).cloned() else {
            return;
        };
        let Some(participant) = self.participant(&room, &name) else {
            return;
        };
        // It may have moved on while this report was on its way.
        let same = |route: &mut Route| FlowKey::of_pass(&route.pass, route.local) == flow;
        let Some(route) = participant.route.take_if(same) else {
            return;
        };
        self.flows.remove(&flow);
        self.tell_all(Command::Unroute(id));
        if let Some(who) = self.guest(&room, &name) {
            let region = self.policy.region_name(route.pass.region()).into();
            self.note(Event::Released { who, address: flow.remote, region, cause });
        }
    }

    fn claim(&mut self, shard: ShardId, id: ParticipantId, ssrc: Ssrc, index: PacketIndex) {
        let Some((room_name, name)) = self.whereabouts.get(&id).cloned() else {
            return;
        };
        let Some(seat) = self.participant(&room_name, &name).map(|who| who.admission.seat) else {
            return;
        };
        let max = self.limits.ssrcs_per_participant_max;
        let Some(room) = self.rooms.get_mut(&room_name) else {
            return;
        };
        match room.claim(seat, ssrc, index, max) {
            Claimed::New(ownership) => self.tell_all(Command::Own(ownership)),
            Claimed::Known(ownership) => {
                let who = room.guest(&room_name, &name);
                self.tell(shard, Command::Own(ownership));
                if ownership.seat != seat {
                    self.note(Event::SsrcRefused { who, ssrc });
                }
            }
            Claimed::TooMany => {}
        }
    }

    fn advanced(&mut self, room: RoomId, ssrc: Ssrc, index: PacketIndex) {
        if let Some(name) = self.room_names.get(&room)
            && let Some(room) = self.rooms.get_mut(name)
        {
            room.advance(ssrc, index);
            self.changes += 1;
        }
    }

    pub(super) fn guest_of(&self, participant: ParticipantId) -> Option<Guest> {
        let (room, name) = self.whereabouts.get(&participant)?;
        self.guest(room, name)
    }

    pub(super) fn participant(&mut self, room: &Name, name: &Name) -> Option<&mut Participant> {
        self.rooms.get_mut(room)?.participants.get_mut(name)
    }
}
