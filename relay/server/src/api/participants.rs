//! Letting participants into rooms, and out again.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use ringfence_core::{IceCredentials, Join, Joined, Name, OwnedSsrc};
use ringfence_fence::RoomRegions;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::name::NameText;
use super::refusals;
use super::strict::{StrictJson, StrictPath};
use super::timestamp::rfc3339;
use crate::relay::Control;

/// Life of credentials when nobody says, unless the relay allows less.
const TTL_DEFAULT: Duration = Duration::from_secs(3_600);

/// Who is to be let in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinBody {
    /// On whose account.
    #[schema(example = "acme")]
    tenant: String,
    /// As whom; unique in the room.
    participant: NameText,
    /// Under which fence of the tenant's. Absent: the room's, or the tenant's default.
    fence: Option<String>,
    /// The group of the tenant that uses the room. Absent: the room's, or for a new room the account.
    group: Option<String>,
    /// Only sites in these regions may carry the room. Absent: as the room has it, or all of the
    /// fence's. To set it for a room that is there, patch the room.
    #[schema(max_items = 1000)]
    require: Option<Vec<String>>,
    /// Regions from which the room lets nobody in. Absent: as the room has it, or none.
    #[schema(max_items = 1000)]
    refuse: Option<Vec<String>>,
    /// The participant's own credentials, with which the relay signs its path check.
    ice: Option<IceBody>,
    /// Whom it wants to hear, also before they are there. Absent: everyone.
    #[schema(max_items = 1000)]
    hears: Option<Vec<NameText>>,
    /// What it may send, in kbit/s. Absent: the relay's limit.
    #[schema(minimum = 1)]
    max_kbps: Option<u32>,
    /// Life of the credentials in seconds. Absent: 3600, or the relay's limit if that is less.
    #[schema(minimum = 1)]
    ttl_s: Option<u32>,
}

/// ICE credentials (RFC 8839 section 5.4).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IceBody {
    #[schema(pattern = "^[A-Za-z0-9+/]{4,256}$")]
    ufrag: String,
    #[schema(pattern = "^[A-Za-z0-9+/]{22,256}$")]
    pwd: String,
}

/// What the participant needs.
#[derive(Serialize, ToSchema)]
pub(super) struct JoinedBody {
    /// Where to send.
    #[schema(example = json!(["127.1.0.1:3478"]))]
    addresses: Vec<String>,
    /// The relay's ICE username fragment for this participant.
    ufrag: String,
    /// The relay's ICE password for this participant.
    pwd: String,
    /// When both end.
    #[schema(format = DateTime)]
    expires: String,
    /// Who has sent what so far.
    ssrcs: Vec<SsrcBody>,
}

/// An SSRC of a room.
#[derive(Serialize, ToSchema)]
pub(super) struct SsrcBody {
    ssrc: u32,
    /// Its owner.
    participant: String,
    /// Rollover counter (RFC 3711 section 3.2.1), which a late joiner needs to decrypt.
    roc: u32,
}

/// Lets a participant into a room. The first one makes the room.
#[utoipa::path(post, path = "/v1/rooms/{room}/participants", tag = "rooms", operation_id = "join",
    params(("room" = NameText, Path, description = "Name of the room")),
    request_body = JoinBody,
    responses(
        (status = 201, description = "Let in", body = JoinedBody),
        (status = 403, description = "The fence refused: `rule` and `place` say why", body = Problem,
         content_type = "application/problem+json"),
        (status = 409, description = "The room or the name is taken", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "Not what this call takes, or a value out of range",
         body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The room or the tenant's quota is full", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "The shards are behind; nothing was done", body = Problem,
         content_type = "application/problem+json"),
        (status = 507, description = "This relay is full", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn join(
    State(control): State<Control>,
    StrictPath(NameText(room)): StrictPath<NameText>,
    StrictJson(body): StrictJson<JoinBody>,
) -> Result<impl IntoResponse, Problem> {
    let join = body.into_join(room, control.config().limits.participant_ttl_max)?;
    let joined = control.join(&join);
    let joined = joined.map_err(|refused| refusals::join_refused(refused, &control))?;
    let body = Json(JoinedBody::of(&joined, &control));
    // The answer holds a password.
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], body))
}

/// Ends a participant's stay.
#[utoipa::path(delete, path = "/v1/rooms/{room}/participants/{participant}", tag = "rooms",
    operation_id = "disconnect",
    params(("room" = NameText, Path, description = "Name of the room"),
           ("participant" = NameText, Path, description = "Who")),
    responses(
        (status = 204, description = "Gone: nothing more is forwarded from or to it"),
        (status = 404, description = "No such participant", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "The shards are behind; nothing was done", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn leave(
    State(control): State<Control>,
    StrictPath(path): StrictPath<(NameText, NameText)>,
) -> Result<StatusCode, Problem> {
    let (NameText(room), NameText(participant)) = path;
    let left = control.leave(&room, &participant).await;
    match left.map_err(refusals::busy)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(refusals::no_participant(room.as_str(), participant.as_str())),
    }
}

impl JoinBody {
    fn into_join(self, room: Name, ttl_max: Duration) -> Result<Join, Problem> {
        let ice = self.ice.map(|ice| IceCredentials::new(&ice.ufrag, &ice.pwd));
        let ttl = self.ttl_s.map(|ttl_s| Duration::from_secs(ttl_s.into()));
        Ok(Join {
            tenant: self.tenant,
            room,
            participant: self.participant.0,
            fence: self.fence,
            group: self.group,
            regions: RoomRegions { require: self.require, refuse: self.refuse.unwrap_or_default() },
            ice: ice.transpose().map_err(|error| refusals::bad_body(&error.to_string()))?,
            hears: self.hears.map(|names| names.into_iter().map(|NameText(name)| name).collect()),
            kbps_max: self.max_kbps,
            ttl: ttl.unwrap_or(TTL_DEFAULT.min(ttl_max)),
        })
    }
}

impl JoinedBody {
    fn of(joined: &Joined, control: &Control) -> Self {
        let addresses = control.media_addresses().iter();
        Self {
            addresses: addresses.map(ToString::to_string).collect(),
            ufrag: joined.credentials.ufrag.as_str().to_owned(),
            pwd: joined.credentials.password.as_str().to_owned(),
            expires: rfc3339(control.wall(joined.expires)),
            ssrcs: joined.ssrcs.iter().map(SsrcBody::from).collect(),
        }
    }
}

impl From<&OwnedSsrc> for SsrcBody {
    fn from(owned: &OwnedSsrc) -> Self {
        Self {
            ssrc: owned.ssrc.0,
            participant: owned.participant.to_string(),
            roc: owned.rollover_counter,
        }
    }
}
