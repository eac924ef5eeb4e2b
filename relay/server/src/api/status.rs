//! What the relay is doing, for people and programs that watch.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;

use super::latest::Latest;
use crate::relay::Control;
use crate::status::{self, Page, Status};

/// Where the page is.
pub(super) const PAGE_PATH: &str = "/status";

/// The last answer.
#[derive(Clone, Default)]
pub(super) struct LatestStatus(Latest);

/// Says what the relay is doing.
#[utoipa::path(get, path = "/v1/status", tag = "process", operation_id = "status",
    responses((status = 200, description = "Sums over rooms, regions, shards, rules and reasons",
               body = Status)))]
pub(super) async fn status(
    State(control): State<Control>,
    Extension(LatestStatus(latest)): Extension<LatestStatus>,
) -> impl IntoResponse {
    let made = || Bytes::from(serde_json::to_vec(&Status::of(&control)).unwrap_or_default());
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (headers, latest.get(made))
}

/// The page that shows it. It is the same for everybody: it asks whoever looks for the token.
pub(super) async fn page() -> impl IntoResponse {
    let Page { html, policy } = status::page();
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, policy.as_str()),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, html.as_str())
}
