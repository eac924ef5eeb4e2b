//! Who may call over TCP: whoever shows the token.

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::Uri;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::refusals;
use super::turn::REST_PATH;
use crate::config::Secret;
use crate::relay::Control;

/// What anyone who reaches the listener may ask: probes and scrapers hold no token, and a browser has
/// none before the status page has asked for it. That page holds no number.
const OPEN: [&str; 4] = ["/health", "/ready", "/metrics", super::status::PAGE_PATH];

/// The router behind the token of the configuration in force. Without a token nobody can show it,
/// and every call is refused.
pub(super) fn require(router: Router, control: Control) -> Router {
    router.layer(from_fn_with_state(control, check))
}

async fn check(State(control): State<Control>, request: Request, next: Next) -> Response {
    let open = OPEN.contains(&request.uri().path());
    let shown = |token: &Secret| shows(&request, token) || asks_with(request.uri(), token);
    if open || control.config().control.token().is_some_and(shown) {
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

/// Whether the query carries the token, as draft-uberti-behave-turn-rest-00 section 2.1 has it, for
/// the one call that is of that draft. A key in two versions is none.
fn asks_with(uri: &Uri, token: &Secret) -> bool {
    if uri.path() != REST_PATH {
        return false;
    }
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return false;
    };
    let mut keys = pairs.iter().filter(|(name, _)| name == "key");
    match (keys.next(), keys.next()) {
        (Some((_, key)), None) => key.as_bytes().ct_eq(token.expose().as_bytes()).into(),
        _ => false,
    }
}
