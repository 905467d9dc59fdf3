//! `GET /v1/jobs`: the jobs in one state, a page at a time, perhaps only those that are looked for.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_job::{DeadLetter, Failure, JobId, JobType, UnixMs};
use wasmill_log::{Log, ParkedCopy};
use wasmill_queue::{DeadQuery, JobView, ListQuery, Queue, QueueError, State as JobState};

use crate::dead::{read_limit, read_type};
use crate::job_filter::JobFilter;
use crate::parked::{ParkedPage, parked};
use crate::router::{Console, Storage};
use crate::trouble::queue_problem;

/// The states that the queue can list by.
pub(crate) const STATES: [(&str, JobState); 5] = [
    ("pending", JobState::Pending),
    ("scheduled", JobState::Scheduled),
    ("in_flight", JobState::InFlight),
    ("completed", JobState::Completed),
    ("cancelled", JobState::Cancelled),
];

/// The state of jobs that the log holds, because their type had no room in the queue.
pub(crate) const PARKED: &str = "parked";

/// The state of jobs that left a dead letter.
pub(crate) const DEAD: &str = "dead";

/// Pages asked of the queue for one answer: a rare type among many is looked for over several requests.
const PAGES_MAX: usize = 20;

/// Jobs asked for one by one for one answer, because lists do not tell errors; so many at once.
const LOOKS_MAX: usize = 200;
const LOOKS_AT_ONCE: usize = 50;

/// Dead letters asked of the queue at once: they come with their payloads, which are not shown.
const LETTERS_AT_ONCE: usize = 100;

/// The query of `GET /v1/jobs`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsQuery {
    /// `pending`, `scheduled`, `in_flight`, `completed`, `cancelled`, `parked` or `dead`. Needed unless `id` is there.
    pub(crate) state: Option<String>,
    /// Only jobs of this type.
    pub(crate) r#type: Option<String>,
    /// Only jobs accepted at this moment or later, in milliseconds since 1970.
    pub(crate) since_ms: Option<u64>,
    /// Only jobs accepted before this moment.
    pub(crate) until_ms: Option<u64>,
    /// Only jobs whose last failure has this text in its message or its code; small and capital letters are the same. Of parked
    /// jobs no failure is known.
    pub(crate) error: Option<String>,
    /// The job with this id alone, whatever its state, if the queue knows it; everything else is ignored.
    pub(crate) id: Option<String>,
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
    /// When it completed, was cancelled or died.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at_ms: Option<u64>,
    /// The last failure: of dead jobs, and where it had to be looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<JobError>,
}

/// What went wrong last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobError {
    /// A stable name, such as `trap` or `rejected`.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Lists the jobs in one state, all or those that are looked for; with a token for some job types, of one of them at a time. Jobs
/// that move meanwhile may be missed, or come twice. A page may be short, even empty, and still have a `next`.
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
    if let Some(id) = &query.id {
        return one(console, caller, id).await;
    }
    let limit = read_limit(query.limit)?;
    let job_type = query.r#type.as_deref().map(read_type).transpose()?;
    caller.require_filter(job_type.as_ref())?;
    let filter = JobFilter::new(query.since_ms, query.until_ms, query.error.as_deref())?;
    match query.state.as_deref().unwrap_or_default() {
        PARKED => {
            // Without a log nothing is parked, and of what is no failure is known.
            let Storage::Log(log) = &console.storage else { return Ok(JobList::default()) };
            if filter.wants_error() {
                return Ok(JobList::default());
            }
            let page = parked(log, &console.queue, job_type.as_ref(), query.after.as_deref(), limit).await?;
            Ok(JobList::of_parked(page, &filter))
        }
        DEAD => dead(&console.queue, job_type, &filter, query.after, limit).await,
        state => listed(&console.queue, read_state(state)?, job_type, &filter, (query.after, limit)).await,
    }
}

/// The job with this id, if the queue knows it and it is of the caller's types.
async fn one<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    caller: &Caller,
    id: &str,
) -> Result<JobList, Problem> {
    let id: JobId = id.trim().parse().map_err(|_| {
        let detail = "`id` is not a job id; ids look like 0190163d-8694-8001-8000-64c2f1a0b3d5.";
        Problem::new(Kind::InvalidField, detail).with("field", "id")
    })?;
    let view = console.queue.job(id).await.map_err(|error| queue_problem(&error))?;
    let row = |view: JobView| {
        let failure = view.last.as_ref().and_then(|last| last.failure.clone());
        let state = state_name(view.state);
        JobRow::of(view, state).failed(failure.as_ref())
    };
    // Of a foreign job not even that it is there is told.
    let rows = view.filter(|view| caller.scope().covers(&view.job_type)).map(row);
    Ok(JobList { jobs: rows.into_iter().collect(), next: None })
}

/// Jobs that left a dead letter. Records that were no jobs are letters, too, but not listed here.
async fn dead<Q: Queue>(
    queue: &Q,
    job_type: Option<JobType>,
    filter: &JobFilter,
    after: Option<String>,
    limit: usize,
) -> Result<JobList, Problem> {
    let mut list = JobList { jobs: Vec::new(), next: after };
    for _ in 0..PAGES_MAX {
        let (after, max) = (list.next.take(), (limit - list.jobs.len()).min(LETTERS_AT_ONCE));
        let wanted = DeadQuery { job_type: job_type.clone(), after, max };
        let page = queue.dead(wanted).await.map_err(|error| queue_problem(&error))?;
        let found = page.letters.iter().filter(|letter| filter.holds_error(Some(&letter.failure)));
        let rows = found.filter_map(|letter| JobRow::of_letter(letter));
        list.jobs.extend(rows.filter(|row| filter.holds_at(UnixMs(row.accepted_at_ms))));
        list.next = page.next;
        if list.next.is_none() || list.jobs.len() >= limit {
            break;
        }
    }
    Ok(list)
}

/// Jobs in a state of the queue.
async fn listed<Q: Queue>(
    queue: &Q,
    (name, state): (&'static str, JobState),
    job_type: Option<JobType>,
    filter: &JobFilter,
    (after, limit): (Option<String>, usize),
) -> Result<JobList, Problem> {
    let mut list = JobList { jobs: Vec::new(), next: after };
    let mut looks = 0;
    for _ in 0..PAGES_MAX {
        let (after, room) = (list.next.take(), limit - list.jobs.len());
        let max = if filter.wants_error() { room.min(LOOKS_AT_ONCE) } else { room };
        let wanted = ListQuery { state, job_type: job_type.clone(), after, max };
        let page = queue.list(wanted).await.map_err(|error| match &error {
            // The rest of the question was read above.
            QueueError::Malformed { reason } => {
                Problem::new(Kind::InvalidField, format!("`after`: {reason}.")).with("field", "after")
            }
            _ => queue_problem(&error),
        })?;
        let held = page.jobs.into_iter().filter(|view| filter.holds_at(view.accepted_at));
        if filter.wants_error() {
            let held: Vec<_> = held.collect();
            looks += held.len();
            list.jobs.extend(with_errors(queue, held, name, filter).await?);
        } else {
            list.jobs.extend(held.map(|view| JobRow::of(view, name)));
        }
        list.next = page.next;
        if list.next.is_none() || list.jobs.len() >= limit || looks >= LOOKS_MAX {
            break;
        }
    }
    Ok(list)
}

/// Those of the jobs whose last failure is looked for, which each has to be asked for.
async fn with_errors<Q: Queue>(
    queue: &Q,
    views: Vec<JobView>,
    state: &'static str,
    filter: &JobFilter,
) -> Result<Vec<JobRow>, Problem> {
    let asked = views.iter().map(|view| queue.job(view.id));
    let found = try_join_all(asked).await.map_err(|error| queue_problem(&error))?;
    let rows = views.into_iter().zip(found).filter_map(|(view, found)| {
        // One that is gone meanwhile has moved, as any may.
        let failure = found?.last?.failure;
        filter.holds_error(failure.as_ref()).then(|| JobRow::of(view, state).failed(failure.as_ref()))
    });
    Ok(rows.collect())
}

/// A state and its name.
fn read_state(text: &str) -> Result<(&'static str, JobState), Problem> {
    STATES.into_iter().find(|(name, _)| *name == text).ok_or_else(|| {
        let names: Vec<_> = STATES.map(|(name, _)| name).into_iter().chain([PARKED, DEAD]).collect();
        let detail = format!("`state` must be one of {}.", names.join(", "));
        Problem::new(Kind::InvalidField, detail).with("field", "state").with("known", names)
    })
}

/// The state in the design's words.
pub(crate) fn state_name(state: JobState) -> &'static str {
    // Dead jobs alone are not among them.
    STATES.into_iter().find(|(_, of)| *of == state).map_or(DEAD, |(name, _)| name)
}

impl JobList {
    fn of_parked(page: ParkedPage, filter: &JobFilter) -> Self {
        let held = page.copies.into_iter().filter(|copy| filter.holds_at(copy.job.accepted_at));
        Self { jobs: held.map(JobRow::of_parked).collect(), next: page.next }
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
            error: None,
        }
    }

    /// `None` of a letter that is no job's.
    fn of_letter(letter: &DeadLetter) -> Option<Self> {
        let job = letter.job.as_ref()?;
        let row = Self {
            id: job.id.to_string(),
            r#type: job.job_type.to_string(),
            state: DEAD,
            attempts: letter.attempts.0,
            accepted_at_ms: job.accepted_at.0,
            due_at_ms: None,
            ended_at_ms: Some(letter.died_at.0),
            error: None,
        };
        Some(row.failed(Some(&letter.failure)))
    }

    fn failed(self, failure: Option<&Failure>) -> Self {
        let error = failure.map(|of| JobError { code: of.code.as_str(), message: of.message.clone() });
        Self { error, ..self }
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
            error: None,
        }
    }
}
