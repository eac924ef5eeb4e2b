//! Whether the relay lives, whether it should get calls, and what it counts.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::latest::Latest;
use super::{Problem, refusals};
use crate::metrics;
use crate::relay::Control;
use crate::status::problems;

/// What was counted last.
#[derive(Clone, Default)]
pub(super) struct LatestMetrics(Latest);

/// The process lives.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// Of the program.
    version: &'static str,
    uptime_s: u64,
}

/// The relay can carry calls.
#[derive(Serialize, ToSchema)]
pub(super) struct Ready {
    /// Always `ready`.
    status: &'static str,
    /// Threads that move packets.
    shards: usize,
}

/// Says that the process lives.
#[utoipa::path(get, path = "/health", tag = "process", operation_id = "health", security(()),
    responses((status = 200, description = "It lives", body = Health)))]
pub(super) async fn health(State(control): State<Control>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: control.uptime().as_secs(),
    })
}

/// Says whether calls may be sent here.
#[utoipa::path(get, path = "/ready", tag = "process", operation_id = "ready", security(()),
    responses(
        (status = 200, description = "All shards run, and the relay is where it says it is",
         body = Ready),
        (status = 503, description = "Not so; `detail` says what is missing", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn ready(State(control): State<Control>) -> Result<Json<Ready>, Problem> {
    let problems = problems(&control);
    if !problems.is_empty() {
        return Err(refusals::not_ready(&problems));
    }
    Ok(Json(Ready { status: "ready", shards: control.shards().len() }))
}

/// What the relay counts.
#[utoipa::path(get, path = "/metrics", tag = "process", operation_id = "metrics", security(()),
    responses((status = 200, description = "OpenMetrics 1.0", body = String,
               content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub(super) async fn metrics(
    State(control): State<Control>,
    Extension(LatestMetrics(latest)): Extension<LatestMetrics>,
) -> impl IntoResponse {
    let content_type = [(CONTENT_TYPE, metrics::CONTENT_TYPE)];
    (content_type, latest.get(|| metrics::encode(&control).into()))
}
