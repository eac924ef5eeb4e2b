//! Path checks: the relay's own Binding requests, whose answer proves that an address receives
//! (the triggered check of RFC 8445 section 7.3.1.4, which RFC 7675 builds consent on).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use ahash::RandomState;
use ringfence_fence::Pass;
use ringfence_wire::stun::TransactionId;
use slab::Slab;

use super::Rooms;
use super::member::{Member, MemberKey};
use crate::flow::FlowKey;
use crate::limits::{
    PATH_CHECK_INTERVAL, PATH_CHECK_LIFETIME, PATH_CHECKS_MAX, PATH_CHECKS_PER_PARTICIPANT_MAX,
};
use crate::table::Table;
use crate::time::Instant;

/// Place of a check in the shard's table.
pub(crate) type CheckKey = usize;

/// All checks in flight on one shard. An address and port always hash to one shard, so what is
/// counted here for them is counted for the whole relay; the ports of one host spread over all
/// shards, so `Limits::other_port_interval` grows with their number.
pub(crate) struct PathChecks {
    checks: Slab<PathCheck>,
    by_transaction: HashMap<TransactionId, CheckKey, RandomState>,
    /// By asker too: whoever forges someone's source must not be able to stand in that one's way.
    by_flow: HashMap<(FlowKey, MemberKey), CheckKey, RandomState>,
    /// All lives are equally long, so the oldest ends first. Settled ones are skipped when found.
    deadlines: VecDeque<(Instant, TransactionId)>,
}

/// One address on its way to being latched.
#[derive(Clone, Copy)]
pub(crate) struct PathCheck {
    pub(crate) member: MemberKey,
    pub(crate) flow: FlowKey,
    /// What the fence said when the check was made; it is asked again when the answer comes.
    pub(crate) pass: Pass,
    /// Ours.
    pub(crate) transaction: TransactionId,
    /// Theirs, answered when the route stands.
    asked: TransactionId,
    sent: Instant,
    proven: bool,
}

impl PathChecks {
    pub(crate) fn new(keys: RandomState) -> Self {
        Self {
            checks: Slab::new(),
            by_transaction: HashMap::with_hasher(keys.clone()),
            by_flow: HashMap::with_hasher(keys),
            deadlines: VecDeque::new(),
        }
    }

    /// A participant asked from an address that is not its own yet. Returns the check to send, if
    /// one may be sent now.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        (key, member): (MemberKey, &mut Member),
        (flow, pass): (FlowKey, Pass),
        (asked, fresh): (TransactionId, TransactionId),
        other_port_interval: Duration,
    ) -> Option<PathCheck> {
        let rested = !self.just_asked(now, member, &flow, other_port_interval);
        if let Some(&check) = self.by_flow.get(&(flow, key)) {
            return self.ask_again(now, check, asked, rested);
        }
        let sent = now;
        let transaction = fresh;
        let check = PathCheck { member: key, flow, pass, transaction, asked, sent, proven: false };
        (rested && self.make_room(now, member)).then(|| self.begin(member, check))
    }

    /// Their retransmission: ours goes out again, but never twice in a second to one address.
    fn ask_again(
        &mut self,
        now: Instant,
        check: CheckKey,
        asked: TransactionId,
        rested: bool,
    ) -> Option<PathCheck> {
        let check = &mut self.checks[check];
        check.asked = asked;
        if !rested || check.proven || now.since(check.sent) < PATH_CHECK_INTERVAL {
            return None;
        }
        check.sent = now;
        Some(*check)
    }

    /// Whether another port of the same host was asked on this participant's behalf: a forger may
    /// vary the port, and the victim is the same.
    fn just_asked(
        &self,
        now: Instant,
        member: &Member,
        flow: &FlowKey,
        interval: Duration,
    ) -> bool {
        member.checks().iter().map(|&check| &self.checks[check]).any(|check| {
            let same_host = check.flow.remote.ip() == flow.remote.ip();
            same_host && check.flow != *flow && now.since(check.sent) < interval
        })
    }

    /// Makes room for one more check. The oldest goes that had its second and was not answered:
    /// replays from elsewhere must not keep a participant from moving.
    fn make_room(&mut self, now: Instant, member: &mut Member) -> bool {
        if member.checks().len() >= PATH_CHECKS_PER_PARTICIPANT_MAX {
            let unanswered = member.checks().iter().copied().filter(|&check| {
                let check = &self.checks[check];
                !check.proven && now.since(check.sent) >= PATH_CHECK_INTERVAL
            });
            let Some(oldest) = unanswered.min_by_key(|&check| self.checks[check].sent) else {
                return false;
            };
            self.remove(oldest, member);
        }
        self.checks.len() < PATH_CHECKS_MAX
    }

    fn begin(&mut self, member: &mut Member, check: PathCheck) -> PathCheck {
        let key = self.checks.insert(check);
        self.by_transaction.insert(check.transaction, key);
        self.by_flow.insert((check.flow, check.member), key);
        self.deadlines.push_back((check.sent + PATH_CHECK_LIFETIME, check.transaction));
        member.checks_mut().push(key);
        check
    }

    /// The check that an answer from this flow belongs to.
    pub(crate) fn answered(&self, transaction: TransactionId, flow: &FlowKey) -> Option<PathCheck> {
        let check = self.checks.get(*self.by_transaction.get(&transaction)?)?;
        (check.flow == *flow && !check.proven).then_some(*check)
    }

    /// From now on the check waits for the registry.
    pub(crate) fn prove(&mut self, transaction: TransactionId) {
        if let Some(&key) = self.by_transaction.get(&transaction) {
            self.checks[key].proven = true;
        }
    }

    /// The flow is routed: ends its check and returns what they asked, to be answered.
    pub(crate) fn settle(
        &mut self,
        flow: FlowKey,
        (key, member): (MemberKey, &mut Member),
    ) -> Option<TransactionId> {
        let check = *self.by_flow.get(&(flow, key))?;
        self.checks[check].proven.then(|| self.remove(check, member).asked)
    }

    pub(crate) fn forget_member(&mut self, member: &mut Member) {
        while let Some(&key) = member.checks().first() {
            self.remove(key, member);
        }
    }

    pub(crate) fn clear(&mut self, members: &mut Table<Member>) {
        for (_, check) in &self.checks {
            members[check.member].forget_checks();
        }
        *self = Self::new(self.by_flow.hasher().clone());
    }

    /// Settled ones are among them until their time has come.
    pub(crate) fn deadlines(&self) -> usize {
        self.deadlines.len()
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.front().map(|(deadline, _)| *deadline)
    }

    fn remove(&mut self, key: CheckKey, member: &mut Member) -> PathCheck {
        let check = self.checks.remove(key);
        self.by_transaction.remove(&check.transaction);
        self.by_flow.remove(&(check.flow, check.member));
        member.forget_check(key);
        check
    }
}

impl Rooms {
    pub(crate) fn forget_checks(&mut self, now: Instant) {
        let checks = &mut self.checks;
        while let Some((_, transaction)) = checks.deadlines.pop_front_if(|entry| entry.0 <= now) {
            if let Some(&key) = checks.by_transaction.get(&transaction) {
                let member = checks.checks[key].member;
                checks.remove(key, &mut self.members[member]);
            }
        }
    }
}
