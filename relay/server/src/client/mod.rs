//! Asks a running relay, over its unix socket or over TCP with a token.

mod error;
mod query;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use zeroize::Zeroizing;

pub use self::error::ClientError;
pub use self::query::with_query;
pub use crate::api::Problem;

/// Longest wait for an answer to most calls; the relay itself gives up on a call earlier.
const CALL_TIME_MAX: Duration = Duration::from_secs(15);

/// Longest answer that is read: a page of 1,000 participants with 16 sources each takes about 3 MB.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A client of the control API. Each call makes its own connection.
#[derive(Clone, Debug)]
pub struct ApiClient {
    target: Target,
    patience: Duration,
}

#[derive(Clone)]
enum Target {
    Unix(PathBuf),
    Tcp(SocketAddr, Zeroizing<String>),
}

impl ApiClient {
    /// A client of the relay that listens on this socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::of(Target::Unix(path.into()))
    }

    /// A client of the relay that listens on this address and wants this token.
    pub fn tcp(address: SocketAddr, token: impl Into<String>) -> Self {
        Self::of(Target::Tcp(address, Zeroizing::new(token.into())))
    }

    /// The same client, for calls that take the relay longer.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Makes one call and reads its answer; `Null` for an answer without a body. Values in `path`
    /// are percent-encoded already ([`with_query`]). Runs on a tokio runtime.
    ///
    /// # Errors
    /// The relay was not reached or said no, or what answered is no relay.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let request = self.request(method, path, body)?;
        let exchange = tokio::time::timeout(self.patience, self.exchange(request));
        let (status, body) =
            exchange.await.map_err(|_| self.unreachable(&"no answer in time"))??;
        read(status, &body)
    }

    fn of(target: Target) -> Self {
        Self { target, patience: CALL_TIME_MAX }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let garbled = |error: &dyn std::fmt::Display| ClientError::Garbled(error.to_string());
        let mut request = Request::builder().method(method).uri(path);
        if let Target::Tcp(address, token) = &self.target {
            let bearer = Zeroizing::new(format!("Bearer {}", token.as_str()));
            let mut bearer = HeaderValue::from_str(&bearer).map_err(|error| garbled(&error))?;
            bearer.set_sensitive(true);
            request = request.header(HOST, address.to_string()).header(AUTHORIZATION, bearer);
        } else {
            request = request.header(HOST, "localhost");
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body)));
        request.map_err(|error| garbled(&error))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        match &self.target {
            Target::Unix(path) => match UnixStream::connect(path).await {
                Ok(stream) => self.converse(stream, request).await,
                Err(error) => Err(self.unreachable(&error)),
            },
            Target::Tcp(address, _) => match TcpStream::connect(address).await {
                Ok(stream) => self.converse(stream, request).await,
                Err(error) => Err(self.unreachable(&error)),
            },
        }
    }

    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        // It ends with the sender; what it says of its end, the answer says too.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let answer = sender.send_request(request).await;
        collect(answer.map_err(|error| self.unreachable(&error))?).await
    }

    fn unreachable(&self, reason: &dyn std::fmt::Display) -> ClientError {
        let target = match &self.target {
            Target::Unix(path) => path.display().to_string(),
            Target::Tcp(address, _) => address.to_string(),
        };
        ClientError::Unreachable { target, reason: reason.to_string() }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "Unix({})", path.display()),
            Self::Tcp(address, _) => write!(f, "Tcp({address}, <secret>)"),
        }
    }
}

async fn collect<B>(answer: Response<B>) -> Result<(StatusCode, Bytes), ClientError>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| ClientError::Garbled(error.to_string()))?;
    Ok((status, body.to_bytes()))
}

fn read(status: StatusCode, body: &[u8]) -> Result<Value, ClientError> {
    let garbled = |error: serde_json::Error| {
        ClientError::Garbled(format!("status {status}, and no JSON to it: {error}"))
    };
    if !status.is_success() {
        let problem = serde_json::from_slice(body).map_err(garbled)?;
        return Err(ClientError::Problem(problem));
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(garbled)
}
