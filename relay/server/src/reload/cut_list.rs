//! Whom a change has cut, as the API tells it.

use std::net::SocketAddr;

use ringfence_core::{AllocationCut, Cuts, ParticipantCut};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::relay::InForce;

/// Whom a change has cut. The lists are cut short; the totals are not.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct CutList {
    /// Participants that lost the address they spoke from. They are still in their rooms, and may come
    /// back from where the fence admits them.
    pub participants_total: usize,
    /// The first of them, by room and name.
    pub participants: Vec<CutParticipant>,
    /// TURN allocations that ended.
    pub allocations_total: usize,
    /// The first of them.
    pub allocations: Vec<CutAllocation>,
    /// Permissions that allocations lost which stand.
    pub permissions_total: u64,
    /// Channels that allocations lost which stand.
    pub channels_total: u64,
}

/// A participant that was cut.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct CutParticipant {
    /// On whose account.
    pub tenant: String,
    /// In which room.
    pub room: String,
    /// Who.
    pub participant: String,
    /// The address it spoke from.
    #[schema(value_type = String)]
    pub address: SocketAddr,
    /// Where that is, by the policy that had let it in.
    pub region: String,
    /// The rule that refuses it.
    pub rule: String,
    /// Where that rule is written, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A TURN allocation that was cut.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct CutAllocation {
    /// On whose account.
    pub tenant: String,
    /// Whose.
    pub party: String,
    /// The client's address.
    #[schema(value_type = String)]
    pub client: SocketAddr,
    /// Where that is, by the policy that had let it in.
    pub region: String,
    /// The rule that refuses it.
    pub rule: String,
    /// Where that rule is written, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl CutList {
    /// What `by` has cut, or would.
    pub fn of(cuts: &Cuts, by: &InForce) -> Self {
        let participants = cuts.participants.iter().map(|cut| CutParticipant::of(cut, by));
        let allocations = cuts.allocations.iter().map(|cut| CutAllocation::of(cut, by));
        Self {
            participants_total: cuts.participants_total,
            participants: participants.collect(),
            allocations_total: cuts.allocations_total,
            allocations: allocations.collect(),
            permissions_total: cuts.peers.permissions,
            channels_total: cuts.peers.channels,
        }
    }
}

impl CutParticipant {
    fn of(cut: &ParticipantCut, by: &InForce) -> Self {
        Self {
            tenant: cut.tenant.to_string(),
            room: cut.room.to_string(),
            participant: cut.participant.to_string(),
            address: cut.address,
            region: cut.region.to_string(),
            rule: cut.refusal.rule.code().to_owned(),
            place: by.place(&cut.refusal),
        }
    }
}

impl CutAllocation {
    fn of(cut: &AllocationCut, by: &InForce) -> Self {
        Self {
            tenant: cut.tenant.to_string(),
            party: cut.party.to_string(),
            client: cut.client,
            region: cut.region.to_string(),
            rule: cut.refusal.rule.code().to_owned(),
            place: by.place(&cut.refusal),
        }
    }
}
