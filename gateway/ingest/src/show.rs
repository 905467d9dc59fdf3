//! `GET /v1/jobs/{type}/{id}`: one job, as the queue knows it, or parked in the log; with a receipt also one that has not got to
//! the queue yet.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_job::Job;
use wasmill_job::wire::{Record, decode};
use wasmill_log::{Log, ReadError};
use wasmill_queue::{Queue, QueueError};

use crate::address::Address;
use crate::job_view::JobAnswer;
use crate::parked::Look;
use crate::receipt::{InvalidReceipt, Receipt};
use crate::router::{Ingest, Storage};

/// The query of `GET /v1/jobs/{type}/{id}`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowQuery {
    /// The receipt that came with the id: tells a job that is stored and not yet relayed from one never seen.
    receipt: Option<String>,
}

/// What is said of a job that may be parked where nobody looked.
const MANY_PARKED: &str = "so many jobs of its type are parked that not all of them were looked at: it is among the others, was \
                           never accepted, or ended so long ago that it is forgotten";

/// Shows one job: state, attempts, output, error, logs and usage of the last attempt.
#[utoipa::path(
    get, path = "/v1/jobs/{type}/{id}", tag = "jobs",
    params(("type" = String, Path), ("id" = String, Path), ShowQuery),
    responses(
        (status = 200, description = "The job.", body = JobAnswer),
        (status = 400, description = "No id or receipt.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_job<L: Log, Q: Queue>(
    State(ingest): State<Arc<Ingest<L, Q>>>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<ShowQuery>, QueryRejection>,
) -> Result<Json<JobAnswer>, Problem> {
    let address = Address::read(path)?;
    caller.require_type(&address.job_type)?;
    let Query(query) = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    let receipt = query.receipt.map(|text| read_receipt(&ingest.storage, &text)).transpose()?;

    if let Some(answer) = in_queue(&ingest, &address).await? {
        return Ok(Json(answer));
    }
    let mut look = Look::Nothing;
    if let Storage::Log(log) = &ingest.storage {
        look = ingest.looks.look(log, &ingest.queue, &address).await?;
        if let Look::Found(copy) = &look {
            return Ok(Json(JobAnswer::parked(copy)));
        }
        // It may have come back between the two looks.
        if let Some(answer) = in_queue(&ingest, &address).await? {
            return Ok(Json(answer));
        }
    }
    let Some((log, receipt)) = receipt else {
        return Err(unknown(&ingest, &address, &caller, &look));
    };
    let job = stored_at(log, &address, &receipt).await?;
    let progress = ingest.trouble.note(ingest.queue.progress(&receipt.0.topic_partition()).await);
    let progress = progress.map_err(|error| queue_problem(&error))?;
    if progress.is_settled(receipt.0.offset) {
        return Err(address.unknown(match look {
            Look::Unfinished => MANY_PARKED,
            _ => "it was accepted, and ended so long ago that its result is forgotten",
        }));
    }
    Ok(Json(JobAnswer::accepted(&job)))
}

/// The answer for a job that is neither in the queue nor, as far as was looked, parked.
pub(crate) fn unknown<L, Q>(
    ingest: &Ingest<L, Q>,
    address: &Address,
    caller: &Caller,
    look: &Look,
) -> Problem {
    // A type that does not exist says more than a job that does not.
    if let Err(problem) = ingest.routes.now().find(&address.job_type, caller) {
        return problem;
    }
    address.unknown(match ingest.storage {
        Storage::Log(_) if matches!(look, Look::Unfinished) => MANY_PARKED,
        Storage::Log(_) => {
            "it was never accepted, is not relayed yet, or ended so long ago that it is forgotten; its receipt tells \
             which"
        }
        Storage::Queue => "it was never accepted, or ended so long ago that it is forgotten",
    })
}

/// The job as the queue knows it.
async fn in_queue<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    address: &Address,
) -> Result<Option<JobAnswer>, Problem> {
    let view = ingest.trouble.note(ingest.queue.job(address.id).await);
    match view.map_err(|error| queue_problem(&error))? {
        Some(view) if !address.names(&view.job_type) => {
            Err(address.unknown("that id belongs to another type"))
        }
        view => Ok(view.map(JobAnswer::of)),
    }
}

/// A receipt, and the log that it is about.
pub(crate) fn read_receipt<'s, L>(storage: &'s Storage<L>, text: &str) -> Result<(&'s L, Receipt), Problem> {
    let Storage::Log(log) = storage else {
        let detail = "There is no log here, and so there are no receipts: ask without one.";
        return Err(Problem::new(Kind::InvalidReceipt, detail));
    };
    let receipt = text.parse();
    let receipt =
        receipt.map_err(|error: InvalidReceipt| Problem::new(Kind::InvalidReceipt, format!("{error}.")))?;
    Ok((log, receipt))
}

/// The job that stands in the log where the receipt says.
pub(crate) async fn stored_at<L: Log>(log: &L, address: &Address, receipt: &Receipt) -> Result<Job, Problem> {
    let Receipt(at) = receipt;
    let records = log.read(&at.topic_partition(), at.offset, 1).await.map_err(|error| match error {
        ReadError::Gone { .. } => {
            address.unknown("it was accepted, and ended so long ago that the log has let it go")
        }
        error => log_problem(&error),
    })?;
    let record = records.first().filter(|record| record.offset == at.offset);
    let Some(value) = record.and_then(|record| record.value.as_ref()) else {
        return Err(address.unknown("nothing is stored where the receipt says"));
    };
    match decode(value) {
        Ok(Record::Job(job)) if job.id == address.id && address.names(&job.job_type) => Ok(job),
        _ => Err(Problem::new(Kind::InvalidReceipt, "Another record is stored where this receipt says.")),
    }
}

/// What trouble of the queue means for a caller.
pub(crate) fn queue_problem(error: &QueueError) -> Problem {
    let (kind, detail) = match error {
        QueueError::Unavailable { .. } => {
            (Kind::Unavailable, "The queue does not answer now; repeat in a moment.")
        }
        QueueError::Closed => (Kind::ShuttingDown, "The queue is shutting down; repeat when it is back."),
        QueueError::Malformed { .. } => {
            (Kind::Internal, "The queue did not understand the gateway; this is a bug.")
        }
    };
    Problem::new(kind, detail).retry_after(1)
}

/// What trouble of the log means for a caller who wants to read.
pub(crate) fn log_problem(error: &ReadError) -> Problem {
    tracing::warn!(%error, "the log could not be read");
    match error {
        ReadError::Closed => {
            Problem::new(Kind::ShuttingDown, "The log is shutting down; repeat when it is back.")
        }
        _ => Problem::new(Kind::Unavailable, "The log cannot be read at the moment; repeat in a moment."),
    }
    .retry_after(1)
}
