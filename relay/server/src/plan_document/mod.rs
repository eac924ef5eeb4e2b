//! What a change of policy opens and closes, as a document: for people, for programs, and to be
//! named by its digest when somebody accepts it.

mod addresses;
mod digest;
mod enclave;
mod grouped;
mod text;

use ringfence_fence::{Plan, Policy, RegionChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::addresses::{AddressChange, AddressList, BehindNat64, PrefixChange, Prefixes};
pub use self::digest::fingerprint;
pub use self::grouped::{Encryption, OfferedSite, Presence, SiteChange, UseName, UsesChange};

use self::addresses::Lists;

/// All that differs between two policies. Things are the same if they have the same name.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct PlanDocument {
    /// Whether anybody may do what nobody might before.
    pub widens: bool,
    /// Whether somebody may no longer do what was allowed.
    pub narrows: bool,
    /// SHA-256 of all that the old policy says, in hexadecimal.
    pub old_policy: String,
    /// SHA-256 of all that the new policy says, in hexadecimal.
    pub new_policy: String,
    /// What changes for whom; everybody for whom the same changes is named together.
    pub changes: Vec<UsesChange>,
    /// Which addresses regions gain and lose, whatever the fences make of it.
    pub regions: Vec<RegionEntry>,
    /// What is written otherwise. It explains; what it opens is among `changes`.
    pub facts: Vec<FactEntry>,
    /// Fences of tenants of other enclaves for which something changes, too, and which are not shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub elsewhere: usize,
}

/// The addresses that a region gains and loses.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct RegionEntry {
    /// The region.
    pub region: String,
    /// The addresses.
    pub addresses: PrefixChange,
}

/// One sentence that differs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct FactEntry {
    /// What it is about, such as `region_near` or `site_spare`.
    pub topic: String,
    /// Whom: a name; a group as `tenant/group`, a fence as used as `tenant/fence` or
    /// `tenant/group/fence`; empty where there is only one.
    pub subject: String,
    /// What the old policy says; absent if it knows no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What the new policy says; absent if it knows no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl PlanDocument {
    /// The document of a plan, which is that of these two policies.
    pub fn new(old: &Policy, new: &Policy, plan: &Plan) -> Self {
        let mut lists = Lists::default();
        let changes = grouped::changes(old, new, plan.uses(), &mut lists);
        let regions = plan.regions().iter().map(|change| RegionEntry::new(change, &mut lists));
        let facts = plan.facts().iter().map(|fact| FactEntry {
            topic: fact.topic.code().to_owned(),
            subject: fact.subject.clone(),
            old: fact.old.clone(),
            new: fact.new.clone(),
        });
        Self {
            widens: plan.widens(),
            narrows: plan.narrows(),
            old_policy: fingerprint(old),
            new_policy: fingerprint(new),
            regions: regions.collect(),
            facts: facts.collect(),
            changes,
            elsewhere: 0,
        }
    }

    /// Compares two policies.
    pub fn of(old: &Policy, new: &Policy) -> Self {
        Self::new(old, new, &ringfence_fence::plan(old, new))
    }
}

impl RegionEntry {
    fn new(change: &RegionChange, lists: &mut Lists<'_>) -> Self {
        let addresses = PrefixChange {
            gained: lists.prefixes(change.addresses.gained.cidrs()),
            lost: lists.prefixes(change.addresses.lost.cidrs()),
        };
        Self { region: change.region.clone(), addresses }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
