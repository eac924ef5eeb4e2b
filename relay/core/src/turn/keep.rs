//! What the registry is told of allocations, so that they can outlive the relay: each that has changed,
//! when it asks.

use ringfence_wire::datagram::LocalSocket;

use super::Turn;
use super::allocation::{Allocation, AllocationKey, Peer, Stage};
use super::message::TurnEffect;
use crate::engine::Context;
use crate::limits::KEPT_AT_ONCE_MAX;
use crate::message::Effect;
use crate::state::{AllocationState, ChannelState};

impl Turn {
    /// Notes that an allocation is not as it was told any more.
    pub(super) fn changed(&mut self, key: AllocationKey) {
        if self.allocations.get(key).is_some() {
            self.unkept.insert(key);
        }
    }

    /// Tells of some that have changed. Those that there is no room for are told the next time.
    pub(super) fn keep(&mut self, context: &mut Context) {
        let mut told = Vec::new();
        while told.len() < KEPT_AT_ONCE_MAX
            && let Some(key) = self.unkept.pop_first()
        {
            let allocation = self.allocations.get(key);
            told.extend(allocation.and_then(|allocation| allocation.state(&context.policy)));
        }
        if told.is_empty() {
            return;
        }
        let keys: Vec<_> = told.iter().filter_map(|one| self.by_id.get(&one.id).copied()).collect();
        if !context.effects.try_push(Effect::Turn(TurnEffect::Kept(told.into()))) {
            keys.into_iter().for_each(|key| self.changed(key));
        }
    }
}

impl Allocation {
    /// `None` for what does not outlive the relay.
    fn state(&self, policy: &ringfence_fence::Policy) -> Option<AllocationState> {
        let LocalSocket::Listen(listen) = self.flow.local else { return None };
        if self.stage != Stage::Standing {
            return None;
        }
        let channel = |(number, channel): (
            &ringfence_wire::channel_data::ChannelNumber,
            &super::allocation::Channel,
        )| {
            ChannelState {
                number: number.number(),
                peer: channel.peer.address(),
                inside: match channel.peer {
                    Peer::Outside(_) => None,
                    Peer::Inside(_, id) => Some(id),
                },
                expires: channel.expires,
            }
        };
        Some(AllocationState {
            id: self.id,
            client: self.flow.remote,
            listen,
            relayed: self.relayed.iter().map(|relayed| relayed.address).collect(),
            fence: policy.fence_name(self.fence?).to_owned(),
            identity: self.identity.state(),
            asked: self.asked.0,
            expires: self.expires,
            lifetime_s: self.lifetime_s,
            token: self.token,
            missing: self.missing.map(super::Family::number),
            permissions: self.permissions.iter().map(|(ip, one)| (*ip, one.expires)).collect(),
            invited: self.invited.iter().map(|(at, one)| (*at, one.guest, one.expires)).collect(),
            channels: self.channels.iter().map(channel).collect(),
        })
    }
}
