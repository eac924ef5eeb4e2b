//! Who is where, and what flows: what the registry knows, with what the shards count.

mod traffic;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use ringfence_core::{Name, ParticipantView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::traffic::{RoomTraffic, SourceStats, Traffic};
use super::Problem;
use super::name::NameText;
use super::paging::Limit;
use super::refusals;
use super::strict::StrictQuery;
use super::timestamp::rfc3339;
use crate::relay::{Busy, Control};

/// Time to ask the shards about all rooms of a page.
const PAGE_TIME_MAX: Duration = Duration::from_secs(5);

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionsQuery {
    /// Of one room; absent: of all.
    #[param(value_type = Option<String>)]
    room: Option<NameText>,
    /// Sessions of the page.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 1000, default = 100)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(value_type = Option<String>, example = "standup/alice")]
    after: Option<Cursor>,
}

/// The last session of a page: `room/participant`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Cursor {
    room: Name,
    participant: Name,
}

/// Sessions by room, then by participant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionsPage {
    sessions: Vec<Session>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One stay of a participant in a room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    room: String,
    participant: String,
    /// Since when.
    #[schema(format = DateTime)]
    joined: String,
    /// When its credentials end.
    #[schema(format = DateTime)]
    expires: String,
    /// What it may send, in kbit/s.
    max_kbps: u32,
    /// The address that proved itself; absent until one has.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The region of that address.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// The shard that its packets reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<u16>,
    /// RTP that came from it.
    received: Traffic,
    /// All that was sent to it.
    sent: Traffic,
    /// Its RTP streams.
    ssrcs: Vec<SourceStats>,
}

/// Lists sessions.
#[utoipa::path(get, path = "/v1/sessions", tag = "rooms", operation_id = "listSessions",
    params(SessionsQuery),
    responses(
        (status = 200, description = "A page of the sessions", body = SessionsPage),
        (status = 404, description = "No such room", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "The shards are behind", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn list(
    State(control): State<Control>,
    StrictQuery(query): StrictQuery<SessionsQuery>,
) -> Result<Json<SessionsPage>, Problem> {
    let rooms = rooms(&control, &query)?;
    let page = tokio::time::timeout(PAGE_TIME_MAX, page(&control, rooms, &query)).await;
    let page = page.unwrap_or(Err(Busy));
    page.map(Json).map_err(refusals::busy)
}

/// The rooms that the page may be about, by name.
fn rooms(control: &Control, query: &SessionsQuery) -> Result<Vec<Name>, Problem> {
    if let Some(NameText(room)) = &query.room {
        let found = control.room(room).map(|view| vec![view.room]);
        return found.ok_or_else(|| refusals::no_room(room.as_str()));
    }
    let after = query.after.as_ref();
    let names = control.rooms().into_iter().map(|view| view.room);
    Ok(names.filter(|name| after.is_none_or(|after| *name >= after.room)).collect())
}

async fn page(
    control: &Control,
    rooms: Vec<Name>,
    query: &SessionsQuery,
) -> Result<SessionsPage, Busy> {
    let limit = query.limit.items();
    let mut sessions: Vec<Session> = Vec::new();
    for room in rooms {
        let mut participants = control.participants(&room);
        participants.retain(|who| follows(who, query.after.as_ref()));
        let left = limit - sessions.len();
        let full = participants.len() > left;
        participants.truncate(left);
        if !participants.is_empty() {
            let traffic = RoomTraffic::sum(control.survey(&room).await?);
            let each = participants.iter();
            sessions.extend(each.map(|who| Session::of(who, &traffic, control)));
        }
        if full {
            return Ok(SessionsPage { next: sessions.last().map(Session::cursor), sessions });
        }
    }
    Ok(SessionsPage { sessions, next: None })
}

fn follows(who: &ParticipantView, after: Option<&Cursor>) -> bool {
    after.is_none_or(|after| (&who.room, &who.participant) > (&after.room, &after.participant))
}

impl Session {
    fn of(who: &ParticipantView, traffic: &RoomTraffic, control: &Control) -> Self {
        let ssrcs = traffic.sources(who.seat);
        Self {
            room: who.room.to_string(),
            participant: who.participant.to_string(),
            joined: rfc3339(control.wall(who.joined)),
            expires: rfc3339(control.wall(who.expires)),
            max_kbps: who.kbps_max,
            address: who.address.map(|address| address.to_string()),
            region: who.region.clone(),
            shard: who.shard,
            received: ssrcs.iter().map(SourceStats::traffic).sum(),
            sent: traffic.sent(who.id),
            ssrcs,
        }
    }

    fn cursor(&self) -> String {
        format!("{}/{}", self.room, self.participant)
    }
}

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let read = || {
            let (room, participant) = text.split_once('/')?;
            let (room, participant) = (Name::new(room).ok()?, Name::new(participant).ok()?);
            Some(Self { room, participant })
        };
        read().ok_or("`after` is the `next` of the page before")
    }
}
