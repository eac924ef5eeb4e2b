//! What another configuration would change here. Nothing is changed.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use ringfence_fence::Epoch;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;

use super::Problem;
use super::refusals;
use super::strict::StrictJson;
use crate::config::{ConfigFile, Failure, Loaded};
use crate::plan_document::PlanDocument;
use crate::relay::{Control, InForce};
use crate::reload::CutList;

/// Bytes of a call: a configuration with 100,000 prefixes of its own. More of them belong into a
/// file of region data, which is read where the relay is.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;

/// Comparisons at a time: each may take a core for seconds.
const AT_A_TIME_MAX: usize = 2;

/// Longest wait for one's turn.
const TURN_TIME_MAX: Duration = Duration::from_secs(5);

static TURNS: Semaphore = Semaphore::const_new(AT_A_TIME_MAX);

/// What to compare with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanBody {
    /// The text of the new configuration. Relative paths in it start at the folder of the
    /// configuration that the relay was started with, and the same overrides apply.
    config: String,
}

/// What the new configuration would change.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Planned {
    /// SHA-256 of the whole plan, as `reload` wants it accepted.
    pub digest: String,
    /// The plan; where it concerns another enclave, without names.
    pub plan: PlanDocument,
    /// Whom it would cut now; absent where no relay was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_cut: Option<CutList>,
}

/// Says what another configuration would change here: who may do what nobody might before, who no
/// longer may, and which flows it would cut now. Changes nothing.
#[utoipa::path(post, path = "/v1/plan", tag = "fence", operation_id = "plan",
    request_body = PlanBody,
    responses(
        (status = 200, description = "The plan, whether it widens or not", body = Planned),
        (status = 409, description = "The relay was not started from a file, so paths start nowhere",
         body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The configuration is too large for a call", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "The configuration has errors", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "Other plans are being made", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn plan(
    State(control): State<Control>,
    StrictJson(body): StrictJson<PlanBody, BODY_BYTES_MAX>,
) -> Result<Json<Planned>, Problem> {
    let file = control.file().cloned().ok_or_else(refusals::no_folder)?;
    let turn = turn().await?;
    let running = control.in_force();
    // In a thread of its own, since large policies take seconds; its turn ends with it.
    let compared = tokio::task::spawn_blocking(move || {
        let compared = compare(&file, &running, &body.config);
        drop(turn);
        compared
    });
    let compared = compared.await.map_err(|_| refusals::plan_interrupted())?;
    let (digest, plan, new) = compared.map_err(|failure| refusals::bad_config_text(&failure))?;
    let would_cut = CutList::of(&control.would_cut(&new.policy), &new);
    Ok(Json(Planned { digest, plan, would_cut: Some(would_cut) }))
}

async fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    let turn = tokio::time::timeout(TURN_TIME_MAX, TURNS.acquire()).await;
    turn.ok().and_then(Result::ok).ok_or_else(refusals::plans_busy)
}

fn compare(
    file: &ConfigFile,
    running: &InForce,
    text: &str,
) -> Result<(String, PlanDocument, InForce), Failure> {
    let epoch = Epoch(running.epoch().0.wrapping_add(1));
    let loaded: Loaded = file.parse_instead(text, epoch, Arc::clone(&running.config))?;
    let (old, new) = (&running.policy, InForce::of(loaded));
    let document = PlanDocument::of(old, &new.policy);
    let seen = document.within_own_enclave(old, &new.policy);
    Ok((document.digest(), seen, new))
}
