//! How connections come in: bounded in number, time and bytes, whoever makes them.

mod caller;
mod connection;
mod gate;
mod unix_socket;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};

pub(super) use self::caller::Caller;
pub(super) use self::gate::Gate;
use self::gate::Pass;
pub(super) use self::unix_socket::UnixSocket;

/// Pause after an accept that failed for want of file descriptors or memory (accept(2)).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A TCP listener for tokio.
pub(super) fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the unix socket for ever.
pub(super) async fn serve_unix(socket: &UnixSocket, gate: Gate, router: Router) {
    let listener = match socket.listener() {
        Ok(listener) => listener,
        Err(error) => return give_up(&error),
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let caller = Caller::of_unix(&stream);
                admit((stream, caller), gate.enter(None), &router);
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves the TCP listener for ever, if there is one.
pub(super) async fn serve_tcp(listener: Option<TcpListener>, gate: Gate, router: Router) {
    let Some(listener) = listener else { return };
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return give_up(&error),
    };
    loop {
        match listener.accept().await {
            Ok((stream, source)) => {
                let caller = Caller::Token(source.ip());
                admit((stream, caller), gate.enter(Some(source.ip())), &router);
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves the connection, or closes it when there are too many.
fn admit(
    (stream, caller): (impl AsyncRead + AsyncWrite + Unpin + Send + 'static, Caller),
    pass: Option<Pass>,
    router: &Router,
) {
    if let Some(pass) = pass {
        let router = router.clone();
        tokio::spawn(async move {
            connection::serve(stream, caller, router).await;
            drop(pass);
        });
    }
}

/// The relay goes on without the listener: calls that run are worth more than the API.
fn give_up(error: &io::Error) {
    tracing::error!(%error, "the API cannot listen");
}
