//! Rooms: to look at, and to let less into.

use axum::Json;
use axum::extract::State;
use ringfence_core::RoomView;
use ringfence_fence::RoomRegions;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::name::NameText;
use super::paging::Limit;
use super::refusals;
use super::strict::{StrictJson, StrictPath, StrictQuery};
use super::timestamp::rfc3339;
use crate::relay::Control;
use crate::reload::CutList;

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
    /// The group of the tenant that uses it; absent for the whole account.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Only sites in these regions may carry it; absent for all of the fence's.
    #[serde(skip_serializing_if = "Option::is_none")]
    require: Option<Vec<String>>,
    /// Regions from which it lets nobody in.
    refuse: Vec<String>,
    /// Who may be there.
    participants: usize,
    /// Who has an address that proved itself.
    latched: usize,
    /// Since when.
    #[schema(format = DateTime)]
    opened: String,
}

/// What a room is to leave out of its fence from now on: at least what it does already.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NarrowBody {
    /// Only sites in these regions may carry it. Absent: as it is.
    #[schema(max_items = 1000)]
    require: Option<Vec<String>>,
    /// Regions from which it lets nobody in. Absent: as it is.
    #[schema(max_items = 1000)]
    refuse: Option<Vec<String>>,
}

/// A room after it was narrowed.
#[derive(Serialize, ToSchema)]
pub(super) struct NarrowedBody {
    room: Room,
    /// Whom that has cut.
    cuts: CutList,
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

/// Narrows a room while it goes on for those whom that leaves in. Answers when every shard works by
/// it and whom it forbids has been cut.
#[utoipa::path(patch, path = "/v1/rooms/{room}", tag = "rooms", operation_id = "narrowRoom",
    params(("room" = NameText, Path, description = "Name of the room")),
    request_body = NarrowBody,
    responses(
        (status = 200, description = "In force on every shard", body = NarrowedBody),
        (status = 403, description = "The fence refused: `rule` and `place` say why", body = Problem,
         content_type = "application/problem+json"),
        (status = 404, description = "No such room", body = Problem,
         content_type = "application/problem+json"),
        (status = 409, description = "It would let in what the room leaves out", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "The shards are behind", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn narrow(
    State(control): State<Control>,
    StrictPath(NameText(room)): StrictPath<NameText>,
    StrictJson(body): StrictJson<NarrowBody>,
) -> Result<Json<NarrowedBody>, Problem> {
    let unknown = || refusals::no_room(room.as_str());
    let before = control.room(&room).ok_or_else(unknown)?;
    let cuts = control.narrow(&room, &body.after(&before.terms.regions)).await;
    let cuts =
        cuts.map_err(|refused| refusals::narrow_refused(refused, room.as_str(), &control))?;
    let view = control.room(&room).ok_or_else(unknown)?;
    let cuts = CutList::of(&cuts, &control.in_force());
    Ok(Json(NarrowedBody { room: Room::of(&view, &control), cuts }))
}

impl NarrowBody {
    fn after(self, before: &RoomRegions) -> RoomRegions {
        RoomRegions {
            require: self.require.or_else(|| before.require.clone()),
            refuse: self.refuse.unwrap_or_else(|| before.refuse.clone()),
        }
    }
}

impl Room {
    fn of(view: &RoomView, control: &Control) -> Self {
        Self {
            room: view.room.to_string(),
            tenant: view.terms.tenant.to_string(),
            fence: view.terms.fence.to_string(),
            group: view.terms.group.as_deref().map(str::to_owned),
            require: view.terms.regions.require.clone(),
            refuse: view.terms.regions.refuse.clone(),
            participants: view.participants,
            latched: view.latched,
            opened: rfc3339(control.wall(view.opened)),
        }
    }
}
