//! CreatePermission and ChannelBind (RFC 8656 sections 10 and 12.2): whom a client lets send to it.

use std::net::{IpAddr, SocketAddr};

use arrayvec::ArrayVec;
use ringfence_fence::{Refusal, Role, Rule};
use ringfence_wire::channel_data::ChannelNumber;
use ringfence_wire::stun::{ATTRIBUTES_MAX, Attribute, ErrorCode, Message};

use super::Turn;
use super::allocation::{AllocationKey, Channel, Invited, Peer, Permission};
use super::answer::Success;
use super::message::{Invitation, TurnEffect};
use super::request::Failure;
use crate::counters::DropReason;
use crate::engine::Context;
use crate::limits::{
    CHANNEL_LIFETIME, INVITATION_INTERVAL, PERMISSION_LIFETIME, REFUSAL_REPORT_INTERVAL,
};
use crate::message::Effect;
use crate::time::Instant;

type Peers = ArrayVec<Peer, ATTRIBUTES_MAX>;

impl Turn {
    /// All of the peers or none: they are judged first, then installed.
    pub(super) fn create_permission(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        message: &Message<'_>,
    ) -> Result<Success, Failure> {
        let mut peers = Peers::new();
        for peer in message.xor_addresses(Attribute::XorPeerAddress) {
            let peer = peer.ok_or(ErrorCode::BAD_REQUEST)?;
            // "The port portion of each attribute is ignored" (RFC 8656 section 10.2).
            let peer = SocketAddr::new(peer.ip(), peer.port().max(1));
            peers.push(self.judge_peer(context, now, key, peer)?);
        }
        if peers.is_empty() {
            return Err(ErrorCode::BAD_REQUEST.into());
        }
        self.permit(context, now, key, &peers, None)?;
        Ok(Success::Permitted)
    }

    /// Binds a channel, or binds it for longer; either way the peer has a permission then.
    pub(super) fn channel_bind(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        message: &Message<'_>,
    ) -> Result<Success, Failure> {
        let number = message.channel_number();
        let number = number.and_then(|number| self.setup.channel_numbers.channel(number));
        let peer = message.xor_address(Attribute::XorPeerAddress);
        let (Some(number), Some(peer)) = (number, peer.filter(|peer| peer.port() != 0)) else {
            return Err(ErrorCode::BAD_REQUEST.into());
        };
        let peer = self.judge_peer(context, now, key, peer)?;
        self.check_binding(context, now, key, (number, &peer))?;
        self.permit(context, now, key, std::slice::from_ref(&peer), Some(number))?;
        let allocation = &mut self.allocations[key];
        allocation.numbers.insert(peer.address(), number);
        allocation.channels.insert(number, Channel { peer, expires: now + CHANNEL_LIFETIME });
        self.changed(key);
        Ok(Success::Bound)
    }

    /// One peer for a channel, one channel for a peer (RFC 8656 section 12.2).
    fn check_binding(
        &mut self,
        context: &Context,
        now: Instant,
        key: AllocationKey,
        (number, peer): (ChannelNumber, &Peer),
    ) -> Result<(), Failure> {
        let allocation = &mut self.allocations[key];
        allocation.sweep(now);
        let bound_to = allocation.channels.get(&number).map(|channel| channel.peer.address());
        let bound_by = allocation.numbers.get(&peer.address()).copied();
        match (bound_to, bound_by) {
            (None, None) if allocation.channels.len() < limit(context) => Ok(()),
            (None, None) => Err(ErrorCode::INSUFFICIENT_CAPACITY.into()),
            (Some(other), Some(another)) if other == peer.address() && another == number => Ok(()),
            _ => Err(ErrorCode::BAD_REQUEST.into()),
        }
    }

    /// The fence's word on a peer: an address out there, or another allocation of this relay, which
    /// stands for the client behind it.
    fn judge_peer(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        peer: SocketAddr,
    ) -> Result<Peer, Failure> {
        let allocation = &self.allocations[key];
        if allocation.relayed_for(peer.ip()).is_none() {
            return Err(ErrorCode::PEER_FAMILY_MISMATCH.into());
        }
        let judged = context.judge_as(Role::Peer, allocation.fence, peer);
        let judged = match judged {
            Ok(pass) if pass.addr().is_ipv4() != peer.is_ipv4() => {
                return Err(ErrorCode::PEER_FAMILY_MISMATCH.into());
            }
            Ok(pass) => Ok(Peer::Outside(pass)),
            Err(refusal) if refusal.rule == Rule::OwnAddress && !is_mapped(peer.ip()) => {
                self.neighbours.judge(context, allocation.fence, peer).unwrap_or(Err(refusal))
            }
            Err(refusal) => Err(refusal),
        };
        judged.map_err(|refusal| self.report_refused_peer(context, now, key, peer.ip(), refusal))
    }

    fn permit(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        peers: &[Peer],
        channel: Option<ChannelNumber>,
    ) -> Result<(), Failure> {
        let allocation = &mut self.allocations[key];
        allocation.sweep(now);
        let known = |peer: &&Peer| match peer {
            Peer::Outside(pass) => allocation.permissions.contains_key(&pass.addr().ip()),
            Peer::Inside(pass, _) => allocation.invited.contains_key(&pass.addr()),
        };
        let new = peers.len() - peers.iter().filter(known).count();
        let max = context.limits.permissions_per_allocation_max;
        if allocation.permissions_held() + new > max {
            return Err(ErrorCode::INSUFFICIENT_CAPACITY.into());
        }
        if !context.effects.has_room_for(peers.len()) {
            return Err(Failure::Silent(DropReason::ReportsFull));
        }
        for peer in peers {
            self.permit_one(context, now, key, peer, channel);
        }
        self.changed(key);
        Ok(())
    }

    fn permit_one(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        peer: &Peer,
        channel: Option<ChannelNumber>,
    ) {
        let expires = now + PERMISSION_LIFETIME;
        match *peer {
            Peer::Outside(pass) => {
                let permission = Permission { pass, expires };
                self.allocations[key].permissions.insert(pass.addr().ip(), permission);
            }
            Peer::Inside(pass, guest) => {
                let invited = Invited { pass, guest, expires };
                self.invite(context, now, key, (invited, channel));
            }
        }
    }

    /// Tells all shards, unless they were told the same just before: each report goes to every one of
    /// them, so a client must not be able to cause them at will.
    fn invite(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        (invited, channel): (Invited, Option<ChannelNumber>),
    ) {
        let allocation = &mut self.allocations[key];
        let Invited { pass, guest, expires } = invited;
        let peer = pass.addr();
        let lease = allocation.lease(now, &peer);
        let told = allocation.invited.get(&peer).is_some_and(|told| {
            told.guest == guest && told.expires + INVITATION_INTERVAL > expires
        });
        let bound = channel.is_none() || channel == lease.map(|(number, _)| number);
        if told && bound {
            return;
        }
        let channel = channel.map(|number| (number, now + CHANNEL_LIFETIME)).or(lease);
        let invitation = Invitation { id: allocation.id, guest, peer, channel, expires };
        // There is room: whoever permits has looked.
        if context.effects.try_push(Effect::Turn(TurnEffect::Invited(invitation))) {
            allocation.invited.insert(peer, invited);
        }
    }

    fn report_refused_peer(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        peer: IpAddr,
        refusal: Refusal,
    ) -> Failure {
        let allocation = &mut self.allocations[key];
        let rested = |last: Instant| now.since(last) >= REFUSAL_REPORT_INTERVAL;
        if allocation.refusal_reported.is_none_or(rested) {
            let refused = TurnEffect::PeerRefused { id: allocation.id, peer, refusal };
            if context.effects.try_push(Effect::Turn(refused)) {
                allocation.refusal_reported = Some(now);
            }
        }
        Failure::Fence(refusal)
    }
}

impl super::neighbours::Neighbours {
    /// What a fence says of the client behind a relayed address of this relay; `None` if no
    /// allocation has that address.
    fn judge(
        &self,
        context: &Context,
        fence: Option<ringfence_fence::FenceId>,
        relayed: SocketAddr,
    ) -> Option<Result<Peer, Refusal>> {
        let (id, client) = self.at(&relayed)?;
        match context.judge_as(Role::Peer, fence, client) {
            Ok(pass) => {
                let through = context.policy.through(&pass, relayed);
                through.map(|pass| Ok(Peer::Inside(pass, id)))
            }
            Err(refusal) => Some(Err(refusal)),
        }
    }
}

/// Of the other family in fact, which another relayed address serves.
fn is_mapped(ip: IpAddr) -> bool {
    ip.to_canonical() != ip
}

fn limit(context: &Context) -> usize {
    context.limits.channels_per_allocation_max
}
