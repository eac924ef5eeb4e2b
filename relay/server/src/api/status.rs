//! What the relay is doing, for people and programs that watch.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;

use crate::relay::Control;
use crate::status::{self, Page, Status};

/// So long an answer is given again: however many watch, everybody is counted four times a second at
/// most.
const AGE_MAX: Duration = Duration::from_millis(250);

/// Where the page is.
pub(super) const PAGE_PATH: &str = "/status";

/// The last answer, and when it was made.
#[derive(Clone, Default)]
pub(super) struct Latest(Arc<Mutex<Option<(Instant, Bytes)>>>);

/// Says what the relay is doing.
#[utoipa::path(get, path = "/v1/status", tag = "process", operation_id = "status",
    responses((status = 200, description = "Sums over rooms, regions, shards, rules and reasons",
               body = Status)))]
pub(super) async fn status(
    State(control): State<Control>,
    Extension(latest): Extension<Latest>,
) -> impl IntoResponse {
    let made = || Bytes::from(serde_json::to_vec(&Status::of(&control)).unwrap_or_default());
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (headers, latest.get(Instant::now(), made))
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

impl Latest {
    fn get(&self, now: Instant, make: impl FnOnce() -> Bytes) -> Bytes {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some((made, answer)) if now.saturating_duration_since(*made) < AGE_MAX => {
                answer.clone()
            }
            _ => latest.insert((now, make())).1.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_again_until_it_is_old() {
        let latest = Latest::default();
        let start = Instant::now();
        let at = |age, answer: &'static str| {
            latest.get(start + age, || Bytes::from_static(answer.as_bytes()))
        };
        assert_eq!(at(Duration::ZERO, "first"), "first");
        assert_eq!(at(AGE_MAX / 2, "second"), "first");
        assert_eq!(at(AGE_MAX, "third"), "third");
    }
}
