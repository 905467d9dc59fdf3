//! `GET /v1/dead/groups`: dead letters counted by type and error, so that ten thousand of one cause are one line.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument};
use wasmill_job::DeadLetter;
use wasmill_log::Log;
use wasmill_queue::{DeadQuery, Queue};

use crate::dead::read_type;
use crate::dead_error::shape;
use crate::router::Console;
use crate::trouble::queue_problem;

/// Letters asked of the queue at once: they come with their payloads, which are not shown.
const PAGE: usize = 100;
/// More letters than this are not looked at for one answer.
const LOOKED_MAX: usize = 10_000;
/// More groups than this are not told apart: their letters are counted in `others`.
const GROUPS_MAX: usize = 200;

/// The query of `GET /v1/dead/groups`.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupsQuery {
    /// Only letters of this job type.
    pub(crate) r#type: Option<String>,
}

/// Dead letters by type and error, the largest group first.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DeadGroups {
    pub(crate) groups: Vec<DeadGroup>,
    /// Letters in no group, because there are too many different ones.
    pub(crate) others: u64,
    /// The letters that were looked at: the first ten thousand.
    pub(crate) looked: u64,
    /// Whether there are letters that were not looked at.
    pub(crate) more: bool,
}

/// Letters of one type with the same error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadGroup {
    /// Absent for records that are no job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) r#type: Option<String>,
    /// A stable name, such as `trap` or `rejected`.
    pub(crate) code: &'static str,
    /// What their messages have in common, with `#` for numbers and ids.
    pub(crate) error: String,
    pub(crate) count: u64,
    pub(crate) first_died_at_ms: u64,
    pub(crate) last_died_at_ms: u64,
}

type Key = (Option<String>, &'static str, String);

/// Counts dead letters by type and error; with a token for some job types, those of one of them.
#[utoipa::path(
    get, path = "/v1/dead/groups", tag = "dead letters", params(GroupsQuery),
    responses(
        (status = 200, description = "The groups.", body = DeadGroups),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_groups<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<GroupsQuery>, QueryRejection>,
) -> Result<Json<DeadGroups>, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    Ok(Json(dead_groups(&console, &caller, query).await?))
}

/// The groups of the first ten thousand letters.
pub(crate) async fn dead_groups<L, Q: Queue>(
    console: &Console<L, Q>,
    caller: &Caller,
    query: GroupsQuery,
) -> Result<DeadGroups, Problem> {
    let job_type = query.r#type.as_deref().map(read_type).transpose()?;
    caller.require_filter(job_type.as_ref())?;
    let (mut answer, mut found, mut after) = (DeadGroups::default(), BTreeMap::new(), None);
    loop {
        let wanted = DeadQuery { job_type: job_type.clone(), after, max: PAGE };
        let page = console.queue.dead(wanted).await.map_err(|error| queue_problem(&error))?;
        answer.looked += page.letters.len() as u64;
        page.letters.iter().for_each(|letter| answer.others += u64::from(!add(&mut found, letter)));
        after = page.next;
        if after.is_none() || answer.looked >= LOOKED_MAX as u64 {
            break;
        }
    }
    answer.more = after.is_some();
    answer.groups = found.into_values().collect();
    answer.groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    Ok(answer)
}

/// Counts a letter, if there is room for its group.
fn add(found: &mut BTreeMap<Key, DeadGroup>, letter: &DeadLetter) -> bool {
    let r#type = letter.job.as_ref().map(|job| job.job_type.to_string());
    let (code, error, at) = (letter.failure.code.as_str(), shape(&letter.failure.message), letter.died_at.0);
    let key = (r#type.clone(), code, error.clone());
    if let Some(group) = found.get_mut(&key) {
        group.count += 1;
        group.first_died_at_ms = group.first_died_at_ms.min(at);
        group.last_died_at_ms = group.last_died_at_ms.max(at);
        return true;
    }
    if found.len() >= GROUPS_MAX {
        return false;
    }
    let group = DeadGroup { r#type, code, error, count: 1, first_died_at_ms: at, last_died_at_ms: at };
    found.insert(key, group);
    true
}
