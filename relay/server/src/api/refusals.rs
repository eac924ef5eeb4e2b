//! Every way in which a call can fail, with its status and its stable code.

use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ringfence_core::{JoinError, NarrowError};
use ringfence_fence::Refusal;
use serde_json::{Value, json};

use super::Problem;
use super::problem::ChangeRefused;
use super::select::Unselected;
use super::why;
use crate::config::{self, Failure};
use crate::relay::{Busy, Control, InForce, JoinRefused, NarrowRefused};
use crate::reload::Refused;
use crate::report::NoReport;
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
    pub(super) const NOT_NARROWER: Kind = (StatusCode::CONFLICT, "not_narrower", "not narrower");
    pub(super) const RELOAD_IN_PROGRESS: Kind =
        (StatusCode::CONFLICT, "reload_in_progress", "another reload is under way");
    pub(super) const NOT_RELOADABLE: Kind =
        (StatusCode::CONFLICT, "not_reloadable", "nothing to read again");
    pub(super) const BAD_CONFIG: Kind =
        (StatusCode::UNPROCESSABLE_ENTITY, "bad_config", "the configuration is refused");
    pub(super) const INVARIANT_VIOLATED: Kind =
        (StatusCode::CONFLICT, "invariant_violated", "an invariant does not hold");
    pub(super) const WIDENING_REFUSED: Kind =
        (StatusCode::CONFLICT, "widening_refused", "the change widens a fence");
    pub(super) const NO_FOLDER: Kind =
        (StatusCode::CONFLICT, "not_reloadable", "paths start nowhere");
    pub(super) const NO_SITE: Kind =
        (StatusCode::CONFLICT, "no_site_in_fence", "no site may carry, or none that may is up");
    pub(super) const SITE_NOT_FOUND: Kind =
        (StatusCode::NOT_FOUND, "site_not_found", "no such site");
    pub(super) const BUSY: Kind = (StatusCode::SERVICE_UNAVAILABLE, "busy", "busy");
    pub(super) const NO_AUDIT: Kind = (StatusCode::NOT_FOUND, "no_audit", "nothing on record");
    pub(super) const NOT_ON_RECORD: Kind =
        (StatusCode::NOT_FOUND, "not_on_record", "nothing on record");
    pub(super) const SEVERAL_TENANTS: Kind =
        (StatusCode::BAD_REQUEST, "several_tenants", "whose is not said");
    pub(super) const TOO_MUCH: Kind =
        (StatusCode::INSUFFICIENT_STORAGE, "too_much", "too much to read");
    pub(super) const NO_TRAIL: Kind =
        (StatusCode::SERVICE_UNAVAILABLE, "no_audit_trail", "no audit trail");
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
        JoinError::Refused(refusal) => refused_by_fence(kind, &refusal, control),
        error => problem(kind, &error.to_string()),
    }
}

/// A room that is as it was.
pub(super) fn narrow_refused(refused: NarrowRefused, room: &str, control: &Control) -> Problem {
    match refused {
        NarrowRefused::Busy => busy(Busy),
        NarrowRefused::Refused(NarrowError::UnknownRoom) => no_room(room),
        NarrowRefused::Refused(error @ NarrowError::NotNarrower) => {
            problem(kinds::NOT_NARROWER, &error.to_string())
        }
        NarrowRefused::Refused(NarrowError::Refused(refusal)) => {
            let kind = (StatusCode::FORBIDDEN, refusal.rule.code(), "refused by the fence");
            refused_by_fence(kind, &refusal, control)
        }
    }
}

fn refused_by_fence(kind: kinds::Kind, refusal: &Refusal, control: &Control) -> Problem {
    let then = control.in_force_at(refusal.epoch).unwrap_or_else(|| control.in_force());
    let detail = why::in_words(&then.policy, refusal, None);
    with_rule(problem(kind, &detail), refusal, &then)
}

/// Someone for whom no TURN credentials are made.
pub(super) fn no_credentials(refused: &NotMade, by: &InForce) -> Problem {
    let (status, title) = of_credentials(refused);
    let problem = problem((status, refused.code(), title), &refused.in_words(&by.policy));
    match refused {
        NotMade::Refused(refusal) => with_rule(problem, refusal, by),
        _ => problem,
    }
}

/// A reload after which all is as it was.
pub(super) fn reload_refused(refused: &Refused) -> Problem {
    let kind = match refused {
        Refused::InProgress => kinds::RELOAD_IN_PROGRESS,
        Refused::NotReloadable => kinds::NOT_RELOADABLE,
        Refused::BadConfig(_) => kinds::BAD_CONFIG,
        Refused::Violated(_) => kinds::INVARIANT_VIOLATED,
        Refused::Widens { .. } => kinds::WIDENING_REFUSED,
        Refused::Busy | Refused::Unconfirmed | Refused::Interrupted => kinds::BUSY,
    };
    let change = ChangeRefused {
        errors: match refused {
            Refused::BadConfig(failure) | Refused::Violated(failure) => errors_of(failure),
            _ => Vec::new(),
        },
        digest: refused.digest().map(str::to_owned),
        plan: match refused {
            Refused::Widens { plan, .. } => Some((**plan).clone()),
            _ => None,
        },
    };
    let change = (change != ChangeRefused::default()).then(|| Box::new(change));
    Problem { change, ..problem(kind, &refused.to_string()) }
}

fn errors_of(failure: &Failure) -> Vec<Value> {
    match failure.to_json() {
        Value::Array(errors) => errors,
        other => vec![other],
    }
}

/// A text of a configuration that has errors. Of errors that lie in files that the text names only
/// the kind is told: whoever can send a text may not be somebody who can read those files.
pub(super) fn bad_config_text(failure: &Failure) -> Problem {
    let in_text = |error: &Value| error.get("file").is_none_or(|file| file == config::NEW);
    let shown = errors_of(failure).into_iter().map(|error| match in_text(&error) {
        true => error,
        false => json!({ "code": error["code"], "message": "an error in a file that it names" }),
    });
    let errors: Vec<Value> = shown.collect();
    let detail = format!("the configuration has {} errors", errors.len());
    let change = ChangeRefused { errors, ..ChangeRefused::default() };
    Problem { change: Some(Box::new(change)), ..problem(kinds::BAD_CONFIG, &detail) }
}

/// A relay whose configuration came from memory.
pub(super) fn no_folder() -> Problem {
    let detail = "this relay was not started from a file, so relative paths would start nowhere";
    problem(kinds::NO_FOLDER, detail)
}

/// As many plans are being made as may be at a time.
pub(super) fn plans_busy() -> Problem {
    problem(kinds::BUSY, "other plans are being made; try again in a second")
}

/// A plan that did not come to its end.
pub(super) fn plan_interrupted() -> Problem {
    problem(kinds::BUSY, "the relay stops, or the plan failed")
}

/// No site is offered.
pub(super) fn unselected(unselected: Unselected, in_force: &InForce) -> Problem {
    let (error, refused_sites) = match unselected {
        Unselected::UnknownSite(name) => return no_site(&name),
        Unselected::NoSite { error, refused } => (error, refused),
    };
    let Some(refusal) = error.cause else {
        let detail = "every site is refused, full or down; `refused_sites` says which and why";
        return Problem { refused_sites: refused_sites.into(), ..problem(kinds::NO_SITE, detail) };
    };
    let kind = (StatusCode::FORBIDDEN, refusal.rule.code(), "refused by the fence");
    with_rule(problem(kind, &why::in_words(&in_force.policy, &refusal, None)), &refusal, in_force)
}

/// A site that is not there, or not to be seen from here.
pub(super) fn no_site(site: &str) -> Problem {
    let site: String = site.chars().take(100).collect();
    problem(kinds::SITE_NOT_FOUND, &format!("there is no site `{site}` in this enclave"))
}

/// Shards that are behind.
pub(super) fn busy(_: Busy) -> Problem {
    problem(kinds::BUSY, "the shards are behind; nothing was done, try again in a second")
}

/// A relay without an audit trail.
pub(super) fn no_audit() -> Problem {
    problem(kinds::NO_AUDIT, "the configuration has no `audit.path`, so nothing is on record")
}

/// Another report that is being made.
pub(super) fn report_busy() -> Problem {
    problem(kinds::BUSY, "one report is made at a time; try again in a second")
}

/// A meeting of which no report can be made.
pub(super) fn no_report(error: &NoReport) -> Problem {
    let kind = match error {
        NoReport::NotOnRecord(..) => kinds::NOT_ON_RECORD,
        NoReport::SeveralTenants(_) => kinds::SEVERAL_TENANTS,
        NoReport::TooMuch(_) => kinds::TOO_MUCH,
        NoReport::NoTrail(_) => kinds::NO_TRAIL,
    };
    problem(kind, &error.to_string())
}

/// More time than anybody waits for the end of a call.
pub(super) fn deadline_out_of_range(most_s: u32) -> Problem {
    problem(
        kinds::BAD_BODY,
        &format!("`deadline_s` is at most {most_s}; leave it out to wait for all"),
    )
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
        | JoinError::RoomHasOtherGroup
        | JoinError::RoomHasOtherRegions
        | JoinError::ParticipantExists => (StatusCode::CONFLICT, "taken"),
        JoinError::RoomFull | JoinError::TenantRoomsFull | JoinError::TenantParticipantsFull => {
            (StatusCode::TOO_MANY_REQUESTS, "quota used up")
        }
        JoinError::RelayRoomsFull | JoinError::RelayParticipantsFull => {
            (StatusCode::INSUFFICIENT_STORAGE, "relay full")
        }
        JoinError::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        JoinError::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
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

fn with_rule(problem: Problem, refusal: &Refusal, by: &InForce) -> Problem {
    Problem {
        rule: Some(refusal.rule.code().into()),
        place: by.place(refusal).map(Into::into),
        ..problem
    }
}

fn problem((status, code, title): kinds::Kind, detail: &str) -> Problem {
    Problem {
        status: status.as_u16(),
        code: code.to_owned(),
        title: title.into(),
        detail: detail.into(),
        rule: None,
        place: None,
        refused_sites: Box::default(),
        change: None,
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
