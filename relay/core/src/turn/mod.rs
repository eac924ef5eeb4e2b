//! The door `turn` (RFC 8656), as one shard sees it: the allocations of the clients that the kernel
//! gave to this shard, whole, with their relayed sockets.
//!
//! The order that every request goes through is: fence, credentials, nonce, integrity, the client's
//! own fence, and only then anything that keeps state. Ports and quotas are the registry's: a shard
//! asks for them (`allocate`), opens the sockets that it is granted and answers. From then on data
//! goes out (`outward`) and comes in (`inward`) on this shard alone, and from one allocation of this
//! relay to another without the kernel (`neighbours`).

mod accounts;
mod adopt;
mod allocate;
mod allocation;
mod answer;
mod by_socket;
mod foresight;
mod inward;
mod keep;
mod message;
mod neighbours;
mod nonce;
mod outward;
mod party;
mod permit;
mod refresh;
mod request;
mod rest;
mod restore;
mod settle;
mod setup;
mod source_limits;
mod timers;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use ahash::RandomState;
use ringfence_wire::channel_data::ChannelNumbers;
use ringfence_wire::datagram::{LocalSocket, Outbox};

pub use self::accounts::{Accounts, AuthFailure, StaticUser, TenantCredentials};
use self::allocation::{Allocation, AllocationKey, RelayedAddress, Stage};
use self::by_socket::BySocket;
pub use self::message::{
    AllocationDenial, AllocationId, AllocationRequest, EndCause, Family, Grant, Invitation,
    Neighbour, PortWish, Relayed, TurnCommand, TurnEffect,
};
use self::neighbours::Neighbours;
use self::nonce::Nonces;
pub(crate) use self::outward::Sender;
pub use self::party::Party;
pub(crate) use self::request::Ended;
pub use self::rest::{RestUsername, RestUsernameError, long_term_key, rest_password};
pub use self::setup::{REALM_BYTES_MAX, TurnSetup};
use self::source_limits::SourceLimits;
use self::timers::Expiries;
use crate::engine::Context;
use crate::flow::{Egress, FlowKey};
use crate::limits::Limits;
use crate::message::Effect;
use crate::place_index::{Hashing, KeyHash, PlaceIndex};
use crate::random::Csprng;
use crate::state::AllocationState;
use crate::table::Table;
use crate::time::Instant;
use crate::traffic::{Holder, Occasion};

/// All allocations on one shard.
pub(crate) struct Turn {
    setup: TurnSetup,
    nonces: Nonces,
    answer_limits: SourceLimits,
    proof_limits: SourceLimits,
    allocations: Table<Allocation>,
    by_client: PlaceIndex<FlowKey>,
    by_id: HashMap<AllocationId, AllocationKey, RandomState>,
    /// Sockets that serve one allocation alone: its relayed ones, and its client's connection.
    by_socket: BySocket,
    expiries: Expiries,
    neighbours: Neighbours,
    /// What the registry has answered and the client has not been told.
    decided: VecDeque<Decision>,
    /// Relayed sockets of allocations that have ended; closed when there is an outbox.
    closing: Vec<LocalSocket>,
    /// Connections whose allocation has ended: whoever is there has to authenticate again.
    orphans: Vec<LocalSocket>,
    begun: u64,
    asked: usize,
    /// Allocations that have changed since the registry was told, each once.
    unkept: BTreeSet<AllocationKey>,
}

enum Decision {
    Granted(Arc<Grant>),
    Denied(AllocationId, AllocationDenial),
    Restored(Arc<AllocationState>),
}

impl Turn {
    pub(crate) fn new(
        setup: TurnSetup,
        limits: &Limits,
        flows: Hashing,
        random: &mut Csprng,
    ) -> Self {
        let keys = random.table_keys();
        Self {
            nonces: Nonces::new(&setup.nonce_secret),
            setup,
            answer_limits: SourceLimits::of_answers(limits, keys.clone()),
            proof_limits: SourceLimits::of_proofs(keys.clone()),
            allocations: Table::default(),
            by_client: PlaceIndex::new(flows),
            by_id: HashMap::with_hasher(keys.clone()),
            by_socket: BySocket::default(),
            expiries: Expiries::default(),
            neighbours: Neighbours::new(keys),
            decided: VecDeque::new(),
            closing: Vec::new(),
            orphans: Vec::new(),
            begun: 0,
            asked: 0,
            unkept: BTreeSet::new(),
        }
    }

    /// The allocation of a client.
    #[inline]
    pub(crate) fn client(&self, flow: &FlowKey, hash: KeyHash) -> Option<AllocationKey> {
        self.by_client.find(hash, |key| self.is_of(key, flow))
    }

    /// The same for whoever has no hash.
    fn client_at(&self, flow: &FlowKey) -> Option<AllocationKey> {
        self.by_client.look_up(flow, |key| self.is_of(key, flow))
    }

    /// From where those come whose allocation stands. Whoever has only asked for one would be let in to
    /// ask again and again.
    pub(crate) fn clients(&self) -> impl Iterator<Item = FlowKey> {
        let all = self.allocations.iter().map(|(_, allocation)| allocation);
        all.filter(|one| one.stage == Stage::Standing).map(|one| one.flow)
    }

    /// Whose relayed socket, or client's connection, that is.
    pub(crate) fn at_socket(&self, socket: LocalSocket) -> Option<AllocationKey> {
        self.by_socket.get(socket)
    }

    /// Whether that place is the allocation of this client, now.
    #[inline]
    fn is_of(&self, key: AllocationKey, flow: &FlowKey) -> bool {
        self.allocations.get(key).is_some_and(|allocation| allocation.flow == *flow)
    }

    /// Whether a datagram with the first byte of a channel of RFC 5766 only is a client's.
    pub(crate) fn takes_old_channels(&self, first_byte: u8) -> bool {
        self.setup.channel_numbers == ChannelNumbers::Rfc5766 && first_byte < 0x80
    }

    /// Does what the registry asks. What needs a socket waits for [`Turn::send_due`].
    pub(crate) fn apply(&mut self, context: &mut Context, command: TurnCommand) {
        match command {
            TurnCommand::Granted(grant) => self.decided.push_back(Decision::Granted(grant)),
            TurnCommand::Denied(id, why) => self.decided.push_back(Decision::Denied(id, why)),
            TurnCommand::Met(neighbour) => self.neighbours.meet(&context.policy, &neighbour),
            TurnCommand::Parted(id) => {
                let carried = self.neighbours.part(id);
                context.settle(Occasion::Farewell(Holder::Allocation(id)), carried);
            }
            TurnCommand::Accounts(accounts) => self.replace_accounts(context, accounts),
            TurnCommand::Invited(invitation) => {
                self.neighbours.invite(&context.policy, &invitation);
            }
            TurnCommand::Unencrypted(id) => self.require_encryption(context, id),
            TurnCommand::Keep => self.keep(context),
            TurnCommand::Restored(state) => self.decided.push_back(Decision::Restored(state)),
            TurnCommand::Begun(begun) => self.begun = self.begun.max(begun),
        }
    }

    /// An allocation ends whose key none of its user's passwords makes any more.
    fn replace_accounts(&mut self, context: &mut Context, accounts: Arc<Accounts>) {
        let realm = &self.setup.realm;
        let removed =
            self.allocations.iter().filter(|(_, one)| !accounts.has(realm, &one.identity));
        let removed: Vec<AllocationKey> = removed.map(|(key, _)| key).collect();
        self.setup.accounts = accounts;
        for key in removed {
            self.end(context, key, EndCause::CredentialsRemoved);
        }
    }

    /// Answers what had to wait for the registry, and closes what has ended.
    pub(crate) fn send_due<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        egress: &mut Egress<'_, O>,
    ) {
        self.close_ended(egress);
        while let Some(decision) = self.decided.pop_front() {
            match decision {
                Decision::Granted(grant) => self.stand(context, &grant, egress),
                Decision::Denied(id, why) => self.turn_away(context, id, why, egress),
                Decision::Restored(state) => self.restore(context, now, &state, egress),
            }
        }
        self.nonces.rotate(now);
    }

    /// Ends what is overdue.
    pub(crate) fn expire<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        egress: &mut Egress<'_, O>,
    ) {
        while let Some(key) = self.expiries.take_due(now) {
            self.end(context, key, EndCause::Expired);
        }
        self.close_ended(egress);
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let ended = !self.closing.is_empty() || !self.orphans.is_empty();
        let due_now = (ended || !self.decided.is_empty()).then_some(Instant::START);
        [due_now, self.expiries.next()].into_iter().flatten().min()
    }

    /// Deadlines that are watched.
    pub(crate) fn timers(&self) -> usize {
        self.expiries.len()
    }

    /// A client's connection is gone, and its allocation with it.
    pub(crate) fn disconnected(&mut self, context: &mut Context, stream: LocalSocket) {
        if let Some(key) = self.by_socket.get(stream) {
            self.end(context, key, EndCause::Disconnected);
        }
        self.orphans.retain(|orphan| *orphan != stream);
    }

    /// What is held for allocations on this shard: all zero when there are none.
    pub(crate) fn held(&self) -> TurnHoldings {
        let permissions = self.allocations.iter().map(|(_, one)| one.permissions_held()).sum();
        let channels = self.allocations.iter().map(|(_, one)| one.channels.len()).sum();
        TurnHoldings {
            allocations: self.allocations.len(),
            sockets: self.by_socket.len() + self.closing.len(),
            permissions,
            channels,
            timers: self.expiries.len(),
            neighbours: self.neighbours.len(),
            guests: self.neighbours.guests(),
            asked: self.asked + self.decided.len(),
        }
    }

    /// Forgets an allocation and reports it. Its sockets are closed as soon as there is an outbox.
    fn end(&mut self, context: &mut Context, key: AllocationKey, cause: EndCause) {
        let Some(mut gone) = self.allocations.remove(key) else {
            return;
        };
        self.by_client.remove(&gone.flow, key);
        self.by_socket.remove(gone.flow.local);
        self.by_id.remove(&gone.id);
        self.unkept.remove(&key);
        self.expiries.clear(gone.expires, key);
        // At once: the number of its client's connection may soon be a stranger's.
        let carried = gone.settle().into_iter().chain(self.neighbours.part(gone.id));
        context.settle(Occasion::Change, carried);
        match gone.stage {
            Stage::Asked => self.asked -= 1,
            Stage::Standing => {
                context.counters.allocations -= 1;
                self.release(&gone.relayed, gone.flow.local);
            }
            // It was released and reported when it was cut.
            Stage::Cut(_) => return,
        }
        report_end(context, gone.id, cause);
    }

    fn release(&mut self, relayed: &[RelayedAddress], client: LocalSocket) {
        for one in relayed {
            self.by_socket.remove(one.socket);
            self.closing.push(one.socket);
        }
        if let LocalSocket::Stream(_) = client {
            self.orphans.push(client);
        }
    }

    fn close_ended<'rx, O: Outbox<'rx>>(&mut self, egress: &mut Egress<'_, O>) {
        let mut sockets = egress.sockets();
        self.closing.drain(..).for_each(|socket| sockets.close(socket));
        self.orphans.drain(..).for_each(|stream| sockets.authenticated(stream, false));
    }
}

/// What a shard holds for its TURN clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TurnHoldings {
    /// Allocations, those that wait for the registry included.
    pub allocations: usize,
    /// Relayed sockets, those about to be closed included.
    pub sockets: usize,
    /// Permissions.
    pub permissions: usize,
    /// Channels.
    pub channels: usize,
    /// Deadlines.
    pub timers: usize,
    /// Allocations of all shards that others here could talk to.
    pub neighbours: usize,
    /// Whom those let send to them.
    pub guests: usize,
    /// Requests at the registry.
    pub asked: usize,
}

/// One for each allocation that the registry was asked for, so its mailbox bounds them.
fn report_end(context: &mut Context, id: AllocationId, cause: EndCause) {
    context.effects.push_always(Effect::Turn(TurnEffect::Ended { id, cause }));
}
