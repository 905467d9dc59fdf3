//! `DELETE /v1/jobs/{type}/{id}`: a caller's wish that a job should not run.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::wire::encode_cancel;
use wasmill_job::{Cancel, Topic, TopicPartition};
use wasmill_log::{Append, Log};
use wasmill_queue::{Queue, State as JobState};

use crate::address::Address;
use crate::job_view::state_name;
use crate::router::{Ingest, Storage};
use crate::routes::Route;
use crate::show::{log_problem, queue_problem};
use crate::store::append;

/// The answer to a cancellation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Cancelling {
    id: String,
    /// `cancelling`, or `cancelled` when it is already.
    #[schema(example = "cancelling")]
    state: &'static str,
}

/// Cancels a job. The wish is stored in the log behind the job's record, so it holds also for a job that is not relayed
/// yet; and the queue is asked at once. Without a log only the queue is asked.
///
/// Repeating it is fine. A handler that is running is interrupted; one that has just ended stays ended.
#[utoipa::path(
    delete, path = "/v1/jobs/{type}/{id}", tag = "jobs",
    params(("type" = String, Path), ("id" = String, Path)),
    responses(
        (status = 202, description = "The wish is stored.", body = Cancelling),
        (status = 400, description = "No id.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such job.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It has ended.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn cancel_job<L: Log, Q: Queue>(
    State(ingest): State<Arc<Ingest<L, Q>>>,
    caller: Caller,
    subject: Subject,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<(StatusCode, Json<Cancelling>), Problem> {
    let address = Address::read(path)?;
    subject.is(format_args!("job {} of type {}", address.id, address.job_type));
    let state = cancel(&ingest, &address, &caller).await?;
    Ok((StatusCode::ACCEPTED, Json(Cancelling { id: address.id.to_string(), state })))
}

/// Stores the wish that a job should not run; answers `cancelling`, or `cancelled` when it is already.
pub(crate) async fn cancel<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    address: &Address,
    caller: &Caller,
) -> Result<&'static str, Problem> {
    let routes = ingest.routes.now();
    let route = routes.find(&address.job_type, caller)?;
    let lane = match &ingest.storage {
        Storage::Log(log) => {
            let stranger =
                || address.unknown("its queue has no such partition, so the id is none that was given out");
            Some((log, lane_of(log, route, address).await?.ok_or_else(stranger)?))
        }
        Storage::Queue => None,
    };
    if let Some(view) =
        ingest.trouble.note(ingest.queue.job(address.id).await).map_err(|error| queue_problem(&error))?
    {
        if !address.names(&view.job_type) {
            return Err(address.unknown("that id belongs to another type"));
        }
        match view.state {
            JobState::Cancelled => return Ok("cancelled"),
            JobState::Completed | JobState::Dead => return Err(ended(address, view.state)),
            JobState::Pending | JobState::InFlight | JobState::Scheduled => {}
        }
    }
    let cancel = Cancel { id: address.id, job_type: route.job_type.clone(), at: ingest.clock.now() };
    let Some((log, lane)) = lane else {
        let known = ingest.trouble.note(ingest.queue.cancel(cancel).await);
        return match known.map_err(|error| queue_problem(&error))? {
            true => Ok("cancelling"),
            false => Err(address.unknown("it was never accepted, or has ended")),
        };
    };
    let value = encode_cancel(&cancel).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    let durability = route.lane.durability;
    let record =
        Append { topic: lane.topic, partition: lane.partition, key: None, value: Some(value), durability };
    append(log, record).await.map_err(|error| error.problem())?;
    // The record is what holds; asking the queue only makes it faster.
    if let Err(error) = ingest.queue.cancel(cancel).await {
        tracing::warn!(%error, id = %address.id, "the queue could not be asked to cancel; the relay will");
    }
    Ok("cancelling")
}

/// Where the job's record stands; `None` when its queue has no such partition.
pub(crate) async fn lane_of<L: Log>(
    log: &L,
    route: &Route,
    address: &Address,
) -> Result<Option<TopicPartition>, Problem> {
    let (generation, partition) = (address.id.generation(), address.id.partition());
    let lane = TopicPartition::new(Topic::queue(&route.lane.queue, generation), partition);
    let known = match route.lane.has(generation, partition) {
        Some(known) => known,
        // A layout that was retired, or one of a catalog that is not here yet: the log knows which partitions it has.
        None => log.partitions().await.map_err(|error| log_problem(&error))?.contains(&lane),
    };
    Ok(known.then_some(lane))
}

fn ended(address: &Address, state: JobState) -> Problem {
    let (id, state) = (address.id, state_name(state));
    let hint = if state == "dead" { " Purge the dead letter to be rid of it." } else { "" };
    let detail = format!("Job {id} is already {state}; there is nothing to cancel.{hint}");
    Problem::new(Kind::JobEnded, detail).with("state", state)
}
