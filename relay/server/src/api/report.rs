//! Where a meeting went, from this relay's own audit trail.

use axum::Json;
use axum::extract::State;
use ringfence_core::Name;
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;

use super::Problem;
use super::name::NameText;
use super::refusals;
use super::strict::{StrictPath, StrictQuery};
use crate::audit::Trail;
use crate::relay::Control;
use crate::report::{self, NoReport, Question, Report};

/// What is read for one answer: about two seconds' work of a thread that carries nothing. More is for
/// `ringfence report`, which reads the files itself.
const BYTES_MAX: u64 = 512 << 20;

/// One at a time, so that reports cannot take the machine from the shards.
static TURN: Semaphore = Semaphore::const_new(1);

/// Of whose meeting, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
    /// On whose account; needed where several tenants used the name.
    tenant: Option<String>,
    /// Whether addresses are shown whole, and not cut to /24 and /48.
    #[serde(default)]
    full_addresses: bool,
}

/// Reports where a meeting went, as far as this relay's audit trail knows.
#[utoipa::path(get, path = "/v1/report/{room}", tag = "audit", operation_id = "report",
    params(("room" = NameText, Path, description = "The room, or the meeting of TURN clients"),
           ReportQuery),
    responses(
        (status = 200, description = "Where it went; `damaged` says whether the evidence is whole",
         body = Report),
        (status = 400, description = "Several tenants used the name: say whose it was",
         body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is on record of it, or at all", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "Another report is being made, or the trail cannot be read",
         body = Problem, content_type = "application/problem+json"),
        (status = 507, description = "There is more to read than one call may", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn get(
    State(control): State<Control>,
    StrictPath(NameText(room)): StrictPath<NameText>,
    StrictQuery(query): StrictQuery<ReportQuery>,
) -> Result<Json<Report>, Problem> {
    let path = control.config().audit.path.clone().ok_or_else(refusals::no_audit)?;
    let turn = TURN.try_acquire().map_err(|_| refusals::report_busy())?;
    let question = question(&room, query);
    let made = tokio::task::spawn_blocking(move || {
        // Held until the work is done, also if nobody waits for it any more.
        let _turn = turn;
        make(&Trail::at(path), &question)
    });
    let made = made.await.map_err(|_| refusals::report_busy())?;
    made.map(Json).map_err(|error| refusals::no_report(&error))
}

fn question(room: &Name, query: ReportQuery) -> Question {
    let ReportQuery { tenant, full_addresses } = query;
    Question { room: room.to_string(), tenant, full_addresses }
}

fn make(trail: &Trail, question: &Question) -> Result<Report, NoReport> {
    let reading = trail.open()?;
    // A file that cannot tell its size cannot be read either, which the report will say.
    if reading.bytes().is_ok_and(|bytes| bytes > BYTES_MAX) {
        return Err(NoReport::TooMuch(BYTES_MAX));
    }
    report::report(&[reading], question)
}
