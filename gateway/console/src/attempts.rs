//! `GET /v1/attempts`: attempts that ended lately, over all workers, and following them. No state is kept here: the reports of the
//! moment answer, and the cursor says what was seen.

mod cursor;
mod walk;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_job::{JobType, Scope};
use wasmill_log::Log;
use wasmill_queue::{Ended, Queue, WorkerId, WorkerReport};

use crate::dead::{read_limit, read_type};
use crate::router::Console;
use crate::workers::{name_of, reports};

use cursor::Cursor;
use walk::{follow, newest};

/// The query of `GET /v1/attempts`.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptsQuery {
    /// Only attempts of jobs of this type.
    pub(crate) r#type: Option<String>,
    /// Only what ended after this: the `next` of the answer before. Without it, the newest.
    pub(crate) after: Option<String>,
    /// At most so many, 1 to 1,000. Default 100.
    pub(crate) limit: Option<usize>,
}

/// Attempts that ended lately.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptList {
    /// The oldest first.
    pub(crate) attempts: Vec<AttemptRow>,
    /// The `after` of the next request, which asks for what ended since.
    pub(crate) next: String,
    /// How many ended since `after` that no report tells any more, whatever their type: each worker tells of its last 256.
    pub(crate) missed: u64,
}

/// An attempt that ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptRow {
    /// Its number among the attempts of its worker.
    pub(crate) number: u64,
    /// When it ended, in milliseconds since 1970, by the worker's clock.
    pub(crate) at_ms: u64,
    pub(crate) r#type: String,
    pub(crate) id: String,
    /// Which attempt it was; the first is 1.
    pub(crate) attempt: u32,
    /// The version that ran it; absent when nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<String>,
    /// How it ended: `done`, `retry`, `rejected`, `trap`, `fuel`, `timeout`, `memory`, `output`, `host`, `calls`, `exited`,
    /// `interrupted`, `shadow` (not executed), `lost` or `quarantined`.
    pub(crate) result: String,
    /// How long it ran, in microseconds.
    pub(crate) run_us: u64,
    /// The incarnation of its worker, as `GET /v1/workers` shows it.
    pub(crate) worker: String,
}

/// Lists attempts that ended lately, over all workers; with a token for some job types, of those. Asked again with `next`, it gives
/// what ended since: each attempt once, as long as its worker still tells of it.
#[utoipa::path(
    get, path = "/v1/attempts", tag = "workers", params(AttemptsQuery),
    responses(
        (status = 200, description = "Attempts, the oldest first.", body = AttemptList),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_attempts<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<AttemptsQuery>, QueryRejection>,
) -> Result<Json<AttemptList>, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    let limit = read_limit(query.limit)?;
    let job_type = query.r#type.as_deref().map(read_type).transpose()?;
    if let Some(job_type) = &job_type {
        caller.require_type(job_type.as_str())?;
    }
    let after = query.after.as_deref().map(Cursor::read).transpose().map_err(|error| {
        Problem::new(Kind::InvalidField, format!("`after`: {error}.")).with("field", "after")
    })?;
    let reports = reports(&console).await?;
    Ok(Json(match after {
        None => lately(&reports, caller.scope(), job_type.as_ref(), limit),
        Some(after) => {
            let seen = |ended: &Ended| is_asked(ended, caller.scope(), job_type.as_ref());
            AttemptList::of(follow(&reports, after, limit, seen))
        }
    }))
}

/// The last that ended, of what this scope sees, and of one type if one is named.
pub(crate) fn lately(
    reports: &[WorkerReport],
    scope: &Scope,
    job_type: Option<&JobType>,
    limit: usize,
) -> AttemptList {
    AttemptList::of(newest(reports, limit, |ended| is_asked(ended, scope, job_type)))
}

fn is_asked(ended: &Ended, scope: &Scope, job_type: Option<&JobType>) -> bool {
    scope.covers(&ended.job_type) && job_type.is_none_or(|name| *name == ended.job_type)
}

impl AttemptList {
    fn of(found: walk::Found<'_>) -> Self {
        let rows = found.attempts.into_iter().map(|(worker, ended)| AttemptRow::of(worker, ended));
        Self { attempts: rows.collect(), next: found.next.to_string(), missed: found.missed }
    }
}

impl AttemptRow {
    fn of(worker: WorkerId, ended: &Ended) -> Self {
        Self {
            number: ended.number,
            at_ms: ended.at.0,
            r#type: ended.job_type.to_string(),
            id: ended.id.to_string(),
            attempt: ended.attempt.0,
            module: ended.module.as_ref().map(ToString::to_string),
            result: ended.result.clone(),
            run_us: ended.run_us,
            worker: name_of(worker),
        }
    }
}
