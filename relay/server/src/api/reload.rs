//! Another policy while the relay runs.

use axum::extract::State;
use axum::{Extension, Json};
use nix::unistd::{Uid, User};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::listener::Caller;
use super::refusals;
use super::strict::StrictJson;
use crate::relay::Control;
use crate::reload::{self, Asker, Reloaded, Request};

/// How to reload.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReloadBody {
    /// Digest of the change that may widen a fence, and of no other.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    accept: Option<String>,
    /// Say what would be done, and do nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Reads the relay's configuration file again and puts it in force. Answers when every shard works by
/// it and what it forbids has been cut.
#[utoipa::path(post, path = "/v1/reload", tag = "fence", operation_id = "reload",
    request_body = ReloadBody,
    responses(
        (status = 200, description = "In force on every shard", body = Reloaded),
        (status = 409, description = "It breaks an invariant, it widens a fence, another reload is under \
         way, or there is no file; nothing was done", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The file has errors, or not what this call takes; nothing was \
         done", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The shards are behind", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn reload(
    State(control): State<Control>,
    Extension(caller): Extension<Caller>,
    StrictJson(body): StrictJson<ReloadBody>,
) -> Result<Json<Reloaded>, Problem> {
    let ReloadBody { accept, dry_run } = body;
    let by = asker(caller).await;
    let reloaded = reload::reload(&control, Request { accept, dry_run, by }).await;
    reloaded.map(Json).map_err(|refused| refusals::reload_refused(&refused))
}

/// Names of users may come from over the network (nsswitch.conf(5)), so the look-up may wait.
async fn asker(caller: Caller) -> Asker {
    match caller {
        Caller::User(uid) => {
            let look_up = move || User::from_uid(Uid::from_raw(uid)).ok().flatten();
            let user = tokio::task::spawn_blocking(look_up).await.ok().flatten();
            Asker::User { uid, name: user.map(|user| user.name) }
        }
        Caller::Token(from) => Asker::Token { from },
        Caller::Unknown => Asker::Unknown,
    }
}
