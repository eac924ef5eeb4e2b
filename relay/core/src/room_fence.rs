//! The rules of one room: by name, and as the policy in force understands them. The registry and
//! every shard judge by the same.

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::{FenceId, Narrowing, Pass, Policy, Refusal, Role, RoomRegions, Rule, Scope};

/// What a policy says of names that it does not have.
const UNKNOWN_NAMES: [Rule; 4] =
    [Rule::UnknownTenant, Rule::FenceNotOfTenant, Rule::UnknownGroup, Rule::UnknownRegion];

/// A room's rules in names, so that every policy can be asked what it makes of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomTerms {
    /// Whose room it is.
    pub tenant: Arc<str>,
    /// One of the tenant's fences.
    pub fence: Arc<str>,
    /// The group of the tenant that may use it; `None` is the whole account.
    pub group: Option<Arc<str>>,
    /// What the room leaves out of that, each name once and in order.
    pub regions: RoomRegions,
}

/// [`RoomTerms`] under one policy.
pub(crate) struct RoomFence {
    terms: Arc<RoomTerms>,
    /// Why nobody is admitted, where nobody is.
    scope: Result<RoomScope, Refusal>,
}

struct RoomScope {
    fence: FenceId,
    /// Few rooms have one.
    narrowing: Option<Box<Narrowing>>,
}

impl RoomTerms {
    /// The same room with other regions.
    pub(crate) fn with_regions(&self, regions: &RoomRegions) -> Self {
        Self { regions: in_order(regions), ..self.clone() }
    }

    /// Whether these are the regions that the room has.
    pub(crate) fn has_regions(&self, regions: &RoomRegions) -> bool {
        self.regions == in_order(regions)
    }

    /// All that can be told without an address.
    fn under(&self, policy: &Policy) -> Result<RoomScope, Refusal> {
        let fence = self.fence(policy)?;
        let narrowed = self.regions != RoomRegions::default();
        let narrowing = narrowed.then(|| policy.narrow(fence, &self.regions)).transpose()?;
        let scope = RoomScope { fence, narrowing: narrowing.map(Box::new) };
        policy.may_carry(scope.borrowed(), policy.own_site())?;
        Ok(scope)
    }

    pub(crate) fn fence(&self, policy: &Policy) -> Result<FenceId, Refusal> {
        policy.fence_of(&self.tenant, Some(&self.fence), self.group.as_deref())
    }
}

impl RoomScope {
    fn borrowed(&self) -> Scope<'_> {
        Scope { fence: self.fence, narrowing: self.narrowing.as_deref() }
    }
}

impl RoomFence {
    pub(crate) fn new(policy: &Policy, terms: Arc<RoomTerms>) -> Self {
        Self { scope: terms.under(policy), terms }
    }

    pub(crate) fn terms(&self) -> &Arc<RoomTerms> {
        &self.terms
    }

    /// Asks a new policy about the same names. A name that it does not have closes the room for good:
    /// what a later policy calls the same may be something else.
    pub(crate) fn adopt(&mut self, policy: &Policy) {
        self.scope = match self.lost() {
            Some(lost) => {
                Err(Refusal { origin: None, region: None, epoch: policy.epoch(), ..lost })
            }
            None => self.terms.under(policy),
        };
    }

    /// Why the room is closed for good, if it is.
    pub(crate) fn lost(&self) -> Option<Refusal> {
        self.standing().err().filter(|refusal| UNKNOWN_NAMES.contains(&refusal.rule))
    }

    /// The fence that admits, or why nobody is admitted, wherever they are.
    pub(crate) fn standing(&self) -> Result<FenceId, Refusal> {
        self.scope.as_ref().map(|scope| scope.fence).map_err(|refusal| *refusal)
    }

    /// The decision about a participant's address at this relay's own site, by the policy that this
    /// was made under.
    pub(crate) fn judge(&self, policy: &Policy, address: SocketAddr) -> Result<Pass, Refusal> {
        let scope = self.scope.as_ref().map_err(|refusal| *refusal)?;
        policy.decide(scope.borrowed(), Role::Client, address, policy.own_site())
    }
}

fn in_order(regions: &RoomRegions) -> RoomRegions {
    let in_order = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        names
    };
    RoomRegions {
        require: regions.require.as_deref().map(in_order),
        refuse: in_order(&regions.refuse),
    }
}
