//! Who may call over TCP: whoever shows the token.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::refusals;
use crate::config::Secret;

/// What anyone who reaches the listener may ask: probes and scrapers hold no token.
const OPEN: [&str; 3] = ["/health", "/ready", "/metrics"];

/// The router behind the token. Without a token nobody can show it, and every call is refused.
pub(super) fn require(router: Router, token: Option<Arc<Secret>>) -> Router {
    router.layer(from_fn_with_state(token, check))
}

async fn check(State(token): State<Option<Arc<Secret>>>, request: Request, next: Next) -> Response {
    let open = OPEN.contains(&request.uri().path());
    if open || token.is_some_and(|token| shows(&request, &token)) {
        return next.run(request).await;
    }
    refusals::unauthorized().into_response()
}

/// Whether the request carries the token (RFC 6750 section 2.1), in time that depends on its
/// length alone.
fn shows(request: &Request, token: &Secret) -> bool {
    let Some(value) = request.headers().get(AUTHORIZATION) else {
        return false;
    };
    let Some((scheme, shown)) = value.as_bytes().split_at_checked("Bearer ".len()) else {
        return false;
    };
    scheme.eq_ignore_ascii_case(b"Bearer ") && shown.ct_eq(token.expose().as_bytes()).into()
}
