//! The router of the job API, and what it is made of.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::OpenApi;
use wasmill_catalog::{Backing, Catalog};
use wasmill_http::{Budget, Caller, Problem};
use wasmill_job::{Clock, IdSource, JobId, Path};
use wasmill_log::{Log, ParkedCopy};
use wasmill_queue::Queue;

use crate::address::Address;
use crate::batch::post_batch;
use crate::cancel::{cancel, cancel_job};
use crate::parked::{Look, Looks};
use crate::payload::{job_payload, payload_of};
use crate::post::post_job;
use crate::routes::RouteTable;
use crate::search::Searches;
use crate::show::show_job;
use crate::trouble::Trouble;

/// What the job API needs.
pub struct Parts<L, Q> {
    pub storage: Storage<L>,
    /// Which paths job types can have here. One that includes a log needs a storage that does.
    pub backing: Backing,
    pub queue: Q,
    pub catalog: watch::Receiver<Arc<Catalog>>,
    pub clock: Arc<dyn Clock>,
    /// What the storage promises when it answers.
    pub stored: Durability,
    pub config: IngestConfig,
}

/// Where accepted jobs are stored.
#[derive(Clone, Debug)]
pub enum Storage<L> {
    /// In this log; a relay carries them to the queue.
    Log(L),
    /// In the queue itself: there is no log.
    Queue,
}

/// How durable an answered job is; callers read it in `stored`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// On brokers of Kafka: as many as the queue of the job's type asks for.
    Brokers,
    /// On this machine's disk.
    Fsync,
    /// In Redis, as durable as that is configured to be.
    Redis,
}

/// What an operator may turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// Bytes of bodies that may be in memory at once, from being read until the storage has answered; above it requests
    /// are answered 503. Must be larger than twice the largest payload. Default 64 MiB.
    pub buffer_bytes: usize,
}

/// The state all requests share.
pub(crate) struct Ingest<L, Q> {
    pub(crate) storage: Storage<L>,
    pub(crate) queue: Q,
    pub(crate) routes: RouteTable,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stored: Durability,
    pub(crate) budget: Budget,
    pub(crate) ids: Mutex<IdSource>,
    pub(crate) trouble: Trouble,
    pub(crate) looks: Looks,
    pub(crate) searches: Searches,
}

/// The job API.
pub struct Jobs<L, Q>(Arc<Ingest<L, Q>>);

/// The routes of the job API: `POST /v1/jobs`, `POST /v1/jobs/batch`, `GET` and `DELETE /v1/jobs/{type}/{id}`, and its payload.
pub fn router<L: Log, Q: Queue>(parts: Parts<L, Q>) -> Router {
    Jobs::new(parts).router()
}

impl<L: Log, Q: Queue> Jobs<L, Q> {
    pub fn new(parts: Parts<L, Q>) -> Self {
        let Parts { storage, backing, queue, catalog, clock, stored, config } = parts;
        let (routes, budget) = (RouteTable::new(catalog, backing), Budget::new(config.buffer_bytes));
        Self(Arc::new(Ingest {
            storage,
            queue,
            routes,
            clock,
            stored,
            budget,
            ids: Mutex::default(),
            trouble: Trouble::default(),
            looks: Looks::default(),
            searches: Searches::default(),
        }))
    }

    /// Its routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/jobs", post(post_job::<L, Q>))
            .route("/v1/jobs/batch", post(post_batch::<L, Q>))
            .with_state(Arc::clone(&self.0))
            .merge(self.router_of_one())
    }

    /// Those about one job that is there, for a process in which no job comes in: `GET` and `DELETE /v1/jobs/{type}/{id}`, and
    /// `GET` of its payload.
    pub fn router_of_one(&self) -> Router {
        Router::new()
            .route("/v1/jobs/{type}/{id}", get(show_job::<L, Q>).delete(cancel_job::<L, Q>))
            .route("/v1/jobs/{type}/{id}/payload", get(job_payload::<L, Q>))
            .with_state(Arc::clone(&self.0))
    }

    /// Cancels a job for a caller as `DELETE /v1/jobs/{type}/{id}` does; answers `cancelling`, or `cancelled` when it is already.
    ///
    /// # Errors
    /// The problem that the route answers with.
    pub async fn cancel(
        &self,
        job_type: String,
        id: JobId,
        caller: &Caller,
    ) -> Result<&'static str, Problem> {
        cancel(&self.0, &Address { job_type, id }, caller).await
    }

    /// A job's payload for a caller, as `GET /v1/jobs/{type}/{id}/payload` gives it without a receipt. Cost: at most 64 MiB of the
    /// log are read for a parked job, and as many for one that is done.
    ///
    /// # Errors
    /// The problem that the route answers with.
    pub async fn payload(&self, job_type: String, id: JobId, caller: &Caller) -> Result<Bytes, Problem> {
        caller.require_type(&job_type)?;
        payload_of(&self.0, &Address { job_type, id }, caller, None).await
    }

    /// The copy of a job that is parked in the log; `None` when it is not, or when so many are that it was not found. Cost: at
    /// most 64 MiB of the log are read.
    ///
    /// # Errors
    /// When log or queue do not answer.
    pub async fn parked(&self, job_type: String, id: JobId) -> Result<Option<ParkedCopy>, Problem> {
        let Storage::Log(log) = &self.0.storage else { return Ok(None) };
        match self.0.looks.look(log, &self.0.queue, &Address { job_type, id }).await? {
            Look::Found(copy) => Ok(Some(*copy)),
            Look::Nothing | Look::Unfinished => Ok(None),
        }
    }
}

impl<L, Q> Clone for Jobs<L, Q> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The description of the job API, to be merged with the others'.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        info(title = "Wasmill", description = "Background jobs as sandboxed WebAssembly."),
        paths(
            crate::post::post_job,
            crate::batch::post_batch,
            crate::show::show_job,
            crate::payload::job_payload,
            crate::cancel::cancel_job
        ),
        tags((name = "jobs", description = "Jobs in: post, look, payloads, cancel."))
    )]
    struct Jobs;
    Jobs::openapi()
}

/// The description of [`Jobs::router_of_one`].
pub fn openapi_of_one() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        info(title = "Wasmill", description = "Background jobs as sandboxed WebAssembly."),
        paths(crate::show::show_job, crate::payload::job_payload, crate::cancel::cancel_job),
        tags((name = "jobs", description = "One job: look, its payload, cancel."))
    )]
    struct OneJob;
    OneJob::openapi()
}

impl Durability {
    /// What a job is stored in that is kept by the queue itself: the embedded queue keeps none.
    const QUEUE: &'static str = "redis";

    /// The word for callers, given the job's path and what its queue asks for. A job that goes both ways is as durable as the
    /// queue, from which it runs.
    pub(crate) fn word(self, path: Path, asked: wasmill_job::Durability) -> &'static str {
        match (self, asked) {
            _ if path != Path::Log => Self::QUEUE,
            (Self::Brokers, wasmill_job::Durability::Quorum) => "quorum",
            (Self::Brokers, wasmill_job::Durability::Leader) => "leader",
            (Self::Fsync, _) => "fsync",
            (Self::Redis, _) => Self::QUEUE,
        }
    }
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self { buffer_bytes: 64 << 20 }
    }
}
