//! Every way in which a call can fail, with its status and its stable code.

use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ringfence_core::JoinError;
use ringfence_fence::Refusal;

use super::Problem;
use super::why;
use crate::config::Sources;
use crate::relay::{Busy, Control, JoinRefused};
use crate::turn_credentials::NotMade;

/// RFC 9457 section 3.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Codes, statuses and titles, other than those of joining.
mod kinds {
    use axum::http::StatusCode;

    pub(super) type Kind = (StatusCode, &'static str, &'static str);

    pub(super) const BAD_JSON: Kind = (StatusCode::BAD_REQUEST, "bad_json", "not JSON");
    pub(super) const BAD_PATH: Kind = (StatusCode::BAD_REQUEST, "bad_path", "bad path");
    pub(super) const BAD_QUERY: Kind = (StatusCode::BAD_REQUEST, "bad_query", "bad query");
    pub(super) const UNAUTHORIZED: Kind = (StatusCode::UNAUTHORIZED, "unauthorized", "no token");
    pub(super) const NO_ROUTE: Kind = (StatusCode::NOT_FOUND, "no_route", "no such call");
    pub(super) const NO_ROOM: Kind = (StatusCode::NOT_FOUND, "room_not_found", "no such room");
    pub(super) const NO_PARTICIPANT: Kind =
        (StatusCode::NOT_FOUND, "participant_not_found", "no such participant");
    pub(super) const NO_FENCE: Kind = (StatusCode::NOT_FOUND, "fence_not_found", "no such fence");
    pub(super) const BAD_METHOD: Kind =
        (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not with this method");
    pub(super) const TOO_SLOW: Kind = (StatusCode::REQUEST_TIMEOUT, "too_slow", "too slow");
    pub(super) const TOO_LARGE: Kind = (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "too large");
    pub(super) const NOT_JSON: Kind =
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "body of another type");
    pub(super) const BAD_BODY: Kind =
        (StatusCode::UNPROCESSABLE_ENTITY, "bad_body", "not what this call takes");
    pub(super) const BUSY: Kind = (StatusCode::SERVICE_UNAVAILABLE, "busy", "busy");
    pub(super) const NOT_READY: Kind = (StatusCode::SERVICE_UNAVAILABLE, "not_ready", "not ready");
}

/// No token, or a wrong one.
pub(super) fn unauthorized() -> Problem {
    let detail = "send `Authorization: Bearer` with the token that `control.token` names";
    problem(kinds::UNAUTHORIZED, detail)
}

/// A body that is not JSON.
pub(super) fn bad_json(what: &str) -> Problem {
    problem(kinds::BAD_JSON, what)
}

/// JSON that is not this call's.
pub(super) fn bad_body(what: &str) -> Problem {
    problem(kinds::BAD_BODY, what)
}

/// A path with a value in it that cannot be.
pub(super) fn bad_path(what: &str) -> Problem {
    problem(kinds::BAD_PATH, what)
}

/// A query that is not this call's.
pub(super) fn bad_query(what: &str) -> Problem {
    problem(kinds::BAD_QUERY, what)
}

/// A body without `Content-Type: application/json`.
pub(super) fn not_json() -> Problem {
    problem(kinds::NOT_JSON, "send `Content-Type: application/json`")
}

/// A body that takes too long.
pub(super) fn too_slow() -> Problem {
    problem(kinds::TOO_SLOW, "the body did not come in time")
}

/// A body that is too large.
pub(super) fn too_large(bytes_max: usize) -> Problem {
    problem(kinds::TOO_LARGE, &format!("a body has at most {bytes_max} bytes"))
}

/// A path that no call has.
pub(super) async fn no_route(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(100).collect();
    problem(kinds::NO_ROUTE, &format!("`{path}` is none; see /openapi.json"))
}

/// A path that has calls, but not with this method.
pub(super) async fn bad_method(method: Method) -> Problem {
    let method: String = method.as_str().chars().take(20).collect();
    problem(kinds::BAD_METHOD, &format!("{method} is not for this path; see /openapi.json"))
}

/// A room that is not there.
pub(super) fn no_room(room: &str) -> Problem {
    problem(kinds::NO_ROOM, &format!("there is no room `{room}`"))
}

/// A participant that is not there.
pub(super) fn no_participant(room: &str, participant: &str) -> Problem {
    let detail = format!("there is no participant `{participant}` in room `{room}`");
    problem(kinds::NO_PARTICIPANT, &detail)
}

/// A fence that is not there.
pub(super) fn no_fence(fence: &str) -> Problem {
    problem(kinds::NO_FENCE, &format!("the policy has no fence `{fence}`"))
}

/// Someone who may not join.
pub(super) fn join_refused(refused: JoinRefused, control: &Control) -> Problem {
    let error = match refused {
        JoinRefused::Refused(error) => error,
        JoinRefused::Busy => return busy(Busy),
    };
    let (status, title) = of_join(&error);
    let kind = (status, error.code(), title);
    match error {
        JoinError::Refused(refusal) => {
            let policy = control.policy();
            let detail = why::in_words(&policy, &refusal, None);
            with_rule(problem(kind, &detail), &refusal, control.sources())
        }
        error => problem(kind, &error.to_string()),
    }
}

/// Someone for whom no TURN credentials are made.
pub(super) fn no_credentials(refused: &NotMade, control: &Control) -> Problem {
    let (status, title) = of_credentials(refused);
    let problem = problem((status, refused.code(), title), &refused.in_words(&control.policy()));
    match refused {
        NotMade::Refused(refusal) => with_rule(problem, refusal, control.sources()),
        _ => problem,
    }
}

/// Shards that are behind.
pub(super) fn busy(_: Busy) -> Problem {
    problem(kinds::BUSY, "the shards are behind; nothing was done, try again in a second")
}

/// A relay that should get no calls now.
pub(super) fn not_ready(reasons: &[String]) -> Problem {
    problem(kinds::NOT_READY, &reasons.join("; "))
}

/// 403 is the fence's. What is another's already is 409; a quota of the caller's 429; a relay that
/// is full 507: another relay may have room. Values out of range are 422.
fn of_join(error: &JoinError) -> (StatusCode, &'static str) {
    match error {
        JoinError::Refused(_) => (StatusCode::FORBIDDEN, "refused by the fence"),
        JoinError::RoomOfAnotherTenant
        | JoinError::RoomHasOtherFence
        | JoinError::ParticipantExists => (StatusCode::CONFLICT, "taken"),
        JoinError::RoomFull | JoinError::TenantRoomsFull | JoinError::TenantParticipantsFull => {
            (StatusCode::TOO_MANY_REQUESTS, "quota used up")
        }
        JoinError::RelayRoomsFull | JoinError::RelayParticipantsFull => {
            (StatusCode::INSUFFICIENT_STORAGE, "relay full")
        }
        JoinError::HearsTooMany | JoinError::CeilingOutOfRange | JoinError::TtlOutOfRange => {
            (StatusCode::UNPROCESSABLE_ENTITY, "out of range")
        }
    }
}

/// 403 is the policy's; 503 ends when the operator has put what is missing there.
fn of_credentials(refused: &NotMade) -> (StatusCode, &'static str) {
    match refused {
        NotMade::Refused(_) => (StatusCode::FORBIDDEN, "refused by the policy"),
        NotMade::TenantNotNamed => (StatusCode::BAD_REQUEST, "no tenant"),
        NotMade::TtlOutOfRange | NotMade::Username(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "out of range")
        }
        NotMade::NoSecret => (StatusCode::SERVICE_UNAVAILABLE, "no secret"),
        NotMade::NotServed => (StatusCode::SERVICE_UNAVAILABLE, "no TURN here"),
    }
}

fn with_rule(problem: Problem, refusal: &Refusal, sources: &Sources) -> Problem {
    Problem {
        rule: Some(refusal.rule.code().into()),
        place: why::place(refusal, sources).map(Into::into),
        ..problem
    }
}

fn problem((status, code, title): kinds::Kind, detail: &str) -> Problem {
    Problem {
        status: status.as_u16(),
        code: code.to_owned(),
        title: title.to_owned(),
        detail: detail.to_owned(),
        rule: None,
        place: None,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let header: Option<(HeaderName, &'static str)> = match status {
            StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, "Bearer")),
            StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, "1")),
            _ => None,
        };
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some((name, value)) = header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
