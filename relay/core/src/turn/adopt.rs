//! A new policy: every client and every peer is judged again, and what it forbids is cut before
//! another packet moves. So is what the policy in force forbids and was found out only now.

use ringfence_fence::{Policy, Refusal, Role, Rule};

use super::allocation::{Allocation, AllocationKey, Peer, Stage};
use super::message::{AllocationId, EndCause};
use super::{Neighbours, Turn, report_end};
use crate::engine::Context;
use crate::message::PeersCut;

impl Turn {
    /// The policy in force is `context`'s; `old` made the passes.
    pub(crate) fn adopt(&mut self, context: &mut Context, old: &Policy) -> PeersCut {
        self.neighbours.adopt(&context.policy);
        let keys: Vec<AllocationKey> = self.allocations.iter().map(|(key, _)| key).collect();
        let mut peers_cut = PeersCut::default();
        for key in keys {
            self.judge_again(context, old, key, &mut peers_cut);
        }
        peers_cut
    }

    fn judge_again(
        &mut self,
        context: &mut Context,
        old: &Policy,
        key: AllocationKey,
        peers_cut: &mut PeersCut,
    ) {
        let allocation = &mut self.allocations[key];
        let gone = context.refusal(Rule::UnknownFence);
        let fence = allocation.fence.ok_or(gone);
        let fence = fence.and_then(|fence| context.policy.successor(old, fence));
        let remote = allocation.flow.remote;
        let judge = |fence| context.judge_as(Role::Client, Some(fence), remote);
        match fence.and_then(|fence| judge(fence).map(|pass| (fence, pass))) {
            Ok((fence, pass)) => {
                (allocation.fence, allocation.pass) = (Some(fence), pass);
                let held = (allocation.permissions_held(), allocation.channels.len());
                allocation.judge_peers_again(context, &self.neighbours);
                peers_cut.permissions += (held.0 - allocation.permissions_held()) as u64;
                peers_cut.channels += (held.1 - allocation.channels.len()) as u64;
            }
            Err(refusal) => self.cut(context, key, refusal),
        }
    }

    /// The allocation carries what is evidently not encrypted.
    pub(super) fn require_encryption(&mut self, context: &mut Context, id: AllocationId) {
        let Some(&key) = self.by_id.get(&id) else {
            return;
        };
        let fence = self.allocations[key].fence;
        if fence.is_some_and(|fence| context.policy.requires_encryption(fence)) {
            let refusal = context.refusal(Rule::NotEncrypted);
            self.cut(context, key, refusal);
        }
    }

    /// From here on nothing is relayed. The entry stays until the client has been told 403 or does
    /// not ask any more.
    fn cut(&mut self, context: &mut Context, key: AllocationKey, refusal: Refusal) {
        match self.allocations[key].stage {
            Stage::Cut(_) => {}
            Stage::Asked => self.end(context, key, EndCause::Cut(refusal)),
            Stage::Standing => {
                let allocation = &mut self.allocations[key];
                allocation.stage = Stage::Cut(refusal);
                allocation.permissions.clear();
                allocation.invited.clear();
                allocation.channels.clear();
                allocation.numbers.clear();
                let relayed = std::mem::take(&mut allocation.relayed);
                let (id, client) = (allocation.id, allocation.flow.local);
                self.release(&relayed, client);
                // What was carried was settled when the policy changed.
                let _ = self.neighbours.part(id);
                context.counters.allocations -= 1;
                report_end(context, id, EndCause::Cut(refusal));
            }
        }
    }
}

impl Allocation {
    fn judge_peers_again(&mut self, context: &Context, neighbours: &Neighbours) {
        let fence = self.fence;
        let outside = |address| context.judge_as(Role::Peer, fence, address).ok();
        let inside = |relayed, guest| neighbours.admit(context, fence, (relayed, guest));
        self.permissions.retain(|_, permission| {
            let judged = outside(permission.pass.addr());
            judged.map(|pass| permission.pass = pass).is_some()
        });
        self.invited.retain(|relayed, invited| {
            inside(*relayed, invited.guest).map(|pass| invited.pass = pass).is_some()
        });
        self.channels.retain(|_, channel| {
            let judged = match channel.peer {
                Peer::Outside(pass) => outside(pass.addr()).map(Peer::Outside),
                Peer::Inside(pass, id) => {
                    inside(pass.addr(), id).map(|pass| Peer::Inside(pass, id))
                }
            };
            judged.map(|peer| channel.peer = peer).is_some()
        });
        let Self { channels, numbers, .. } = self;
        numbers.retain(|_, number| channels.contains_key(number));
    }
}
