//! Making credentials for TURN clients, in our own shape and in the older one.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::IntoResponse;
use ringfence_core::Name;
use serde::Deserialize;
use serde::de::IgnoredAny;
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::name::NameText;
use super::refusals;
use super::strict::{StrictJson, StrictQuery};
use crate::relay::Control;
use crate::turn_credentials::{self, PlainCredentials, TurnCredentials, Wanted};

/// Where the older shape is asked for.
pub(super) const REST_PATH: &str = "/turn";

/// What an answer says that holds a password.
const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// For whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialsBody {
    /// On whose account.
    #[schema(example = "acme")]
    tenant: String,
    /// For which call.
    meeting: NameText,
    /// As whom.
    party: NameText,
    /// Under which fence of the tenant's. Absent: its default.
    fence: Option<String>,
    /// As which group of the tenant, whose `require` then counts. Absent: the whole account.
    group: Option<String>,
    /// Life of the credentials in seconds. Absent: 3600, or the relay's limit if that is less.
    #[schema(minimum = 1)]
    ttl_s: Option<u32>,
}

/// As draft-uberti-behave-turn-rest-00 section 2.1 asks, with tenant, meeting and fence.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RestQuery {
    /// Always `turn`.
    #[param(inline)]
    service: Service,
    /// As whom.
    #[param(value_type = String, example = "alice")]
    username: NameText,
    /// On whose account; may be left out where there is only one.
    tenant: Option<String>,
    /// For which call. Absent: `default`.
    #[param(value_type = Option<String>)]
    meeting: Option<NameText>,
    /// Under which fence of the tenant's. Absent: its default.
    fence: Option<String>,
    /// As which group of the tenant, whose `require` then counts. Absent: the whole account.
    group: Option<String>,
    /// Life of the credentials in seconds. Absent: 3600, or the relay's limit if that is less.
    #[param(minimum = 1)]
    ttl: Option<u32>,
    /// The token, for callers that cannot send a header.
    #[param(value_type = Option<String>)]
    #[serde(rename = "key")]
    _key: Option<IgnoredAny>,
}

/// The one service there is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Service {
    Turn,
}

/// Makes credentials for a TURN client. They need no state: nothing is kept.
#[utoipa::path(post, path = "/v1/turn/credentials", tag = "turn", operation_id = "turnCredentials",
    request_body = CredentialsBody,
    responses(
        (status = 201, description = "Made", body = TurnCredentials),
        (status = 403, description = "The policy refused: `rule` and `place` say why",
         body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not what this call takes, or a value out of range",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The tenant has no secret that can be read, or no TURN here",
         body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn credentials(
    State(control): State<Control>,
    StrictJson(body): StrictJson<CredentialsBody>,
) -> Result<impl IntoResponse, Problem> {
    let made = make(&control, &body.into())?;
    Ok((StatusCode::CREATED, NO_STORE, Json(TurnCredentials::from(made))))
}

/// Makes credentials for a TURN client, in the older shape.
#[utoipa::path(get, path = "/turn", tag = "turn", operation_id = "turnRest", params(RestQuery),
    responses(
        (status = 200, description = "Made", body = PlainCredentials),
        (status = "default", description = "Any problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn rest(
    State(control): State<Control>,
    StrictQuery(query): StrictQuery<RestQuery>,
) -> Result<impl IntoResponse, Problem> {
    let made = make(&control, &query.into_wanted()?)?;
    Ok((NO_STORE, Json(made)))
}

/// The same, for callers that post; the body is not looked at.
#[utoipa::path(post, path = "/turn", tag = "turn", operation_id = "postTurnRest",
    params(RestQuery),
    responses(
        (status = 200, description = "Made", body = PlainCredentials),
        (status = "default", description = "Any problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn rest_posted(
    control: State<Control>,
    query: StrictQuery<RestQuery>,
) -> Result<impl IntoResponse, Problem> {
    rest(control, query).await
}

fn make(control: &Control, wanted: &Wanted) -> Result<PlainCredentials, Problem> {
    let (by, now) = (control.in_force(), SystemTime::now());
    let media = control.media_addresses();
    turn_credentials::make(&by.config, &by.policy, media, wanted, now)
        .map_err(|refused| refusals::no_credentials(&refused, &by))
}

impl From<CredentialsBody> for Wanted {
    fn from(body: CredentialsBody) -> Self {
        Self {
            tenant: Some(body.tenant),
            meeting: body.meeting.0,
            party: body.party.0,
            fence: body.fence,
            group: body.group,
            ttl: body.ttl_s.map(seconds),
        }
    }
}

impl RestQuery {
    fn into_wanted(self) -> Result<Wanted, Problem> {
        let Service::Turn = self.service;
        let meeting = match self.meeting {
            Some(NameText(meeting)) => meeting,
            None => {
                Name::new("default").map_err(|error| refusals::bad_query(&error.to_string()))?
            }
        };
        Ok(Wanted {
            tenant: self.tenant,
            meeting,
            party: self.username.0,
            fence: self.fence,
            group: self.group,
            ttl: self.ttl.map(seconds),
        })
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}
