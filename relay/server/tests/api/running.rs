//! A relay on loopback, in this process, with its API.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hyper::Method;
use ringfence::api::Api;
use ringfence::client::{ApiClient, ClientError, Problem};
use ringfence::config::{self, Loaded};
use ringfence::relay::Relay;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const CONFIG: &str = include_str!("running.toml");
pub(crate) const TOKEN: &str = "correct horse battery staple";

pub(crate) struct Running {
    pub(crate) relay: Relay,
    pub(crate) http: SocketAddr,
    pub(crate) dir: TempDir,
    runtime: tokio::runtime::Runtime,
}

/// A relay with the configuration of these tests.
pub(crate) fn start() -> Running {
    start_with(CONFIG)
}

/// A relay with another configuration.
pub(crate) fn start_with(text: &str) -> Running {
    let dir = tempfile::tempdir().unwrap();
    write_token(dir.path(), TOKEN);
    start_in(dir, text)
}

/// A relay whose files are in a folder that is there already.
pub(crate) fn start_in(dir: TempDir, text: &str) -> Running {
    let loaded = load(dir.path(), text);
    let api = Api::bind(&loaded.config.control).unwrap();
    let http = api.http_address().unwrap();
    Running { relay: Relay::start(loaded, api).unwrap(), http, dir, runtime: runtime() }
}

/// The configuration, with ports that the kernel chooses.
pub(crate) fn load(dir: &Path, text: &str) -> Loaded {
    let loaded = config::parse("ringfence.toml", text, dir, []);
    let mut loaded = loaded.unwrap_or_else(|failure| panic!("{failure}"));
    for address in &mut loaded.config.listen.media {
        address.set_port(0);
    }
    if let Some(http) = &mut loaded.config.control.http {
        http.set_port(0);
    }
    loaded
}

pub(crate) fn write_token(dir: &Path, token: &str) {
    let path = dir.join("control.token");
    fs::write(&path, token).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

impl Running {
    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("ringfence.sock")
    }

    /// Calls over the unix socket.
    pub(crate) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        self.call_with(&ApiClient::unix(self.socket()), method, path, body)
    }

    pub(crate) fn call_with(
        &self,
        client: &ApiClient,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        match self.runtime.block_on(client.call(method, path, body)) {
            Ok(answer) => Ok(answer),
            Err(ClientError::Problem(problem)) => Err(*problem),
            Err(other) => panic!("{other}"),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, Problem> {
        self.call(Method::GET, path, None)
    }

    pub(crate) fn join(&self, room: &str, body: &Value) -> Result<Value, Problem> {
        let path = format!("/v1/rooms/{room}/participants");
        self.call(Method::POST, &path, Some(body))
    }

    pub(crate) fn join_as(&self, room: &str, participant: &str) -> Result<Value, Problem> {
        self.join(room, &json!({ "tenant": "acme", "participant": participant }))
    }

    pub(crate) fn leave(&self, room: &str, participant: &str) -> Result<Value, Problem> {
        let path = format!("/v1/rooms/{room}/participants/{participant}");
        self.call(Method::DELETE, &path, None)
    }

    /// All that a refusal could have left behind.
    pub(crate) fn state(&self) -> (Value, Value) {
        let rooms = self.get("/v1/rooms").unwrap();
        (rooms, self.get("/v1/sessions").unwrap())
    }
}
