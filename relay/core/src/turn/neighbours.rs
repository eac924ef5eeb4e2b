//! The other allocations of this relay, on whichever shard: what one of them sends to another goes
//! straight to the other's client.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

use ahash::RandomState;
use ringfence_fence::{FenceId, Pass, Policy, Role};
use ringfence_wire::channel_data::ChannelNumber;
use ringfence_wire::datagram::LocalSocket;

use super::message::{AllocationId, Invitation, Neighbour, Relayed};
use crate::engine::Context;
use crate::limits::PERMISSION_LIFETIME;
use crate::time::Instant;
use crate::traffic::{Carried, Holder, Traffic};

/// What this shard knows of all allocations, its own included.
pub(crate) struct Neighbours {
    known: BTreeMap<AllocationId, Known>,
    by_relayed: HashMap<SocketAddr, AllocationId, RandomState>,
    keys: RandomState,
}

struct Known {
    relayed: Relayed,
    client: SocketAddr,
    local: LocalSocket,
    tenant: Arc<str>,
    fence: Arc<str>,
    group: Option<Arc<str>>,
    /// The client under its own fence; `None` if this shard's policy refuses it.
    pass: Option<Pass>,
    /// What went from here straight to its client and has not been told.
    traffic: Traffic,
    /// Whom it lets send, by relayed address.
    lets: HashMap<SocketAddr, Lets, RandomState>,
}

struct Lets {
    guest: AllocationId,
    channel: Option<(ChannelNumber, Instant)>,
    expires: Instant,
    /// Whether its fence admits the other's client as a peer.
    admitted: bool,
}

/// How one allocation reaches the client of another.
pub(crate) enum Way<'a> {
    /// From one of our listening sockets, which every shard has, or a connection of this shard.
    Direct {
        pass: Pass,
        local: LocalSocket,
        channel: Option<ChannelNumber>,
        /// The other's.
        traffic: &'a mut Traffic,
    },
    /// Through the other's relayed socket: its client's connection belongs to another shard.
    Relayed,
}

impl Neighbours {
    pub(crate) fn new(keys: RandomState) -> Self {
        let by_relayed = HashMap::with_hasher(keys.clone());
        Self { known: BTreeMap::new(), by_relayed, keys }
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn guests(&self) -> usize {
        self.known.values().map(|known| known.lets.len()).sum()
    }

    pub(crate) fn meet(&mut self, policy: &Policy, neighbour: &Neighbour) {
        for relayed in &neighbour.relayed {
            self.by_relayed.insert(*relayed, neighbour.id);
        }
        let mut known = Known {
            relayed: neighbour.relayed.clone(),
            client: neighbour.client,
            local: neighbour.local,
            tenant: Arc::clone(&neighbour.tenant),
            fence: Arc::clone(&neighbour.fence),
            group: neighbour.group.clone(),
            pass: None,
            traffic: Traffic::default(),
            lets: HashMap::with_hasher(self.keys.clone()),
        };
        known.judge_client(policy);
        self.known.insert(neighbour.id, known);
    }

    /// Forgets an allocation; the last of what went to its client is the caller's, to tell.
    pub(crate) fn part(&mut self, id: AllocationId) -> Option<Carried> {
        let mut known = self.known.remove(&id)?;
        for relayed in &known.relayed {
            if self.by_relayed.get(relayed) == Some(&id) {
                self.by_relayed.remove(relayed);
            }
        }
        known.settle(id)
    }

    pub(crate) fn settle(&mut self, carried: &mut Vec<Carried>) {
        carried.extend(self.known.iter_mut().filter_map(|(&id, known)| known.settle(id)));
    }

    pub(crate) fn invite(&mut self, policy: &Policy, invitation: &Invitation) {
        let Invitation { id, guest, peer, channel, expires } = *invitation;
        let Some(client) = self.client_of(&peer, guest) else {
            return;
        };
        if let Some(known) = self.known.get_mut(&id) {
            let admitted = known.admits(policy, client);
            known.lets.retain(|relayed, lets| {
                let expired = lets.expires + PERMISSION_LIFETIME <= expires;
                !expired && self.by_relayed.get(relayed) == Some(&lets.guest)
            });
            known.lets.insert(peer, Lets { guest, channel, expires, admitted });
        }
    }

    /// Who has a relayed address, and its client.
    pub(crate) fn at(&self, relayed: &SocketAddr) -> Option<(AllocationId, SocketAddr)> {
        let id = *self.by_relayed.get(relayed)?;
        Some((id, self.known.get(&id)?.client))
    }

    /// The client behind a relayed address, as long as that allocation has it.
    pub(crate) fn client_of(&self, relayed: &SocketAddr, id: AllocationId) -> Option<SocketAddr> {
        self.at(relayed).filter(|(owner, _)| *owner == id).map(|(_, client)| client)
    }

    /// The proof that the fence lets the client behind a relayed address be a peer there, as long as that
    /// allocation has it.
    pub(crate) fn admit(
        &self,
        context: &Context,
        fence: Option<FenceId>,
        (relayed, id): (SocketAddr, AllocationId),
    ) -> Option<Pass> {
        let client = self.client_of(&relayed, id)?;
        let pass = context.judge_as(Role::Peer, fence, client).ok()?;
        context.policy.through(&pass, relayed)
    }

    /// How the allocation `guest` of this shard, at its relayed address `from`, reaches the client of
    /// `host`, if that one lets it now.
    pub(crate) fn way(
        &mut self,
        now: Instant,
        (guest, from): (AllocationId, &SocketAddr),
        host: AllocationId,
    ) -> Option<Way<'_>> {
        let known = self.known.get_mut(&host)?;
        let lets = known.lets.get(from).filter(|lets| lets.guest == guest && lets.admitted)?;
        if lets.expires <= now {
            return None;
        }
        let pass = known.pass?;
        let elsewhere = matches!(known.local, LocalSocket::Stream(_)) && host.shard != guest.shard;
        let channel = lets.channel.filter(|(_, until)| *until > now).map(|(number, _)| number);
        Some(match elsewhere {
            true => Way::Relayed,
            false => {
                let (local, traffic) = (known.local, &mut known.traffic);
                Way::Direct { pass, local, channel, traffic }
            }
        })
    }

    /// Judges everyone again under a new policy.
    pub(crate) fn adopt(&mut self, policy: &Policy) {
        let clients: HashMap<AllocationId, SocketAddr, RandomState> = {
            let mut clients = HashMap::with_hasher(self.keys.clone());
            clients.extend(self.known.iter().map(|(id, known)| (*id, known.client)));
            clients
        };
        for known in self.known.values_mut() {
            known.judge_client(policy);
            let mut lets =
                std::mem::replace(&mut known.lets, HashMap::with_hasher(self.keys.clone()));
            lets.retain(|_, lets| {
                let client = clients.get(&lets.guest);
                lets.admitted = client.is_some_and(|&client| known.admits(policy, client));
                lets.admitted
            });
            known.lets = lets;
        }
    }
}

impl Known {
    /// What went to its client went there by its pass.
    fn settle(&mut self, id: AllocationId) -> Option<Carried> {
        Carried::take(Holder::Allocation(id), self.pass?.region(), &mut self.traffic)
    }

    fn judge_client(&mut self, policy: &Policy) {
        self.pass = self.judge(policy, Role::Client, self.client);
    }

    fn admits(&self, policy: &Policy, client: SocketAddr) -> bool {
        self.judge(policy, Role::Peer, client).is_some()
    }

    fn judge(&self, policy: &Policy, role: Role, address: SocketAddr) -> Option<Pass> {
        let (fence, group) = (Some(&*self.fence), self.group.as_deref());
        let fence = policy.fence_of(&self.tenant, fence, group).ok()?;
        policy.decide(fence, role, address, policy.own_site()).ok()
    }
}
