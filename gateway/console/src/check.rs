//! `POST /v1/queue/check`: the queue's own check, on request.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_http::{Problem, ProblemDocument};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::router::Console;
use crate::trouble::queue_problem;

/// What the check found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckAnswer {
    /// Jobs looked at: pending, scheduled, in flight.
    jobs: u64,
    /// What is wrong, a sentence each; at most a hundred. Empty: nothing.
    faults: Vec<String>,
}

/// Checks that each job is in exactly one place and every count is what it counts. Looks at everything, so it takes its
/// time in a long queue; one check runs at a time.
#[utoipa::path(
    post, path = "/v1/queue/check", tag = "queue",
    responses(
        (status = 200, description = "What was found.", body = CheckAnswer),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn check_queue<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
) -> Result<Json<CheckAnswer>, Problem> {
    let _turn = console.checking.lock().await;
    let checked = console.queue.check().await.map_err(|error| queue_problem(&error))?;
    if !checked.faults.is_empty() {
        tracing::error!(faults = ?checked.faults, "the queue's check found faults");
    }
    Ok(Json(CheckAnswer { jobs: checked.jobs, faults: checked.faults }))
}
