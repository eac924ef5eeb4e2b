//! Who sees which change. A thousand tenants for whom the same changes are one entry.

use std::collections::HashMap;

use ringfence_fence::{Addresses, Policy, UseChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::addresses::{AddressChange, Lists};

/// What changes for some tenants, each under one of its fences.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct UsesChange {
    /// For whom.
    pub uses: Vec<UseName>,
    /// Whether they are new or gone.
    pub presence: Presence,
    /// Whether it allows anything that was not allowed.
    pub widens: bool,
    /// Addresses that may be participants or TURN clients.
    pub clients: AddressChange,
    /// Addresses that may be TURN peers.
    pub peers: AddressChange,
    /// Sites that may carry.
    pub sites: SiteChange,
    /// Whether the fence begins or ceases to require encryption; absent if neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
}

/// Who uses which fence.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct UseName {
    /// The tenant.
    pub tenant: String,
    /// The fence; absent for whichever the tenant gets if it asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<String>,
    /// The group; absent for the whole account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// Which of the two policies have a use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Only the new one.
    Added,
    /// Only the old one.
    Removed,
    /// Both.
    Kept,
}

/// What becomes of `require_encryption`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// Evidently unencrypted media is let through from now on.
    Dropped,
    /// Evidently unencrypted media ends a flow from now on.
    Required,
}

/// Sites that may carry now and might not, and the other way round.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct SiteChange {
    /// May now.
    pub gained: Vec<OfferedSite>,
    /// May no longer.
    pub lost: Vec<OfferedSite>,
}

/// A site.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct OfferedSite {
    /// Its name.
    pub site: String,
    /// The region it lies in.
    pub region: String,
}

/// What makes two changes the same but for their names.
#[derive(PartialEq, Eq, Hash)]
struct Kind<'p> {
    presence: Presence,
    clients: [&'p Addresses; 2],
    peers: [&'p Addresses; 2],
    sites: [&'p [String]; 2],
    encryption: Option<Encryption>,
}

/// The changes, in the order of the first of each kind.
pub(super) fn changes<'p>(
    old: &Policy,
    new: &Policy,
    uses: &'p [UseChange],
    lists: &mut Lists<'p>,
) -> Vec<UsesChange> {
    let mut places: HashMap<Kind<'p>, usize> = HashMap::new();
    let mut changes: Vec<UsesChange> = Vec::new();
    for change in uses {
        let place = *places.entry(Kind::of(change)).or_insert_with(|| {
            changes.push(UsesChange::without_names(old, new, change, lists));
            changes.len() - 1
        });
        changes[place].uses.push(UseName::from(&change.name));
    }
    changes
}

impl UsesChange {
    fn without_names<'p>(
        old: &Policy,
        new: &Policy,
        change: &'p UseChange,
        lists: &mut Lists<'p>,
    ) -> Self {
        let transit = &change.transit;
        Self {
            uses: Vec::new(),
            presence: change.presence.into(),
            widens: change.widens(),
            clients: lists.change(&change.clients),
            peers: lists.change(&change.peers),
            sites: SiteChange {
                gained: offered(new, &transit.gained),
                lost: offered(old, &transit.lost),
            },
            encryption: encryption(change),
        }
    }
}

impl<'p> Kind<'p> {
    fn of(change: &'p UseChange) -> Self {
        Self {
            presence: change.presence.into(),
            clients: [&change.clients.gained, &change.clients.lost],
            peers: [&change.peers.gained, &change.peers.lost],
            sites: [&change.transit.gained, &change.transit.lost],
            encryption: encryption(change),
        }
    }
}

fn offered(policy: &Policy, names: &[String]) -> Vec<OfferedSite> {
    let each = names.iter().map(|name| {
        let region = policy.site_id(name).and_then(|site| policy.site_region(site));
        let region = region.map_or("", |region| policy.region_name(region));
        OfferedSite { site: name.clone(), region: region.to_owned() }
    });
    each.collect()
}

fn encryption(change: &UseChange) -> Option<Encryption> {
    match (change.encryption_dropped, change.encryption_required) {
        (true, _) => Some(Encryption::Dropped),
        (_, true) => Some(Encryption::Required),
        (false, false) => None,
    }
}

impl From<&ringfence_fence::UseName> for UseName {
    fn from(name: &ringfence_fence::UseName) -> Self {
        let ringfence_fence::UseName { tenant, fence, group } = name.clone();
        Self { tenant, fence, group }
    }
}

impl From<ringfence_fence::Presence> for Presence {
    fn from(presence: ringfence_fence::Presence) -> Self {
        match presence {
            ringfence_fence::Presence::Added => Self::Added,
            ringfence_fence::Presence::Removed => Self::Removed,
            ringfence_fence::Presence::Kept => Self::Kept,
        }
    }
}
