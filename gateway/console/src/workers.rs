//! `GET /v1/workers`: what workers tell of themselves: what they run, how much they hold, which revision they obey.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_http::{Caller, Problem, ProblemDocument};
use wasmill_job::Scope;
use wasmill_log::Log;
use wasmill_queue::{Queue, Running, WorkerId, WorkerReport};

use crate::router::Console;
use crate::trouble::queue_problem;

/// The workers that tell of themselves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkerList {
    /// In the order of their machines and processes.
    pub(crate) workers: Vec<WorkerRow>,
}

/// A worker, as it told of itself last. Each tells every second; one that has not for ten seconds is listed no more. Moments are
/// milliseconds since 1970, by the worker's clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkerRow {
    /// Its incarnation, 16 hexadecimal digits: another one at each start.
    pub(crate) worker: String,
    /// The name of its machine.
    pub(crate) host: String,
    pub(crate) pid: u32,
    /// The version of its program.
    pub(crate) version: String,
    pub(crate) started_at_ms: u64,
    pub(crate) told_at_ms: u64,
    /// The revision of the routing table that it obeys.
    pub(crate) revision: u64,
    /// How many jobs it runs at once. A job that runs alone in a process of its own is in none of them.
    pub(crate) slots: u32,
    /// Claims it holds: running, about to run, and not yet settled.
    pub(crate) held: u32,
    /// It is stopping, and takes nothing more.
    pub(crate) draining: bool,
    /// What runs, the longest first; with a token for some job types, of those.
    pub(crate) running: Vec<RunningRow>,
    /// What runs besides.
    pub(crate) running_more: u32,
}

/// An attempt that runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunningRow {
    pub(crate) id: String,
    pub(crate) r#type: String,
    /// The version that runs it.
    pub(crate) module: String,
    /// Which attempt it is; the first is 1.
    pub(crate) attempt: u32,
    pub(crate) since_ms: u64,
}

/// Lists the workers that share this mill's queue. A token for some job types sees what runs of those, and all numbers.
#[utoipa::path(
    get, path = "/v1/workers", tag = "workers",
    responses(
        (status = 200, description = "The workers.", body = WorkerList),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_workers<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
) -> Result<Json<WorkerList>, Problem> {
    Ok(Json(WorkerList::of(&reports(&console).await?, caller.scope())))
}

/// What workers have told, in the order of their machines and processes.
///
/// # Errors
/// 503 when the queue does not answer.
pub(crate) async fn reports<L, Q: Queue>(console: &Console<L, Q>) -> Result<Vec<WorkerReport>, Problem> {
    let mut reports = console.queue.reports().await.map_err(|error| queue_problem(&error))?;
    reports.sort_by(|a, b| (&a.host, a.pid, a.worker).cmp(&(&b.host, b.pid, b.worker)));
    Ok(reports)
}

/// A worker's incarnation as it is shown.
pub(crate) fn name_of(worker: WorkerId) -> String {
    format!("{:016x}", worker.0)
}

impl WorkerList {
    pub(crate) fn of(reports: &[WorkerReport], scope: &Scope) -> Self {
        Self { workers: reports.iter().map(|report| WorkerRow::of(report, scope)).collect() }
    }
}

impl WorkerRow {
    fn of(report: &WorkerReport, scope: &Scope) -> Self {
        let is_own = |running: &&Running| scope.covers(&running.job_type);
        let running: Vec<_> = report.running.iter().filter(is_own).map(RunningRow::of).collect();
        // It never names more than the report does.
        let foreign = (report.running.len() - running.len()) as u32;
        Self {
            worker: name_of(report.worker),
            host: report.host.clone(),
            pid: report.pid,
            version: report.version.clone(),
            started_at_ms: report.started_at.0,
            told_at_ms: report.told_at.0,
            revision: report.revision.0,
            slots: report.slots,
            held: report.held,
            draining: report.is_draining,
            running,
            running_more: report.running_more.saturating_add(foreign),
        }
    }
}

impl RunningRow {
    fn of(running: &Running) -> Self {
        Self {
            id: running.id.to_string(),
            r#type: running.job_type.to_string(),
            module: running.module.to_string(),
            attempt: running.attempt.0,
            since_ms: running.since.0,
        }
    }
}
