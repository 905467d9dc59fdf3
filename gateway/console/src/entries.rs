//! `DELETE /v1/catalog/types/{type}` and `/queues/{queue}`: entries leave the routing table when nothing uses them any more.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use wasmill_catalog::{Catalog, RouteMode, without_queue, without_type};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::{JobType, QueueName};
use wasmill_log::Log;
use wasmill_queue::{Counts, Queue};

use crate::commit::{Applied, ETag, expect, if_match, write};
use crate::generations::refuse_undrained;
use crate::router::Console;
use crate::trouble::{queue_problem, refusal_problem};

/// The query of a deletion.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// Why, for the history.
    message: Option<String>,
}

/// Deletes a job type that is off and has no jobs.
///
/// One that is not off still takes jobs in, and one with jobs is in use: both are refused, and the answer says what to do.
#[utoipa::path(
    delete, path = "/v1/catalog/types/{type}", tag = "catalog", params(("type" = String, Path), DeleteQuery),
    responses(
        (status = 200, description = "Deleted.", body = Applied),
        (status = 400, description = "No name.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such type.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "In use.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Not the revision of If-Match.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_type<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<DeleteQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<(ETag, Json<Applied>), Problem> {
    let name: JobType = read_name(path, "type")?;
    subject.is(format_args!("type {name}"));
    caller.require_type(name.as_str())?;
    let message = read_message(query)?;
    let current = console.newest().await?;
    expect(&console, &caller, &current, if_match(&headers)?, Kind::RevisionMoved).await?;
    let plan = without_type(&current, &name).map_err(|refusal| refusal_problem(&refusal))?;
    refuse_used(&console, &current, &name).await?;
    let message = message.unwrap_or_else(|| format!("job type {name} deleted"));
    write(&console, &current, plan, (&caller, &subject), message).await
}

/// Deletes a queue that no job type is in. Its topics and what is in them stay; older generations of it must be drained.
#[utoipa::path(
    delete, path = "/v1/catalog/queues/{queue}", tag = "catalog", params(("queue" = String, Path), DeleteQuery),
    responses(
        (status = 200, description = "Deleted.", body = Applied),
        (status = 400, description = "No name.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such queue.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "In use.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Not the revision of If-Match.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_queue<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<DeleteQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<(ETag, Json<Applied>), Problem> {
    let name: QueueName = read_name(path, "queue")?;
    subject.is(format_args!("queue {name}"));
    let message = read_message(query)?;
    let current = console.newest().await?;
    expect(&console, &caller, &current, if_match(&headers)?, Kind::RevisionMoved).await?;
    let plan = without_queue(&current, &name).map_err(|refusal| refusal_problem(&refusal))?;
    let draining = current.queues.get(&name).map(|spec| &spec.draining[..]).unwrap_or_default();
    refuse_undrained(&console, &current, &name, draining).await?;
    let message = message.unwrap_or_else(|| format!("queue {name} deleted"));
    write(&console, &current, plan, (&caller, &subject), message).await
}

/// A type that takes jobs in, or has some, is in use.
async fn refuse_used<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    current: &Catalog,
    name: &JobType,
) -> Result<(), Problem> {
    let mode = current.types.get(name).map(|spec| spec.mode).unwrap_or_default();
    if mode != RouteMode::Off {
        let detail = format!(
            "Job type `{name}` is in use: its mode is {mode}, so it takes jobs in. Apply mode = \"off\" first, wait until its \
             jobs have run, then repeat."
        );
        return Err(Problem::new(Kind::InUse, detail));
    }
    let counts = console.queue.counts().await.map_err(|error| queue_problem(&error))?;
    let Counts { pending, scheduled, in_flight, .. } = counts.get(name).copied().unwrap_or_default();
    if pending + scheduled + in_flight > 0 {
        let detail = format!(
            "Job type `{name}` is in use: of its jobs {pending} are pending, {scheduled} scheduled and {in_flight} in flight. \
             Wait until they have run, or cancel them, then repeat."
        );
        return Err(Problem::new(Kind::InUse, detail));
    }
    Ok(())
}

pub(crate) fn read_name<N: std::str::FromStr<Err: std::fmt::Display>>(
    path: Result<Path<String>, PathRejection>,
    what: &str,
) -> Result<N, Problem> {
    let invalid = |detail: String| Problem::new(Kind::InvalidField, detail).with("field", what);
    let Path(name) = path.map_err(|error| invalid(error.body_text()))?;
    name.parse().map_err(|error| invalid(format!("{error}.")))
}

pub(crate) fn read_message(
    query: Result<Query<DeleteQuery>, QueryRejection>,
) -> Result<Option<String>, Problem> {
    let query = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    Ok(query.0.message)
}
