//! `GET /v1/status`: how many jobs of each type are in which state.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::TypeSpec;
use wasmill_http::{Caller, Problem, ProblemDocument};
use wasmill_job::JobType;
use wasmill_log::Log;
use wasmill_queue::{Counts, Queue};

use crate::lanes::lanes;
use crate::live::{Percentiles, PercentilesMs, WaitAndRun};
use crate::router::{Console, Storage};
use crate::trouble::queue_problem;

/// How the mill stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// The catalog revision this process follows.
    revision: u64,
    started_at_ms: u64,
    uptime_s: u64,
    /// Records of queues and of parked jobs that still owe something: not relayed yet, their jobs not at an end, or their
    /// dead letters not stored. Without a log, the jobs that are not at an end. 0: all that was accepted is done.
    unsettled_records: u64,
    types: Vec<TypeStatus>,
}

/// The jobs of one type. `pending`, `scheduled`, `in_flight` and `dead` are there now; the others count since the queue
/// was last built from the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeStatus {
    r#type: String,
    /// `off`, `shadow`, `live`, `paused`, or such as `live 5%`; absent for a type that is no longer in the catalog.
    mode: Option<String>,
    queue: Option<String>,
    accepted: u64,
    pending: u64,
    scheduled: u64,
    in_flight: u64,
    completed: u64,
    cancelled: u64,
    dead: u64,
    /// Attempts that ended in a retry.
    retried: u64,
    /// Claims whose lease ran out.
    lost: u64,
    /// Records dropped because their job was alive or done.
    duplicates: u64,
    /// From when a job was accepted, or fell due, to the start of its first attempt, over the last five minutes. Absent when
    /// nothing began to run, or no worker tells of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<PercentilesMs>,
    /// Attempts, from start to end, over the last five minutes. Absent when nothing ran, or no worker tells of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_ms: Option<PercentilesMs>,
}

/// Counts the jobs of every type that is in the catalog or in the queue, and that the token is for. What is unsettled counts
/// all.
#[utoipa::path(
    get, path = "/v1/status", tag = "status",
    responses(
        (status = 200, description = "The counts.", body = Status),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_status<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
) -> Result<Json<Status>, Problem> {
    let counts = console.queue.counts().await.map_err(|error| queue_problem(&error))?;
    let unsettled_records = match &console.storage {
        Storage::Log(log) => lanes(log, &console.queue).await?.iter().map(|lane| lane.unsettled).sum(),
        Storage::Queue => counts.values().map(|of| of.pending + of.scheduled + of.in_flight).sum(),
    };
    let catalog = console.catalog.current();
    let names = catalog.types.keys().chain(counts.keys());
    let names: BTreeSet<&JobType> = names.filter(|name| caller.scope().covers(name)).collect();
    let snapshot = console.live.newest();
    let row = |name| {
        let counts = counts.get(name).copied().unwrap_or_default();
        TypeStatus::of(name, catalog.types.get(name), counts, snapshot.series.times().of_type(name))
    };
    let now = console.clock.now();
    Ok(Json(Status {
        revision: catalog.revision.0,
        started_at_ms: console.started_at.0,
        uptime_s: now.since(console.started_at).as_secs(),
        unsettled_records,
        types: names.into_iter().map(row).collect(),
    }))
}

impl TypeStatus {
    fn of(name: &JobType, spec: Option<&TypeSpec>, counts: Counts, times: WaitAndRun) -> Self {
        Self {
            r#type: name.to_string(),
            mode: spec.map(|spec| spec.mode.to_string()),
            queue: spec.map(|spec| spec.queue.to_string()),
            accepted: counts.accepted,
            pending: counts.pending,
            scheduled: counts.scheduled,
            in_flight: counts.in_flight,
            completed: counts.completed,
            cancelled: counts.cancelled,
            dead: counts.dead,
            retried: counts.retried,
            lost: counts.lost,
            duplicates: counts.duplicates,
            wait_ms: times.wait.map(Percentiles::ms),
            run_ms: times.run.map(Percentiles::ms),
        }
    }
}
