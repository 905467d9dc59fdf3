//! `GET /v1/jobs`: the jobs in one state, a page at a time.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_log::{Log, ParkedCopy};
use wasmill_queue::{JobView, ListQuery, Queue, QueueError, State as JobState};

use crate::dead::{read_limit, read_type};
use crate::parked::{ParkedPage, parked};
use crate::router::{Console, Storage};
use crate::trouble::queue_problem;

/// The states that the queue can list. Dead jobs have their own list.
pub(crate) const STATES: [(&str, JobState); 5] = [
    ("pending", JobState::Pending),
    ("scheduled", JobState::Scheduled),
    ("in_flight", JobState::InFlight),
    ("completed", JobState::Completed),
    ("cancelled", JobState::Cancelled),
];

/// The state of jobs that the log holds, because their type had no room in the queue.
pub(crate) const PARKED: &str = "parked";

/// Pages asked of the queue for one answer: a rare type among many is looked for over several requests.
const PAGES_MAX: usize = 20;

/// The query of `GET /v1/jobs`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsQuery {
    /// `pending`, `scheduled`, `in_flight`, `completed`, `cancelled` or `parked`.
    pub(crate) state: String,
    /// Only jobs of this type.
    pub(crate) r#type: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// At most so many, 1 to 1,000. Default 100.
    pub(crate) limit: Option<usize>,
}

/// A page of jobs.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct JobList {
    pub(crate) jobs: Vec<JobRow>,
    /// The `after` of the next page; absent on the last one. A page may be short, even empty, and still have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// One job. Moments are milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobRow {
    pub(crate) id: String,
    pub(crate) r#type: String,
    pub(crate) state: &'static str,
    /// How many times it has been tried.
    pub(crate) attempts: u32,
    pub(crate) accepted_at_ms: u64,
    /// When a scheduled job falls due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_at_ms: Option<u64>,
    /// When it completed or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at_ms: Option<u64>,
}

/// Lists the jobs in one state; with a token for some job types, of one of them at a time. Jobs that move meanwhile may be missed,
/// or come twice.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs", params(JobsQuery),
    responses(
        (status = 200, description = "A page.", body = JobList),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_jobs<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<JobsQuery>, QueryRejection>,
) -> Result<Json<JobList>, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    Ok(Json(page_of_jobs(&console, &caller, query).await?))
}

/// A page of the jobs in one state, of the caller's job types.
pub(crate) async fn page_of_jobs<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    caller: &Caller,
    query: JobsQuery,
) -> Result<JobList, Problem> {
    let limit = read_limit(query.limit)?;
    let job_type = query.r#type.as_deref().map(read_type).transpose()?;
    caller.require_filter(job_type.as_ref())?;
    if query.state == PARKED {
        // Without a log nothing is parked.
        let Storage::Log(log) = &console.storage else { return Ok(JobList::default()) };
        let page = parked(log, &console.queue, job_type.as_ref(), query.after.as_deref(), limit).await?;
        return Ok(JobList::of_parked(page));
    }
    let (name, state) = read_state(&query.state)?;
    let mut list = JobList { jobs: Vec::new(), next: query.after };
    for _ in 0..PAGES_MAX {
        let (after, max) = (list.next.take(), limit - list.jobs.len());
        let wanted = ListQuery { state, job_type: job_type.clone(), after, max };
        let page = console.queue.list(wanted).await.map_err(|error| match &error {
            // The rest of the question was read above.
            QueueError::Malformed { reason } => {
                Problem::new(Kind::InvalidField, format!("`after`: {reason}.")).with("field", "after")
            }
            _ => queue_problem(&error),
        })?;
        list.jobs.extend(page.jobs.into_iter().map(|view| JobRow::of(view, name)));
        list.next = page.next;
        if list.next.is_none() || list.jobs.len() >= limit {
            break;
        }
    }
    Ok(list)
}

/// A state and its name.
fn read_state(text: &str) -> Result<(&'static str, JobState), Problem> {
    STATES.into_iter().find(|(name, _)| *name == text).ok_or_else(|| {
        let names: Vec<_> = STATES.map(|(name, _)| name).into_iter().chain([PARKED]).collect();
        let hint = if text == "dead" { " Dead letters are listed by GET /v1/dead." } else { "" };
        let detail = format!("`state` must be one of {}.{hint}", names.join(", "));
        Problem::new(Kind::InvalidField, detail).with("field", "state").with("known", names)
    })
}

/// The state in the design's words.
pub(crate) fn state_name(state: JobState) -> &'static str {
    // Dead jobs alone are not among them.
    STATES.into_iter().find(|(_, of)| *of == state).map_or("dead", |(name, _)| name)
}

impl JobList {
    fn of_parked(page: ParkedPage) -> Self {
        Self { jobs: page.copies.into_iter().map(JobRow::of_parked).collect(), next: page.next }
    }
}

impl JobRow {
    fn of_parked(ParkedCopy { job, of, .. }: ParkedCopy) -> Self {
        Self {
            id: job.id.to_string(),
            r#type: job.job_type.to_string(),
            state: PARKED,
            attempts: of.attempts.0,
            accepted_at_ms: job.accepted_at.0,
            due_at_ms: of.due_at.or(job.run_at).map(|at| at.0),
            ended_at_ms: None,
        }
    }

    fn of(view: JobView, state: &'static str) -> Self {
        Self {
            id: view.id.to_string(),
            r#type: view.job_type.to_string(),
            state,
            attempts: view.attempts.0,
            accepted_at_ms: view.accepted_at.0,
            due_at_ms: view.due_at.map(|at| at.0),
            ended_at_ms: view.ended_at.map(|at| at.0),
        }
    }
}
