//! The control API: HTTP/1.1 on a unix socket, and on TCP for whoever shows the token. It runs on
//! the control thread, never on a shard.

mod allocations;
mod authorization;
mod drain;
mod latest;
mod listener;
mod name;
mod paging;
mod participants;
pub mod plan;
mod problem;
mod process;
pub mod prove;
mod refusals;
mod reload;
mod report;
mod rooms;
mod routes;
pub mod select;
mod sessions;
mod status;
mod strict;
mod turn;
pub mod why;

use std::net::{SocketAddr, TcpListener};

pub use self::problem::Problem;
pub use self::routes::document;
pub(crate) use crate::timestamp::date as calendar_day;

use self::listener::{Gate, UnixSocket};
use crate::config;
use crate::relay::{Attend, Control, StartError};
use crate::timestamp;

/// The API's listeners, bound and not yet served. Dropping it removes the socket's file.
pub struct Api {
    socket: UnixSocket,
    http: Option<TcpListener>,
}

impl Api {
    /// Binds the unix socket, and the TCP address if there is one.
    ///
    /// # Errors
    /// What keeps either from being bound, such as another relay that answers on the socket; then
    /// neither is bound.
    pub fn bind(settings: &config::Control) -> Result<Self, StartError> {
        let socket = UnixSocket::bind(&settings.socket)
            .map_err(|error| StartError::ControlSocket(settings.socket.clone(), error))?;
        let http = settings.http.map(|address| {
            listener::bind_tcp(address).map_err(|error| StartError::Bind(address, error))
        });
        Ok(Self { socket, http: http.transpose()? })
    }

    /// The TCP address, port resolved.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref()?.local_addr().ok()
    }
}

impl Attend for Api {
    async fn attend(self, control: Control) {
        let router = routes::router(control.clone());
        let guarded = authorization::require(router.clone(), control);
        tokio::join!(
            listener::serve_unix(&self.socket, Gate::unix(), router),
            listener::serve_tcp(self.http, Gate::tcp(), guarded),
        );
        // Whoever attends must not end before the relay does.
        std::future::pending::<()>().await;
    }
}
