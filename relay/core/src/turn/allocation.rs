//! One allocation: a client's 5-tuple, its relayed addresses, and whom it lets send.

use std::net::{IpAddr, SocketAddr};

use arrayvec::ArrayVec;
use ringfence_fence::{FenceId, Pass, Refusal};
use ringfence_wire::channel_data::ChannelNumber;
use ringfence_wire::datagram::{Fragmentation, LocalSocket};
use ringfence_wire::stun::TransactionId;

use super::accounts::Identity;
use super::message::{AllocationId, Family};
use crate::flow::FlowKey;
use crate::scrutiny::Watch;
use crate::sorted_map::SortedMap;
use crate::time::Instant;
use crate::traffic::Traffic;

/// Place of an allocation in the shard's table.
pub(crate) type AllocationKey = u32;

/// What each packet needs comes first.
#[repr(C)]
pub(crate) struct Allocation {
    pub(crate) flow: FlowKey,
    pub(crate) channels: SortedMap<ChannelNumber, Channel>,
    pub(crate) permissions: SortedMap<IpAddr, Permission>,
    pub(crate) numbers: SortedMap<SocketAddr, ChannelNumber>,
    pub(crate) relayed: ArrayVec<RelayedAddress, 2>,
    pub(crate) id: AllocationId,
    /// What was carried for it here and has not been told.
    pub(crate) traffic: Traffic,
    /// What the client sends, as far as it is sampled.
    pub(crate) outward: Watch,
    /// What its peers send.
    pub(crate) inward: Watch,
    /// The client under the policy in force.
    pub(crate) pass: Pass,
    /// `None` once a new policy no longer has the fence.
    pub(crate) fence: Option<FenceId>,
    /// Other allocations of this relay that may send, by relayed address.
    pub(crate) invited: SortedMap<SocketAddr, Invited>,
    pub(crate) identity: Identity,
    /// The Allocate that made it: the same one again gets the same answer.
    pub(crate) asked: TransactionId,
    pub(crate) stage: Stage,
    pub(crate) expires: Instant,
    /// What the answer to Allocate said, in seconds.
    pub(crate) lifetime_s: u32,
    pub(crate) token: Option<u64>,
    pub(crate) missing: Option<Family>,
    pub(crate) refusal_reported: Option<Instant>,
}

/// What is known of an allocation before it has ports.
pub(crate) struct Asked {
    pub(crate) id: AllocationId,
    pub(crate) flow: FlowKey,
    /// By which fence the client was let in.
    pub(crate) judged: (FenceId, Pass),
    pub(crate) identity: Identity,
    pub(crate) asked: TransactionId,
    pub(crate) expires: Instant,
    pub(crate) lifetime_s: u32,
}

impl Allocation {
    /// It has asked for ports.
    pub(crate) fn of(asked: Asked) -> Self {
        let (fence, pass) = asked.judged;
        Self {
            id: asked.id,
            flow: asked.flow,
            pass,
            fence: Some(fence),
            identity: asked.identity,
            asked: asked.asked,
            stage: Stage::Asked,
            expires: asked.expires,
            lifetime_s: asked.lifetime_s,
            token: None,
            missing: None,
            relayed: ArrayVec::new(),
            permissions: SortedMap::default(),
            invited: SortedMap::default(),
            channels: SortedMap::default(),
            numbers: SortedMap::default(),
            traffic: Traffic::default(),
            refusal_reported: None,
            outward: Watch::default(),
            inward: Watch::default(),
        }
    }
}

/// How far an allocation has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// The registry has been asked for ports.
    Asked,
    /// It relays.
    Standing,
    /// A new policy refuses the client, or its fence wants encryption and there was none; kept until
    /// it is told so.
    Cut(Refusal),
}

/// A relayed transport address.
#[derive(Clone, Copy)]
pub(crate) struct RelayedAddress {
    pub(crate) address: SocketAddr,
    pub(crate) socket: LocalSocket,
    pub(crate) fragmentation: Fragmentation,
}

/// A peer's address may send (RFC 8656 section 9): by IP address alone.
#[derive(Clone, Copy)]
pub(crate) struct Permission {
    pub(crate) pass: Pass,
    pub(crate) expires: Instant,
}

/// Another allocation of this relay may send: that one, not whoever has its relayed address later.
#[derive(Clone, Copy)]
pub(crate) struct Invited {
    pub(crate) pass: Pass,
    pub(crate) guest: AllocationId,
    pub(crate) expires: Instant,
}

/// A channel (RFC 8656 section 12).
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) peer: Peer,
    pub(crate) expires: Instant,
}

/// Whom a client sends to.
#[derive(Clone, Copy)]
pub(crate) enum Peer {
    /// Someone out there.
    Outside(Pass),
    /// Another allocation of this relay, by its relayed address; its client was judged.
    Inside(Pass, AllocationId),
}

impl Peer {
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Outside(pass) | Self::Inside(pass, _) => pass.addr(),
        }
    }
}

impl Allocation {
    /// The relayed address that reaches peers of this family.
    pub(crate) fn relayed_for(&self, peer: IpAddr) -> Option<&RelayedAddress> {
        self.relayed.iter().find(|relayed| relayed.address.is_ipv4() == peer.is_ipv4())
    }

    pub(crate) fn relayed_for_mut(&mut self, peer: IpAddr) -> Option<&mut RelayedAddress> {
        self.relayed.iter_mut().find(|relayed| relayed.address.is_ipv4() == peer.is_ipv4())
    }

    /// The pass of a peer that may send now.
    pub(crate) fn permission(&self, now: Instant, peer: IpAddr) -> Option<&Pass> {
        let permission = self.permissions.get(&peer)?;
        (permission.expires > now).then_some(&permission.pass)
    }

    /// Another allocation of this relay that may send now.
    pub(crate) fn invited(&self, now: Instant, relayed: &SocketAddr) -> Option<&Invited> {
        self.invited.get(relayed).filter(|invited| invited.expires > now)
    }

    /// The channel that a peer is bound to now.
    pub(crate) fn number(&self, now: Instant, peer: &SocketAddr) -> Option<ChannelNumber> {
        self.lease(now, peer).map(|(number, _)| number)
    }

    /// The channel that a peer is bound to now, and until when.
    pub(crate) fn lease(
        &self,
        now: Instant,
        peer: &SocketAddr,
    ) -> Option<(ChannelNumber, Instant)> {
        let number = *self.numbers.get(peer)?;
        let channel = self.channels.get(&number).filter(|channel| channel.expires > now)?;
        Some((number, channel.expires))
    }

    /// Forgets what has expired, so that only what lives counts against a limit.
    pub(crate) fn sweep(&mut self, now: Instant) {
        self.permissions.retain(|_, permission| permission.expires > now);
        self.invited.retain(|_, permission| permission.expires > now);
        let Self { channels, numbers, .. } = self;
        channels.retain(|_, channel| channel.expires > now);
        numbers.retain(|_, number| channels.contains_key(number));
    }

    pub(crate) fn permissions_held(&self) -> usize {
        self.permissions.len() + self.invited.len()
    }
}
