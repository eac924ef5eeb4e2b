//! Ending without ending a call.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::strict::StrictJson;
use crate::config::DRAIN_S;
use crate::relay::{Control, Draining};

/// How to drain.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DrainBody {
    /// Seconds after which the relay ends whatever is left, at most a week; without it, it waits for the
    /// last.
    #[schema(maximum = 604_800)]
    deadline_s: Option<u32>,
}

/// Whether the relay drains, and what it still has.
#[derive(Serialize, ToSchema)]
pub(super) struct DrainState {
    /// Whether new work is refused; the relay ends when there is nothing left.
    draining: bool,
    /// Rooms with somebody in them.
    rooms: usize,
    /// Participants of all rooms.
    participants: usize,
    /// TURN allocations.
    allocations: usize,
    /// Seconds until it ends in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_s: Option<u64>,
}

/// As long as the configuration may say for SIGTERM.
const DEADLINE_S_MAX: u32 = *DRAIN_S.range.end();

/// Refuses new work: joins by 503, Allocate requests by 508. What there is goes on, and when the last of it
/// has ended, or the time is over, so does the relay. Asked again, it takes the new deadline.
#[utoipa::path(post, path = "/v1/drain", tag = "process", operation_id = "drain",
    request_body = DrainBody,
    responses(
        (status = 200, description = "New work is refused from now on", body = DrainState),
        (status = 422, description = "Not what this call takes; nothing was done", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn drain(
    State(control): State<Control>,
    StrictJson(DrainBody { deadline_s }): StrictJson<DrainBody>,
) -> Result<Json<DrainState>, Problem> {
    if deadline_s.is_some_and(|seconds| seconds > DEADLINE_S_MAX) {
        return Err(super::refusals::deadline_out_of_range(DEADLINE_S_MAX));
    }
    let within = deadline_s.map(|seconds| Duration::from_secs(seconds.into()));
    Ok(Json(DrainState::of(&control.drain(within), true)))
}

/// Takes new work again.
#[utoipa::path(delete, path = "/v1/drain", tag = "process", operation_id = "resume",
    responses(
        (status = 200, description = "New work is taken, as if nothing had been", body = DrainState),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn resume(State(control): State<Control>) -> Json<DrainState> {
    control.resume();
    Json(DrainState::now(&control))
}

/// Says how far draining has come.
#[utoipa::path(get, path = "/v1/drain", tag = "process", operation_id = "draining",
    responses(
        (status = 200, description = "Whether it drains, and what it still has", body = DrainState),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn state(State(control): State<Control>) -> Json<DrainState> {
    Json(DrainState::now(&control))
}

impl DrainState {
    fn now(control: &Control) -> Self {
        match control.draining() {
            Some(state) => Self::of(&state, true),
            None => Self::of(&Draining { holdings: control.holdings(), left: None }, false),
        }
    }

    fn of(state: &Draining, draining: bool) -> Self {
        let Draining { holdings, left } = state;
        Self {
            draining,
            rooms: holdings.rooms,
            participants: holdings.participants,
            allocations: holdings.allocations,
            left_s: left.map(|left| left.as_secs()),
        }
    }
}
