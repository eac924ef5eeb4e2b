//! Letting participants in by the relay's API, and out again.

use std::time::Duration;

use anyhow::Context;
use hyper::Method;
use ringfence::client::ApiClient;
use ringfence::endpoint::Credentials;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::Door;

/// How long the relay may take to let somebody out.
const LEAVE_WAIT: Duration = Duration::from_secs(1);

/// Everybody who was let in. They are let out when this goes.
pub(super) struct Admission {
    api: ApiClient,
    tenant: String,
    ttl_s: u32,
    /// What the names of its rooms begin with.
    prefix: String,
    runtime: Runtime,
    /// Of participants, by whom the relay knows them.
    paths: Vec<String>,
}

impl Admission {
    /// `number` makes the names of its rooms differ from those of others in this process.
    pub(super) fn new(door: &Door, number: usize) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let prefix = format!("bench-{}-{number}", std::process::id());
        let (api, tenant) = (ApiClient::unix(&door.control), door.tenant.clone());
        Ok(Self { api, tenant, ttl_s: door.ttl_s, prefix, runtime, paths: Vec::new() })
    }

    /// Lets nobody out.
    pub(super) fn forget(&mut self) {
        self.paths.clear();
    }

    pub(super) fn join(&mut self, room: usize, participant: usize) -> anyhow::Result<Credentials> {
        let path = format!("/v1/rooms/{}-{room}/participants", self.prefix);
        let name = format!("p{participant}");
        let body = json!({ "tenant": self.tenant, "participant": name, "ttl_s": self.ttl_s });
        let call = self.api.call(Method::POST, &path, Some(&body));
        let joined = self.runtime.block_on(call).with_context(|| {
            format!("room {room} does not let participant {participant} in; next: look at quotas")
        })?;
        self.paths.push(format!("{path}/{name}"));
        credentials(&joined).context("the relay gave no credentials")
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let api = self.api.clone().with_patience(LEAVE_WAIT);
        for path in &self.paths {
            // A relay that is gone, or does not answer, has nobody to let out.
            let left = self.runtime.block_on(api.call(Method::DELETE, path, None));
            if left.is_err() {
                return;
            }
        }
    }
}

fn credentials(joined: &Value) -> Option<Credentials> {
    Some(Credentials {
        relay_ufrag: joined["ufrag"].as_str()?.to_owned(),
        relay_password: joined["pwd"].as_str()?.to_owned(),
        own: None,
    })
}
