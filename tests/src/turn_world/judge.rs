//! Looks at every datagram that leaves and asks a fence that shares no code with the relay's.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use ringfence_core::{AllocationId, AllocationRequest, Grant};
use ringfence_fence::{Epoch, PolicyDraft, Role};
use ringfence_wire::datagram::LocalSocket;

use super::codec::{Carried, DATA, SEND_INDICATION};
use super::sockets::Sent;
use crate::fence_oracle::Oracle;
use crate::sim::stun::{Heard, SUCCESS, Transaction};

/// Longest answer to someone who has proved nothing.
const UNPROVEN_BYTES_MAX: usize = 72;

/// What may leave, and for whom.
#[derive(Default)]
pub struct Judge {
    pages: Vec<Page>,
    clients: HashMap<(SocketAddr, LocalSocket), AllocationId>,
    allocations: HashMap<AllocationId, Allocated>,
    owners: HashMap<SocketAddr, AllocationId>,
    /// Bytes of each request that may still be answered.
    requests: HashMap<Transaction, usize>,
    /// Who sent the payloads that are being relayed right now.
    origins: HashMap<Vec<u8>, Origin>,
    /// Datagrams that passed.
    pub seen: u64,
}

/// A policy, and who of its fences could admit a client.
struct Page {
    oracle: Oracle,
    greeting: Vec<String>,
    own: Vec<IpAddr>,
    known: RefCell<HashMap<(Role, String, SocketAddr), bool>>,
}

#[derive(Clone)]
struct Allocated {
    fence: String,
    client: SocketAddr,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Origin {
    Client(AllocationId),
    Peer(SocketAddr),
}

impl Judge {
    /// Takes down a policy; the first has epoch 0.
    pub fn add(&mut self, draft: &PolicyDraft) -> Epoch {
        let greeting = draft.tenants.iter().flat_map(|tenant| &tenant.fences);
        let own = draft.own_addresses.iter().map(|own| own.value);
        self.pages.push(Page {
            oracle: Oracle::new(draft),
            greeting: greeting.map(|fence| fence.value.clone()).collect(),
            own: own.chain(draft.host_addresses.iter().copied()).collect(),
            known: RefCell::default(),
        });
        Epoch(u32::try_from(self.pages.len() - 1).expect("few policies"))
    }

    /// A shard asked for ports on behalf of a client.
    pub fn asked(&mut self, request: &AllocationRequest) {
        let allocated = Allocated { fence: request.fence.to_string(), client: request.client };
        self.allocations.insert(request.id, allocated);
        self.clients.insert((request.client, request.local), request.id);
    }

    /// The registry gave them.
    pub fn granted(&mut self, grant: &Grant) {
        self.owners.extend(grant.relayed.iter().map(|relayed| (*relayed, grant.id)));
    }

    /// A datagram reaches one of our sockets.
    pub fn arrives(&mut self, from: SocketAddr, local: LocalSocket, bytes: &[u8]) {
        if let LocalSocket::Relayed(_) = local {
            let origin = self.origins.get(bytes).copied().unwrap_or(Origin::Peer(from));
            self.origins.insert(bytes.to_vec(), origin);
            return;
        }
        let heard = Heard::read(bytes);
        if let Some(heard) = &heard {
            self.requests.insert(heard.transaction, bytes.len());
        }
        let data = heard.filter(|heard| heard.message_type == SEND_INDICATION);
        let data = data.and_then(|heard| heard.value(DATA).map(<[u8]>::to_vec));
        let payload = Carried::read(bytes).map(|carried| carried.payload().to_vec()).or(data);
        if let (Some(payload), Some(&id)) = (payload, self.clients.get(&(from, local))) {
            self.origins.insert(payload, Origin::Client(id));
        }
    }

    /// Nothing is being relayed any more.
    pub fn rest(&mut self) {
        self.origins.clear();
    }

    /// Panics if this must not leave under the policy of that epoch.
    ///
    /// # Panics
    /// That is what it is for.
    pub fn passes(&mut self, sent: &Sent, epoch: Epoch) {
        self.seen += 1;
        let page = &self.pages[epoch.0 as usize];
        assert_ne!(sent.to.port(), 0, "port 0 names nobody: {sent:?}");
        match (sent.relayed, Carried::read(&sent.bytes)) {
            (Some(relayed), _) => self.to_peer(page, sent, relayed),
            (None, Some(carried)) => self.to_client(page, sent, &carried),
            (None, None) => self.answer(page, sent),
        }
    }

    fn to_peer(&self, page: &Page, sent: &Sent, relayed: SocketAddr) {
        let id = self.owners[&relayed];
        let origin = self.origins.get(&sent.bytes).copied();
        assert_eq!(origin, Some(Origin::Client(id)), "not its client's: {sent:?}");
        let owner = &self.allocations[&id];
        match page.own.contains(&sent.to.ip()) {
            true => self.joined(page, id, self.owners[&sent.to]),
            false => page.must_admit(Role::Peer, &owner.fence, sent.to),
        }
    }

    fn to_client(&self, page: &Page, sent: &Sent, carried: &Carried) {
        let id = self.clients[&(sent.to, sent.from)];
        let allocated = &self.allocations[&id];
        page.must_admit(Role::Client, &allocated.fence, sent.to);
        match self.origins.get(carried.payload()).copied() {
            Some(Origin::Peer(peer)) => page.must_admit(Role::Peer, &allocated.fence, peer),
            Some(Origin::Client(other)) => self.joined(page, other, id),
            None => panic!("nobody sent what {sent:?} carries"),
        }
    }

    /// Each admits the other's client as a peer.
    fn joined(&self, page: &Page, one: AllocationId, other: AllocationId) {
        let (one, other) = (&self.allocations[&one], &self.allocations[&other]);
        page.must_admit(Role::Peer, &one.fence, other.client);
        page.must_admit(Role::Peer, &other.fence, one.client);
    }

    fn answer(&self, page: &Page, sent: &Sent) {
        let heard = Heard::read(&sent.bytes).expect("an answer is STUN");
        assert_eq!(heard.message_type & 0x0100, 0x0100, "a relay asks nothing: {sent:?}");
        let admits = |fence: &String| page.admits(Role::Client, fence, sent.to);
        assert!(page.greeting.iter().any(admits), "no fence admits {}", sent.to);
        let asked = self.requests.get(&heard.transaction);
        let asked = *asked.unwrap_or_else(|| panic!("nobody asked for {sent:?}"));
        if !heard.is_signed() {
            let code = heard.value(super::codec::ERROR_CODE).map(|value| value[2..4].to_vec());
            let short = sent.bytes.len() <= UNPROVEN_BYTES_MAX;
            let invites =
                heard.message_type == SUCCESS || code.is_some_and(|c| c == [4, 1] || c == [4, 38]);
            assert!(short && (invites || sent.bytes.len() <= asked), "too long: {sent:?}");
        }
    }
}

impl Page {
    fn must_admit(&self, role: Role, fence: &str, address: SocketAddr) {
        assert!(self.admits(role, fence, address), "{fence} does not admit {address} as {role:?}");
    }

    fn admits(&self, role: Role, fence: &str, address: SocketAddr) -> bool {
        let mut known = self.known.borrow_mut();
        let key = (role, fence.to_owned(), address);
        *known.entry(key).or_insert_with(|| self.oracle.admits(role, fence, address))
    }
}
