//! `[control]`: who may command the relay, and from where.

use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use ringfence_fence::Located;

use super::super::bounds::SOCKET_PATH_BYTES_MAX;
use super::super::raw::{Control as Raw, Item, Optional};
use super::super::settings::Control;
use super::Resolver;
use super::addresses::socket_address;
use super::listen::Written;

/// The unix socket's name where none is given, in the file's folder.
pub(crate) const SOCKET: &str = "ringfence.sock";
/// What is shut while the token is not there.
const TOKEN_GUARDS: &str = "the TCP API refuses every call that needs the token";

impl Resolver<'_> {
    pub(super) fn control(
        &mut self,
        raw: Option<&Item<Raw>>,
        listen: Option<&Written>,
    ) -> Option<Control> {
        let Some(raw) = raw else {
            let socket = self.base_dir().join(SOCKET);
            return Some(Control { socket, http: None, token: None });
        };
        let socket = self.socket_path(&raw.socket);
        let http = raw.http.as_ref().and_then(|item| self.parsed(item, socket_address));
        if let (Some(http), Some(listen)) = (&http, listen) {
            self.check_free(http, listen);
        }
        let token = raw.token.as_ref().and_then(|item| self.slot(item, TOKEN_GUARDS));
        if let (Some(http), None) = (&raw.http, &raw.token)
            && !self.lost.holds(&["control", "token"])
        {
            let message = "`control.http` is open to the network, and `control.token` is missing";
            let help = "add token = \"file:control.token\", or leave `http` out";
            self.error("http_without_token", self.at(http), message, help);
        }
        Some(Control { socket: socket?, http: http.map(|http| http.value), token })
    }

    fn check_free(&mut self, http: &Located<SocketAddr>, listen: &Written) {
        if let Some(taken) = listen.tcp.iter().find(|socket| socket.value == http.value) {
            self.duplicate(http, taken);
        }
    }

    fn socket_path(&mut self, item: &Optional<String>) -> Option<PathBuf> {
        let Some(item) = item else {
            return Some(self.base_dir().join(SOCKET));
        };
        let path = self.base_dir().join(item.as_str());
        let bytes = path.as_os_str().as_bytes();
        let fault = if item.is_empty() {
            "is empty".to_owned()
        } else if bytes.contains(&0) {
            "holds a zero byte".to_owned()
        } else if bytes.len() > SOCKET_PATH_BYTES_MAX {
            format!("is {} bytes long with its folder", bytes.len())
        } else {
            return Some(path);
        };
        let help = format!("name a file of at most {SOCKET_PATH_BYTES_MAX} bytes (unix(7))");
        self.error("bad_socket", self.at(item), format!("`control.socket` {fault}"), &help);
        None
    }
}
