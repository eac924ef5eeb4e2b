//! Why: each question that the decision asks, in its order, with what it looked at.

use std::net::{IpAddr, SocketAddr};

use crate::fence::FenceList;
use crate::{
    Canonical, Origin, Policy, Prefix, Refusal, RegionId, Role, Rule, Scope, SiteId, canonical,
};

/// A question, and how it was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// What was asked.
    pub question: Question,
    /// `Ok`: on to the next question.
    pub verdict: Result<(), Refusal>,
}

/// What the decision asks, in its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// Is the fence one of this policy?
    Fence,
    /// Is the site one of this policy?
    Site,
    /// Is this relay where it says it is? Asked of its own site only.
    OwnStanding,
    /// Is the site's region in `transit`?
    Transit {
        /// The region.
        region: RegionId,
        /// Where the list, or what narrows it, was written.
        list: Origin,
    },
    /// May sites in this region carry the room? Asked where the room leaves something out.
    RoomTransit {
        /// The region.
        region: RegionId,
    },
    /// Does the port name an endpoint?
    Port {
        /// The port.
        port: u16,
    },
    /// Is the form of the address one that is not always refused?
    Form {
        /// What it is in canonical form; `None` if it has none.
        canonical: Option<Canonical>,
    },
    /// Is it another's than this host's? Asked of peers only.
    NotOwn,
    /// In which region is it?
    Region {
        /// The address, or the IPv4 address in it.
        address: IpAddr,
        /// The longest prefix that holds it, if a region has it.
        prefix: Option<Prefix>,
    },
    /// Is the region in the list of the role?
    List {
        /// The region.
        region: RegionId,
        /// Where the list was written.
        list: Origin,
    },
    /// Does the room let the region in? Asked where the room leaves something out.
    RoomRegion {
        /// The region.
        region: RegionId,
    },
}

impl Policy {
    /// What [`Policy::decide`] asks about the same, up to the question that it refuses at, if it does.
    pub fn trace<'a>(
        &self,
        scope: impl Into<Scope<'a>>,
        role: Role,
        addr: SocketAddr,
        site: SiteId,
    ) -> Vec<Step> {
        let mut trace = Trace { policy: self, scope: scope.into(), role, steps: Vec::new() };
        // `None` is a refusal, which is the last step then.
        let _ = trace.site(site).and_then(|()| trace.address(addr));
        trace.steps
    }
}

struct Trace<'a> {
    policy: &'a Policy,
    scope: Scope<'a>,
    role: Role,
    steps: Vec<Step>,
}

impl Trace<'_> {
    fn site(&mut self, id: SiteId) -> Option<()> {
        let policy = self.policy;
        let fence = self.ask(Question::Fence, policy.fence(self.scope.fence))?;
        let site = self.ask(Question::Site, policy.site(id))?;
        if id == policy.own_site {
            self.ask(Question::OwnStanding, policy.own_standing)?;
        }
        let region = site.region;
        let question = Question::Transit { region, list: fence.transit.origin };
        self.ask(question, policy.admit(&fence.transit, Rule::SiteNotInTransit, region))?;
        self.ask_room(Question::RoomTransit { region }, policy.room_carries(self.scope, region))
    }

    fn address(&mut self, addr: SocketAddr) -> Option<()> {
        let (policy, port) = (self.policy, addr.port());
        let has_port = if port == 0 { Err(policy.refusal(Rule::PortZero)) } else { Ok(()) };
        self.ask(Question::Port { port }, has_port)?;
        let form = canonical(addr.ip(), &policy.nat64).map_err(|rule| policy.refusal(rule));
        let canonical = self.ask(Question::Form { canonical: form.ok() }, form)?;
        if self.role == Role::Peer {
            let own = policy.is_own(&canonical).then(|| policy.refusal(Rule::OwnAddress));
            self.ask(Question::NotOwn, own.map_or(Ok(()), Err))?;
        }
        let (list, rule) = policy.fence(self.scope.fence).ok()?.list(self.role);
        let embedded = canonical.embedded().map(IpAddr::V4);
        for address in [Some(canonical.addr()), embedded].into_iter().flatten() {
            self.region(address, list, rule)?;
        }
        Some(())
    }

    fn region(&mut self, address: IpAddr, list: &FenceList, rule: Rule) -> Option<()> {
        let policy = self.policy;
        let region = policy.region_map.locate(address).map_err(|rule| policy.refusal(rule));
        let question = Question::Region { address, prefix: policy.prefix(address) };
        let region = self.ask(question, region)?;
        let question = Question::List { region, list: list.origin };
        self.ask(question, policy.admit(list, rule, region))?;
        let room_admits = policy.room_admits(self.scope, self.role, region);
        self.ask_room(Question::RoomRegion { region }, room_admits)
    }

    fn ask<T>(&mut self, question: Question, answer: Result<T, Refusal>) -> Option<T> {
        let verdict = answer.as_ref().map(|_| ()).map_err(|refusal| *refusal);
        self.steps.push(Step { question, verdict });
        answer.ok()
    }

    fn ask_room(&mut self, question: Question, answer: Result<(), Refusal>) -> Option<()> {
        match self.scope.narrowing {
            None => Some(()),
            Some(_) => self.ask(question, answer),
        }
    }
}
