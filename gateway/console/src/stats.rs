//! `GET /v1/stats`: what happened in the last minutes, hours or days, in equal steps.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::dead::read_type;
use crate::history::{MINUTES_MAX, Span, Step};
use crate::live::{Percentiles, PercentilesMs};
use crate::router::Console;

/// The query of `GET /v1/stats`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// Only this job type; the whole mill without one.
    pub(crate) r#type: Option<String>,
    /// So many minutes back, 1 to 10,080. Default 60.
    pub(crate) minutes: Option<u64>,
    /// At most so many points, 1 to 1,000; minutes are joined into equal steps. Default 300.
    pub(crate) points: Option<u64>,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// The oldest first. A step of which no minute was recorded is absent.
    points: Vec<StatsPoint>,
    /// Why there is no history at the moment: a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// What happened in a step, as far as this process saw it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatsPoint {
    /// When it begins, in milliseconds since 1970.
    at_ms: u64,
    /// How many minutes of it were recorded.
    minutes: u32,
    accepted: u64,
    completed: u64,
    /// Attempts that failed.
    failed: u64,
    /// Jobs that became dead letters.
    died: u64,
    /// Jobs that were pending at its end.
    pending: u64,
    /// From when a job was accepted, or fell due, to the start of its first attempt: the greatest of its minutes. Absent when
    /// nothing began to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<PercentilesMs>,
    /// Attempts, from start to end: the greatest of its minutes. Absent when nothing ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_ms: Option<PercentilesMs>,
}

const MINUTES: u64 = 60;
const POINTS: u64 = 300;
const POINTS_MAX: u64 = 1_000;

/// Tells what happened in the last minutes, at most seven days, of the whole mill or of a job type; with a token for some job
/// types, of one of them. Each process records what it sees while it runs, so two may differ, and one that was down has a gap.
#[utoipa::path(
    get, path = "/v1/stats", tag = "status", params(StatsQuery),
    responses(
        (status = 200, description = "The points.", body = Stats),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_stats<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<StatsQuery>, QueryRejection>,
) -> Result<Json<Stats>, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    let job_type = query.r#type.as_deref().map(read_type).transpose()?;
    caller.require_filter(job_type.as_ref())?;
    let minutes = within("minutes", query.minutes, MINUTES, MINUTES_MAX)?;
    let points = within("points", query.points, POINTS, POINTS_MAX)?;
    let span = Span::until(console.clock.now(), minutes, points);
    let (steps, trouble) = match console.history.steps(job_type.as_ref(), span).await {
        Ok(steps) => (steps, None),
        Err(sentence) => (Vec::new(), Some(sentence)),
    };
    Ok(Json(Stats { points: steps.iter().map(StatsPoint::of).collect(), trouble }))
}

/// # Errors
/// 400 unless it lies between 1 and `max`.
fn within(field: &'static str, asked: Option<u64>, default: u64, max: u64) -> Result<u64, Problem> {
    let asked = asked.unwrap_or(default);
    if (1..=max).contains(&asked) {
        return Ok(asked);
    }
    let detail = format!("`{field}` is {asked}; it must lie between 1 and {max}.");
    Err(Problem::new(Kind::InvalidField, detail).with("field", field))
}

impl StatsPoint {
    fn of(step: &Step) -> Self {
        let Step { at, minutes, flow, pending, times } = step;
        Self {
            at_ms: at.0,
            minutes: *minutes,
            accepted: flow.accepted,
            completed: flow.completed,
            failed: flow.failed,
            died: flow.died,
            pending: *pending,
            wait_ms: times.wait.map(Percentiles::ms),
            run_ms: times.run.map(Percentiles::ms),
        }
    }
}
