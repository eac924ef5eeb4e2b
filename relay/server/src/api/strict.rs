//! What comes in with a call, read strictly: an unknown field, a number in quotes or a body without
//! end is refused before anything is done.

use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Problem;
use super::refusals;

/// A body: a thousand names to hear take 66 kB at the very most, and no honest list comes near.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Time for a whole body to come in.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// A JSON body of so many bytes at most.
pub(super) struct StrictJson<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub(super) T);

/// Values of the path.
pub(super) struct StrictPath<T>(pub(super) T);

/// Values of the query.
pub(super) struct StrictQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync, const BYTES_MAX: usize> FromRequest<S>
    for StrictJson<T, BYTES_MAX>
{
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !says_json(&request) {
            return Err(refusals::not_json());
        }
        let body = tokio::time::timeout(BODY_TIME_MAX, read(request, BYTES_MAX)).await;
        let body = body.map_err(|_| refusals::too_slow())??;
        serde_json::from_slice(&body).map(Self).map_err(|error| bad_json(&error))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for StrictPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value))
            .map_err(|error: PathRejection| refusals::bad_path(&error.body_text()))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for StrictQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|error: QueryRejection| refusals::bad_query(&error.body_text()))
    }
}

fn says_json(request: &Request) -> bool {
    let value = request.headers().get(CONTENT_TYPE);
    let media_type =
        value.and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
    media_type.is_some_and(|text| text.trim().eq_ignore_ascii_case("application/json"))
}

async fn read(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let body = Limited::new(request.into_body(), bytes_max);
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(refusals::too_large(bytes_max)),
        Err(error) => Err(refusals::bad_json(&format!("the body broke off: {error}"))),
    }
}

fn bad_json(error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => refusals::bad_body(&error.to_string()),
        Category::Syntax | Category::Eof | Category::Io => refusals::bad_json(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::Body;
    use hyper::body::Frame;

    use super::*;

    /// A body of which nothing ever comes.
    struct Silence;

    impl hyper::body::Body for Silence {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }

    async fn read_json(body: Body) -> Result<Vec<u8>, Problem> {
        let request = Request::builder().header(CONTENT_TYPE, "application/json");
        let request = request.body(body).unwrap();
        <StrictJson<_>>::from_request(request, &()).await.map(|StrictJson(numbers)| numbers)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let read = read_json(Body::new(Silence));
        let read = tokio::time::timeout(BODY_TIME_MAX + Duration::from_secs(1), read).await;
        let problem = read.expect("given up by then").unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (408, "too_slow"));
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_bound_and_no_further() {
        let spaces = |count| Body::from(format!("[1]{}", " ".repeat(count)));
        let fits = read_json(spaces(BODY_BYTES_MAX - 3)).await;
        assert_eq!(fits, Ok(vec![1]));
        let problem = read_json(spaces(BODY_BYTES_MAX - 2)).await.unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (413, "too_large"));
    }

    #[tokio::test]
    async fn a_call_may_have_a_bound_of_its_own() {
        let read = async |text: &'static str| {
            let request = Request::builder().header(CONTENT_TYPE, "application/json");
            let request = request.body(Body::from(text)).unwrap();
            let read = StrictJson::<Vec<u8>, 4>::from_request(request, &()).await;
            read.map(|StrictJson(numbers)| numbers).map_err(|problem| problem.status)
        };
        assert_eq!((read("[12]").await, read("[123]").await), (Ok(vec![12]), Err(413)));
    }
}
