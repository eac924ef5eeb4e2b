//! One connection, from its first byte to its last.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Caller;

/// From the first byte that may come to the end of a request's head, also of the next request: an
/// honest client writes it in one go.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// A request's head. The longest honest one has a token of 4 kB.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Header fields of a request; browsers send about 20.
const HEADERS_MAX: usize = 64;

/// Life of a connection. Who reads an answer slowly, or asks without end, must come again.
const LIFE_MAX: Duration = Duration::from_secs(60);

/// Time for the request in progress once that life is over.
const GRACE: Duration = Duration::from_secs(10);

/// Serves requests until the client closes, breaks HTTP or runs out of time.
/// Each request carries who it is.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    caller: Caller,
    router: Router,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(caller);
        router.call(request)
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // How a connection ended is the client's affair.
    let life = tokio::time::timeout(LIFE_MAX, connection.as_mut());
    if life.await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(GRACE, connection).await;
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{sleep, timeout};

    use super::*;

    /// Of virtual time.
    const MARGIN: Duration = Duration::from_secs(2);

    /// A client's end, and the server's task.
    fn connect() -> (DuplexStream, tokio::task::JoinHandle<()>) {
        let (client, server) = duplex(1 << 10);
        let long = "x".repeat(1 << 20);
        let router = Router::new().route("/", get(|| async { long }));
        (client, tokio::spawn(serve(server, Caller::Unknown, router)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_ends_after_ten_seconds() {
        let (mut client, served) = connect();
        tokio::spawn(async move {
            for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\n".iter().cycle() {
                client.write_all(&[*byte]).await.unwrap();
                sleep(Duration::from_secs(1)).await;
            }
        });
        assert!(timeout(HEAD_TIME_MAX + MARGIN, served).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_ends_after_ten_seconds() {
        let (_client, served) = connect();
        assert!(timeout(HEAD_TIME_MAX + MARGIN, served).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_more_ends_too() {
        let (mut client, served) = connect();
        client.write_all(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        assert!(timeout(HEAD_TIME_MAX + MARGIN, served).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_ends() {
        let (mut client, served) = connect();
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        assert!(timeout(LIFE_MAX + GRACE + MARGIN, served).await.is_ok());
    }

    #[tokio::test]
    async fn a_head_without_end_is_refused() {
        let (mut client, served) = connect();
        let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(2 * HEAD_BYTES_MAX));
        // The server may close before all of it is written.
        let _ = client.write_all(head.as_bytes()).await;
        let mut answer = String::new();
        let _ = client.read_to_string(&mut answer).await;
        served.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}
