//! `POST /v1/catalog/types/{type}/mode`: pausing a job type, resuming it, switching it off, without its file at hand.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;
use wasmill_catalog::{RouteMode, with_mode};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::{JobType, Percent, Revision};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::commit::{Applied, ETag, expect, if_match, write};
use crate::entries::read_name;
use crate::router::Console;
use crate::trouble::{read_json, refusal_problem};

/// The mode that a job type gets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedMode {
    /// `off`, `shadow`, `live`, `paused`, or such as `live 5%`, as `GET /v1/catalog` shows it.
    #[schema(example = "paused")]
    pub(crate) mode: String,
    /// Why, for the history.
    pub(crate) message: Option<String>,
}

/// Gives a job type another mode: writes the next revision, unless it has that mode already.
///
/// With `If-Match: "REVISION"` only when the routing table is still at that revision. A file that says another mode changes it
/// back when it is applied.
#[utoipa::path(
    post, path = "/v1/catalog/types/{type}/mode", tag = "catalog", params(("type" = String, Path)), request_body = WantedMode,
    responses(
        (status = 200, description = "Done.", body = Applied),
        (status = 400, description = "No mode.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such type.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Revision moved.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Not the revision of If-Match.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_mode<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(ETag, Json<Applied>), Problem> {
    let name: JobType = read_name(path, "type")?;
    subject.is(format_args!("type {name}"));
    let expected = if_match(&headers)?;
    let wanted: WantedMode = read_json(&headers, body, &console.bodies).await?;
    change_mode(&console, (&caller, &subject), expected, &name, wanted).await
}

/// Gives a job type another mode, if the routing table is at the revision that is expected.
pub(crate) async fn change_mode<L, Q>(
    console: &Console<L, Q>,
    (caller, subject): (&Caller, &Subject),
    expected: Option<Revision>,
    name: &JobType,
    WantedMode { mode, message }: WantedMode,
) -> Result<(ETag, Json<Applied>), Problem> {
    caller.require_type(name.as_str())?;
    let mode = read_mode(&mode)?;
    let current = console.newest().await?;
    expect(console, caller, &current, expected, Kind::RevisionMoved).await?;
    let plan = with_mode(&current, name, mode).map_err(|refusal| refusal_problem(&refusal))?;
    let message = message.unwrap_or_else(|| format!("job type {name}: {mode}"));
    write(console, &current, plan, (caller, subject), message).await
}

/// The mode that a text as `GET /v1/catalog` shows it names.
fn read_mode(text: &str) -> Result<RouteMode, Problem> {
    let words = [RouteMode::Off, RouteMode::Shadow, RouteMode::Live, RouteMode::Paused];
    let part = || {
        let percent = text.strip_prefix("live ")?.strip_suffix('%')?.parse().ok()?;
        Percent::new(percent).ok().map(RouteMode::Part)
    };
    words.into_iter().find(|mode| mode.to_string() == text).or_else(part).ok_or_else(|| {
        let detail = "`mode` must be off, shadow, live, paused, or such as `live 5%`.";
        Problem::new(Kind::InvalidField, detail).with("field", "mode")
    })
}

#[cfg(test)]
mod tests;
