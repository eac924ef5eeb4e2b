//! Whom a change of the rules takes their address from. The registry judges by what the shards judge
//! by, so it knows before they have done it.

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::{Policy, Refusal, Role};

use super::room::Room;
use super::{Event, Registry};
use crate::flow::FlowKey;
use crate::identity::Name;
use crate::limits::CUTS_LISTED_MAX;
use crate::message::{PeersCut, ReleaseCause};
use crate::room_fence::RoomFence;
use crate::turn::{AllocationId, AllocationRequest, Party};

/// What a change cuts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cuts {
    /// Participants that were latched, by room and name; at most [`CUTS_LISTED_MAX`].
    pub participants: Vec<ParticipantCut>,
    /// How many there are.
    pub participants_total: usize,
    /// TURN allocations, oldest shard first; at most [`CUTS_LISTED_MAX`].
    pub allocations: Vec<AllocationCut>,
    /// How many there are.
    pub allocations_total: usize,
    /// What peers lose of allocations that stay. Only shards know: zero until they have confirmed.
    pub peers: PeersCut,
}

/// A participant that loses its address. It stays in the room, and may come back from where the
/// fence admits it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParticipantCut {
    /// Whose room.
    pub tenant: Arc<str>,
    /// The room.
    pub room: Name,
    /// Who.
    pub participant: Name,
    /// The address it has.
    pub address: SocketAddr,
    /// Where that is, by the policy that let it in.
    pub region: Arc<str>,
    /// Why it goes.
    pub refusal: Refusal,
}

/// An allocation that ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllocationCut {
    /// Which.
    pub id: AllocationId,
    /// On whose account.
    pub tenant: Arc<str>,
    /// Whose.
    pub party: Party,
    /// The client.
    pub client: SocketAddr,
    /// Where that is, by the policy that let it in.
    pub region: Arc<str>,
    /// Why it ends.
    pub refusal: Refusal,
}

impl Cuts {
    pub(super) fn of(
        mut participants: Vec<ParticipantCut>,
        mut allocations: Vec<AllocationCut>,
    ) -> Self {
        let (participants_total, allocations_total) = (participants.len(), allocations.len());
        participants.truncate(CUTS_LISTED_MAX);
        allocations.truncate(CUTS_LISTED_MAX);
        let peers = PeersCut::default();
        Self { participants, participants_total, allocations, allocations_total, peers }
    }
}

impl Registry {
    /// What this policy would cut if it came into force now. Nothing changes.
    pub fn would_cut(&self, policy: &Policy) -> Cuts {
        Cuts::of(self.participants_cut_by(policy), self.allocations_cut_by(policy))
    }

    /// What the last policy to come into force has cut; complete once it is in force everywhere.
    /// Only the first call for each policy has it.
    pub fn take_cuts(&mut self) -> Cuts {
        std::mem::take(&mut self.cuts)
    }

    pub(super) fn participants_cut_by(&self, policy: &Policy) -> Vec<ParticipantCut> {
        let rooms = self.rooms.iter().flat_map(|(name, room)| {
            let fence = RoomFence::new(policy, Arc::clone(room.fence.terms()));
            self.cut_in((name, room), &fence, policy)
        });
        rooms.collect()
    }

    /// Whom these terms cut in one room under this policy.
    pub(super) fn cut_in(
        &self,
        (name, room): (&Name, &Room),
        fence: &RoomFence,
        policy: &Policy,
    ) -> Vec<ParticipantCut> {
        let latched = room.participants.iter().filter_map(|(who, here)| Some((who, here.route?)));
        let cut = latched.filter_map(|(participant, route)| {
            let refusal = fence.judge(policy, route.pass.addr()).err()?;
            Some(ParticipantCut {
                tenant: Arc::clone(&fence.terms().tenant),
                room: name.clone(),
                participant: participant.clone(),
                address: route.pass.addr(),
                region: self.policy.region_name(route.pass.region()).into(),
                refusal,
            })
        });
        cut.collect()
    }

    pub(super) fn allocations_cut_by(&self, policy: &Policy) -> Vec<AllocationCut> {
        let cut = self.allocations.requests().filter_map(|request| {
            let refusal = judge_client(policy, request).err()?;
            Some(AllocationCut {
                id: request.id,
                tenant: Arc::clone(&request.tenant),
                party: request.party.clone(),
                client: request.client,
                region: self.region_of(request),
                refusal,
            })
        });
        cut.collect()
    }

    /// The shards do the same when they hear of the change.
    pub(super) fn cut(&mut self, cuts: &[ParticipantCut]) {
        for cut in cuts {
            let participant = self.participant(&cut.room, &cut.participant);
            let Some(route) = participant.and_then(|who| who.route.take()) else {
                continue;
            };
            self.flows.remove(&FlowKey::of_pass(&route.pass, route.local));
            if let Some(who) = self.guest(&cut.room, &cut.participant) {
                let cause = ReleaseCause::Cut(cut.refusal);
                let region = Arc::clone(&cut.region);
                self.note(Event::Released { who, address: cut.address, region, cause });
            }
        }
    }
}

fn judge_client(policy: &Policy, request: &AllocationRequest) -> Result<(), Refusal> {
    let (fence, group) = (Some(&*request.fence), request.group.as_deref());
    let fence = policy.fence_of(&request.tenant, fence, group)?;
    policy.decide(fence, Role::Client, request.client, policy.own_site()).map(|_| ())
}
