//! Allocations of TURN clients, to look at.

use std::fmt;
use std::net::SocketAddr;

use axum::Json;
use axum::extract::State;
use ringfence_core::{AllocationId, AllocationView, ShardId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::paging::Limit;
use super::strict::StrictQuery;
use super::timestamp::rfc3339;
use crate::relay::Control;

/// Which page of the allocations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AllocationsQuery {
    /// Allocations of the page.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 1000, default = 100)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,5}[.][0-9]{1,19}$")]
    after: Option<Place>,
}

/// Where a page ends: shard and number of an allocation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Place(AllocationId);

/// Allocations by shard, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AllocationsPage {
    allocations: Vec<Allocation>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One allocation.
#[derive(Debug, Serialize, ToSchema)]
struct Allocation {
    tenant: String,
    /// `meeting/party`, or the name of a user.
    party: String,
    fence: String,
    /// The client's address.
    #[schema(value_type = String)]
    client: SocketAddr,
    /// Where the client is.
    region: String,
    /// Its relayed addresses.
    #[schema(value_type = Vec<String>)]
    relayed: Vec<SocketAddr>,
    /// The shard that serves it.
    shard: u16,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}

/// Lists the allocations of TURN clients.
#[utoipa::path(get, path = "/v1/turn/allocations", tag = "turn", operation_id = "listAllocations",
    params(AllocationsQuery),
    responses(
        (status = 200, description = "A page of the allocations", body = AllocationsPage),
        (status = "default", description = "Any problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(control): State<Control>,
    StrictQuery(query): StrictQuery<AllocationsQuery>,
) -> Json<AllocationsPage> {
    let mut views = control.allocations();
    views.retain(|view| query.after.is_none_or(|Place(after)| view.id > after));
    let more = views.len() > query.limit.items();
    views.truncate(query.limit.items());
    let last = views.last().map(|view| Place(view.id).to_string());
    Json(AllocationsPage {
        allocations: views.iter().map(|view| Allocation::of(view, &control)).collect(),
        next: last.filter(|_| more),
    })
}

impl Allocation {
    fn of(view: &AllocationView, control: &Control) -> Self {
        Self {
            tenant: view.tenant.to_string(),
            party: view.party.to_string(),
            fence: view.fence.to_string(),
            client: view.client,
            region: view.region.to_string(),
            relayed: view.relayed.to_vec(),
            shard: view.id.shard.0,
            since: rfc3339(control.wall(view.since)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.shard.0, self.0.number)
    }
}

impl TryFrom<String> for Place {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "`after` is the `next` of the page before";
        let (shard, number) = text.split_once('.').ok_or(wrong)?;
        let shard = ShardId(shard.parse().map_err(|_| wrong)?);
        Ok(Self(AllocationId { shard, number: number.parse().map_err(|_| wrong)? }))
    }
}
