//! `GET /v1/dead`: dead letters, a page at a time.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_job::JobType;
use wasmill_log::Log;
use wasmill_queue::{DeadQuery, Queue};

use crate::dead_error::ErrorFilter;
use crate::dead_view::DeadList;
use crate::router::Console;
use crate::trouble::queue_problem;

/// Letters asked of the queue at once: they come with their payloads, which are not shown.
const PAGE: usize = 100;

/// Pages asked of the queue for one answer: a rare error among many is looked for over several requests.
const PAGES_MAX: usize = 100;

/// The query of `GET /v1/dead`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only letters of this job type.
    pub(crate) r#type: Option<String>,
    /// Only letters with this failure code, such as `trap`.
    pub(crate) code: Option<String>,
    /// Only letters whose message is of this shape, as `GET /v1/dead/groups` shows it.
    pub(crate) error: Option<String>,
    /// Only letters after this one: the `next` of the page before.
    pub(crate) after: Option<String>,
    /// At most so many, 1 to 1,000. Default 100.
    pub(crate) limit: Option<usize>,
}

/// Lists dead letters in the order of their ids; with a token for some job types, those of one of them at a time. A page may be
/// short, even empty, and still have a `next`.
#[utoipa::path(
    get, path = "/v1/dead", tag = "dead letters", params(ListQuery),
    responses(
        (status = 200, description = "A page.", body = DeadList),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_dead<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<DeadList>, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    Ok(Json(page_of_dead(&console, &caller, query).await?))
}

/// A page of dead letters, of the caller's job types.
pub(crate) async fn page_of_dead<L, Q: Queue>(
    console: &Console<L, Q>,
    caller: &Caller,
    query: ListQuery,
) -> Result<DeadList, Problem> {
    let limit = read_limit(query.limit)?;
    let job_type = query.r#type.as_deref().map(read_type).transpose()?;
    caller.require_filter(job_type.as_ref())?;
    let errors = ErrorFilter { code: query.code, shape: query.error };
    let (mut list, mut after) = (DeadList::default(), query.after);
    for _ in 0..PAGES_MAX {
        let max = (limit - list.len()).min(PAGE);
        let wanted = DeadQuery { job_type: job_type.clone(), after, max };
        let mut page = console.queue.dead(wanted).await.map_err(|error| queue_problem(&error))?;
        page.letters.retain(|letter| errors.holds(letter));
        after = page.next.clone();
        list.add(page);
        if after.is_none() || list.len() >= limit {
            break;
        }
    }
    Ok(list)
}

/// How many rows a page has at most: 100 when the query does not say.
///
/// # Errors
/// 400 unless it lies between 1 and 1,000.
pub(crate) fn read_limit(limit: Option<usize>) -> Result<usize, Problem> {
    const LIMIT: usize = 100;
    const LIMIT_MAX: usize = 1_000;
    let limit = limit.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("`limit` is {limit}; it must lie between 1 and {LIMIT_MAX}.");
    Err(Problem::new(Kind::InvalidField, detail).with("field", "limit"))
}

/// # Errors
/// 400 when the text cannot name a type. That the catalog knows it is not asked: letters outlive their type.
pub(crate) fn read_type(text: &str) -> Result<JobType, Problem> {
    text.parse().map_err(|error| Problem::new(Kind::InvalidField, format!("{error}.")).with("field", "type"))
}
