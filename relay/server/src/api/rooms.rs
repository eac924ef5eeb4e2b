//! Rooms, to look at.

use axum::Json;
use axum::extract::State;
use ringfence_core::RoomView;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::name::NameText;
use super::paging::Limit;
use super::refusals;
use super::strict::{StrictPath, StrictQuery};
use super::timestamp::rfc3339;
use crate::relay::Control;

/// Which page of the rooms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RoomsQuery {
    /// Rooms of the page.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 1000, default = 100)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<NameText>,
}

/// Rooms by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomsPage {
    rooms: Vec<Room>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Room {
    room: String,
    tenant: String,
    /// Empty if the policy no longer has it: then nobody can join.
    fence: String,
    /// Who may be there.
    participants: usize,
    /// Who has an address that proved itself.
    latched: usize,
    /// Since when.
    #[schema(format = DateTime)]
    opened: String,
}

/// Lists the rooms.
#[utoipa::path(get, path = "/v1/rooms", tag = "rooms", operation_id = "listRooms",
    params(RoomsQuery),
    responses(
        (status = 200, description = "A page of the rooms, by name", body = RoomsPage),
        (status = "default", description = "Any problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(control): State<Control>,
    StrictQuery(query): StrictQuery<RoomsQuery>,
) -> Json<RoomsPage> {
    let after = query.after.map(|NameText(name)| name);
    let mut views = control.rooms();
    views.retain(|view| after.as_ref().is_none_or(|after| view.room > *after));
    let more = views.len() > query.limit.items();
    views.truncate(query.limit.items());
    let last = views.last().map(|view| view.room.to_string());
    Json(RoomsPage {
        rooms: views.iter().map(|view| Room::of(view, &control)).collect(),
        next: last.filter(|_| more),
    })
}

/// Shows one room.
#[utoipa::path(get, path = "/v1/rooms/{room}", tag = "rooms", operation_id = "getRoom",
    params(("room" = NameText, Path, description = "Name of the room")),
    responses(
        (status = 200, description = "The room", body = Room),
        (status = 404, description = "No such room", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn get(
    State(control): State<Control>,
    StrictPath(NameText(room)): StrictPath<NameText>,
) -> Result<Json<Room>, Problem> {
    let view = control.room(&room);
    let view = view.ok_or_else(|| refusals::no_room(room.as_str()))?;
    Ok(Json(Room::of(&view, &control)))
}

impl Room {
    fn of(view: &RoomView, control: &Control) -> Self {
        Self {
            room: view.room.to_string(),
            tenant: view.tenant.clone(),
            fence: view.fence.clone(),
            participants: view.participants,
            latched: view.latched,
            opened: rfc3339(control.wall(view.opened)),
        }
    }
}
