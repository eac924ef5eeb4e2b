//! Which path leads where, and the document that says so: both come out of one list.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Router};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    allocations, drain, participants, plan, process, refusals, reload, report, rooms, select,
    sessions, status, turn, why,
};
use crate::relay::Control;

/// Title, security and tags of the document; its paths come from the router.
#[derive(OpenApi)]
#[openapi(
    info(title = "Ringfence control API", description = "Rooms, sessions and decisions of one relay"),
    modifiers(&Surroundings),
    security(("token" = [])),
    tags(
        (name = "rooms", description = "Who may speak with whom"),
        (name = "turn", description = "TURN clients: their credentials, their allocations"),
        (name = "fence", description = "What the fence decides, and why"),
        (name = "audit", description = "What is on record"),
        (name = "process", description = "Probes and metrics, which need no token; and sums"),
    ),
)]
struct Frame;

struct Surroundings;

/// The OpenAPI document as JSON text, with a line break at its end.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let document = open_routes().into_openapi();
        // A tree of strings, numbers and lists is always JSON.
        let text = document.to_pretty_json().unwrap_or_default();
        format!("{text}\n")
    });
    &DOCUMENT
}

/// All calls.
pub(super) fn router(control: Control) -> Router {
    let (router, _) = open_routes().split_for_parts();
    router
        .route(status::PAGE_PATH, get(status::page))
        .layer(Extension(status::LatestStatus::default()))
        .layer(Extension(process::LatestMetrics::default()))
        .with_state(control)
        .fallback(refusals::no_route)
        .method_not_allowed_fallback(refusals::bad_method)
}

#[expect(clippy::cognitive_complexity, reason = "a list, one call a line")]
fn open_routes() -> OpenApiRouter<Control> {
    OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(rooms::list))
        .routes(routes!(rooms::get, rooms::narrow))
        .routes(routes!(participants::join))
        .routes(routes!(participants::leave))
        .routes(routes!(sessions::list))
        .routes(routes!(turn::credentials))
        .routes(routes!(allocations::list))
        .routes(routes!(turn::rest, turn::rest_posted))
        .routes(routes!(plan::plan))
        .routes(routes!(select::select))
        .routes(routes!(why::ask))
        .routes(routes!(reload::reload))
        .routes(routes!(drain::drain, drain::resume, drain::state))
        .routes(routes!(report::get))
        .routes(routes!(status::status))
        .routes(routes!(process::health))
        .routes(routes!(process::ready))
        .routes(routes!(process::metrics))
        .routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "process", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document())
}

impl Modify for Surroundings {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        document.servers = Some(vec![Server::new("/")]);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token of `control.token`, over TCP only"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}
