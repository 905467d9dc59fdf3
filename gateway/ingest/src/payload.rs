//! `GET /v1/jobs/{type}/{id}/payload`: the payload of one job: from the queue as long as that has it, and from the log when the job
//! is parked, not relayed yet, or done.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_job::UnixMs;
use wasmill_log::Log;
use wasmill_queue::{Queue, State as JobState};

use crate::address::Address;
use crate::cancel::lane_of;
use crate::parked::Look;
use crate::receipt::Receipt;
use crate::router::{Ingest, Storage};
use crate::search::Search;
use crate::show::{queue_problem, read_receipt, stored_at, unknown};

/// The query of `GET /v1/jobs/{type}/{id}/payload`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PayloadQuery {
    /// The receipt that came with the id: what the queue has not got is read in the log where the receipt says.
    receipt: Option<String>,
}

/// Gives a job's payload, byte for byte. Of a job that is done the queue has none any more: without a receipt its record is then
/// looked for in the log, among what was stored about when the job was accepted.
#[utoipa::path(
    get, path = "/v1/jobs/{type}/{id}/payload", tag = "jobs",
    params(("type" = String, Path), ("id" = String, Path), PayloadQuery),
    responses(
        (status = 200, description = "The payload.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400, description = "No id or receipt.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job, or its payload is gone.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn job_payload<L: Log, Q: Queue>(
    State(ingest): State<Arc<Ingest<L, Q>>>,
    caller: Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<PayloadQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let address = Address::read(path)?;
    caller.require_type(&address.job_type)?;
    let Query(query) = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    let receipt = query.receipt.map(|text| read_receipt(&ingest.storage, &text)).transpose()?;
    let payload = payload_of(&ingest, &address, &caller, receipt).await?;
    // It is a stranger's bytes: no browser is to take them for anything else.
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}.payload\"", address.id)),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, payload).into_response())
}

/// A job's payload, from wherever it is.
pub(crate) async fn payload_of<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    address: &Address,
    caller: &Caller,
    receipt: Option<(&L, Receipt)>,
) -> Result<Bytes, Problem> {
    if let Some(payload) = in_queue(ingest, address).await? {
        return Ok(payload);
    }
    if let Some((log, receipt)) = receipt {
        return Ok(stored_at(log, address, &receipt).await?.payload);
    }
    let view = ingest.trouble.note(ingest.queue.job(address.id).await);
    match view.map_err(|error| queue_problem(&error))? {
        Some(view) if !address.names(&view.job_type) => {
            Err(address.unknown("that id belongs to another type"))
        }
        Some(view) if matches!(view.state, JobState::Completed | JobState::Cancelled) => {
            of_done(ingest, address, caller, view.accepted_at).await
        }
        // It came between the two questions, or back.
        Some(_) => in_queue(ingest, address).await?.ok_or_else(|| {
            let detail = "The job is on the move; repeat in a moment.";
            Problem::new(Kind::Unavailable, detail).retry_after(1)
        }),
        None => of_parked(ingest, address, caller).await,
    }
}

/// The payload, while the queue has it.
async fn in_queue<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    address: &Address,
) -> Result<Option<Bytes>, Problem> {
    let job = ingest.trouble.note(ingest.queue.record(address.id).await);
    match job.map_err(|error| queue_problem(&error))? {
        Some(job) if !address.names(&job.job_type) => Err(address.unknown("that id belongs to another type")),
        job => Ok(job.map(|job| job.payload)),
    }
}

/// The payload of a job that the queue does not know: it is parked, or not there.
async fn of_parked<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    address: &Address,
    caller: &Caller,
) -> Result<Bytes, Problem> {
    let mut look = Look::Nothing;
    if let Storage::Log(log) = &ingest.storage {
        look = ingest.looks.look(log, &ingest.queue, address).await?;
        if let Look::Found(copy) = look {
            return Ok(copy.job.payload);
        }
        // It may have come back between the two looks.
        if let Some(payload) = in_queue(ingest, address).await? {
            return Ok(payload);
        }
    }
    Err(unknown(ingest, address, caller, &look))
}

/// The payload of a job that is completed or cancelled, if the log still has it.
async fn of_done<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    address: &Address,
    caller: &Caller,
    accepted_at: UnixMs,
) -> Result<Bytes, Problem> {
    let gone = |why: &str| {
        let detail = format!("The queue let the payload of job {} go when that was done, {why}.", address.id);
        Problem::new(Kind::PayloadGone, detail)
    };
    let Storage::Log(log) = &ingest.storage else { return Err(gone("and this mill has no log")) };
    let routes = ingest.routes.now();
    let route = routes.find(&address.job_type, caller)?;
    let search = match lane_of(log, route, address).await? {
        Some(lane) => ingest.searches.search(log, &lane, address, accepted_at).await?,
        // Its type has moved to a queue that has no such partition.
        None => Search::Nothing,
    };
    Err(match search {
        Search::Found(job) => return Ok(job.payload),
        Search::Gone => gone("and the log has let its record go, too"),
        Search::Nothing => gone(
            "and its record is not in the log where it would stand: it came past the log, its type was in another queue \
             then, or it was stored long after it was accepted. With its receipt it is read where it stands",
        ),
        Search::Unfinished => gone(
            "and so much was stored about when it was accepted that not all of it was looked at. With its receipt it is \
             read where it stands",
        ),
    })
}
