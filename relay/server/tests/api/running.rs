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

/// A relay that keeps an audit trail and serves TURN to acme, which has two secrets, and to globex, which has one that is not
/// there.
pub(crate) fn start_with_turn() -> Running {
    start_with_turn_and(|text| text)
}

/// The same, with more of something.
pub(crate) fn start_with_turn_and(more: impl Fn(String) -> String) -> Running {
    let dir = tempfile::tempdir().unwrap();
    write_token(dir.path(), TOKEN);
    write_secret(dir.path(), "newest.secret", NEWEST_SECRET);
    write_secret(dir.path(), "older.secret", "the-older-secret-0001");
    let text = CONFIG
        .replace("[control]", TURN_LISTEN)
        .replace("fences = [\"eu-only\", \"open\"]", TURN_SECRETS)
        .replace("[tenants.initech]", "secrets = [\"file:absent.secret\"]\n[tenants.initech]");
    start_in(dir, &more(text))
}

pub(crate) const NEWEST_SECRET: &str = "the-newest-secret-0001";
const TURN_LISTEN: &str = "turn_tcp = [\"127.1.0.1:3478\"]\nrelay_addresses = [\"127.1.0.1\"]\n\n\
                           [audit]\npath = \"audit.jsonl\"\n[control]";
const TURN_SECRETS: &str = "fences = [\"eu-only\", \"open\"]\n\
                            secrets = [\"file:newest.secret\", \"file:older.secret\"]";

/// A relay whose files are in a folder that is there already.
pub(crate) fn start_in(dir: TempDir, text: &str) -> Running {
    let loaded = load(dir.path(), text);
    start_loaded(dir, loaded)
}

/// A relay with a configuration that was read from a folder.
pub(crate) fn start_loaded(dir: TempDir, loaded: Loaded) -> Running {
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
    for address in &mut loaded.config.listen.turn_tcp {
        let free = std::net::TcpListener::bind((address.ip(), 0)).unwrap();
        *address = free.local_addr().unwrap();
    }
    if let Some(http) = &mut loaded.config.control.http {
        http.set_port(0);
    }
    loaded
}

pub(crate) fn write_token(dir: &Path, token: &str) {
    write_secret(dir, "control.token", token);
}

fn write_secret(dir: &Path, name: &str, secret: &str) {
    let path = dir.join(name);
    fs::write(&path, secret).unwrap();
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
