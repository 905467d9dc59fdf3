//! `/v1/catalog/revisions` and beside it: the history of the routing table, what changed between two revisions, a revision as
//! a catalog file, and going back to one.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, Plan, StoreError, diff, export, rollback};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::Revision;
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::catalog_view::{CatalogAnswer, ChangeRow};
use crate::commit::{Applied, ETag, expect, if_match, write};
use crate::generations::refuse_undrained;
use crate::router::Console;
use crate::scope::{differs_unseen, require_changes, seen, seen_changes};
use crate::trouble::{read_json, refusal_problem, store_problem};

/// Revisions of a page that does not say.
const PAGE: u64 = 20;
const PAGE_MAX: u64 = 100;

/// The query of `GET /v1/catalog/revisions`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Only revisions before this one.
    pub(crate) before: Option<u64>,
    /// How many at most: 1 to 100, 20 by default.
    pub(crate) limit: Option<u64>,
}

/// The query of `GET /v1/catalog/diff`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiffQuery {
    /// The older revision; 0 is the empty routing table.
    pub(crate) from: u64,
    /// The newer one.
    pub(crate) to: u64,
}

/// The query of `GET /v1/catalog/export`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// The newest one, if none is named.
    pub(crate) revision: Option<u64>,
}

/// Which revision to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRollback {
    pub(crate) revision: u64,
    /// Why, for the history.
    pub(crate) message: Option<String>,
}

/// Revisions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    pub(crate) revisions: Vec<RevisionRow>,
    /// The `before` of the next page; absent when this was the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<u64>,
}

/// One revision.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct RevisionRow {
    pub(crate) revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at_ms: Option<u64>,
    /// The name of the token that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<String>,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
}

/// What changed between two revisions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiffAnswer {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) changes: Vec<ChangeRow>,
}

/// Lists revisions, the newest first: when each was made, by whom, and why.
#[utoipa::path(
    get, path = "/v1/catalog/revisions", tag = "catalog", params(HistoryQuery),
    responses(
        (status = 200, description = "Revisions.", body = History),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_revisions<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<History>, Problem> {
    Ok(Json(history(&console, read_query(query)?).await?))
}

/// A page of revisions.
pub(crate) async fn history<L, Q>(console: &Console<L, Q>, query: HistoryQuery) -> Result<History, Problem> {
    let HistoryQuery { before, limit } = query;
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        let detail = format!("limit is {limit}; it must lie between 1 and {PAGE_MAX}.");
        return Err(Problem::new(Kind::InvalidField, detail).with("field", "limit"));
    }
    let newest = console.store.latest_number().await.map_err(|error| store_problem(&error))?;
    let end = before.map_or(newest.0, |before| newest.0.min(before.saturating_sub(1)));
    let first = (end + 1).saturating_sub(limit).max(1);
    let mut revisions = Vec::new();
    for number in (first..=end).rev() {
        match console.store.revision(Revision(number)).await {
            Ok(catalog) => revisions.push(RevisionRow::of(&catalog)),
            Err(error @ StoreError::Away { .. }) => return Err(store_problem(&error)),
            Err(error) => {
                let trouble = Some(error.to_string());
                revisions.push(RevisionRow { revision: number, trouble, ..RevisionRow::default() });
            }
        }
    }
    Ok(History { revisions, next: (first > 1).then_some(first) })
}

/// Shows the routing table as one revision has it.
#[utoipa::path(
    get, path = "/v1/catalog/revisions/{revision}", tag = "catalog", params(("revision" = u64, Path)),
    responses(
        (status = 200, description = "The routing table.", body = CatalogAnswer),
        (status = 400, description = "No number.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such revision.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_revision<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    path: Result<Path<u64>, PathRejection>,
) -> Result<Json<CatalogAnswer>, Problem> {
    let Path(number) = path.map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))?;
    let catalog = console.catalog_at(Revision(number)).await?;
    Ok(Json(CatalogAnswer::of(&seen(&catalog, &caller))))
}

/// Says what changed from one revision to another.
#[utoipa::path(
    get, path = "/v1/catalog/diff", tag = "catalog", params(DiffQuery),
    responses(
        (status = 200, description = "The changes.", body = DiffAnswer),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such revision.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_diff<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<DiffQuery>, QueryRejection>,
) -> Result<Json<DiffAnswer>, Problem> {
    let DiffQuery { from, to } = read_query(query)?;
    let [before, after] =
        [console.catalog_at(Revision(from)).await?, console.catalog_at(Revision(to)).await?];
    let changes = seen_changes(diff(&before, &after), &caller);
    Ok(Json(DiffAnswer { from, to, changes: ChangeRow::all(&changes) }))
}

/// The routing table as a catalog file: applying it to the mill that it came from changes nothing.
#[utoipa::path(
    get, path = "/v1/catalog/export", tag = "catalog", params(ExportQuery),
    responses(
        (status = 200, description = "TOML.", body = String, content_type = "application/toml"),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such revision.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn export_catalog<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<ExportQuery>, QueryRejection>,
) -> Result<impl IntoResponse, Problem> {
    let catalog = match read_query(query)?.revision {
        Some(number) => console.catalog_at(Revision(number)).await?,
        None => console.store.latest().await.map_err(|error| store_problem(&error))?,
    };
    Ok((ETag(catalog.revision), [(CONTENT_TYPE, "application/toml")], export(&seen(&catalog, &caller))))
}

/// Goes back: writes a new revision that says what an older one said.
#[utoipa::path(
    post, path = "/v1/catalog/rollback", tag = "catalog", request_body = WantedRollback,
    responses(
        (status = 200, description = "Done.", body = Applied),
        (status = 400, description = "Not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such revision.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Revision moved.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Not the revision of If-Match.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "It cannot come back.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn roll_back<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    headers: HeaderMap,
    body: Body,
) -> Result<(ETag, Json<Applied>), Problem> {
    let if_match = if_match(&headers)?;
    let wanted: WantedRollback = read_json(&headers, body, &console.bodies).await?;
    subject.is(format_args!("back to revision {}", wanted.revision));
    go_back(&console, (&caller, &subject), if_match, wanted).await
}

/// What going back to a revision would change, and over which revision. Whether queues that it takes out are drained is not
/// asked: that takes long.
pub(crate) async fn plan_back<L, Q>(
    console: &Console<L, Q>,
    caller: &Caller,
    expected: Option<Revision>,
    revision: Revision,
) -> Result<(Catalog, Plan), Problem> {
    let current = console.newest().await?;
    expect(console, caller, &current, expected, Kind::RevisionMoved).await?;
    let old = console.catalog_at(revision).await?;
    // Before anything is said that names a job type.
    if differs_unseen(&current, &old, caller) {
        caller.require_whole(&format!("going back to revision {revision} would change others, too"))?;
    }
    let stored = console.stored_digests().await?;
    let plan = rollback(&current, &old, &stored).map_err(|refusal| refusal_problem(&refusal))?;
    require_changes(&plan.changes, caller)?;
    Ok((current, plan))
}

/// Goes back to a revision, if the routing table is at the one that is expected.
pub(crate) async fn go_back<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    (caller, subject): (&Caller, &Subject),
    expected: Option<Revision>,
    WantedRollback { revision, message }: WantedRollback,
) -> Result<(ETag, Json<Applied>), Problem> {
    let (current, plan) = plan_back(console, caller, expected, Revision(revision)).await?;
    // Queues that it takes out go as if they were deleted.
    for (name, spec) in &current.queues {
        if !plan.next.queues.contains_key(name) {
            refuse_undrained(console, &current, name, &spec.draining).await?;
        }
    }
    let message = message.unwrap_or_else(|| format!("back to revision {revision}"));
    write(console, &current, plan, (caller, subject), message).await
}

fn read_query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(query)| query).map_err(|error| Problem::new(Kind::InvalidField, error.body_text()))
}

impl<L, Q> Console<L, Q> {
    /// The newest catalog, as the store has it, to be changed.
    ///
    /// # Errors
    /// 503 when the store is away, or has less than this process follows: what was written over that would be lost with it, or
    /// hide what is there.
    pub(crate) async fn newest(&self) -> Result<Catalog, Problem> {
        let newest = self.store.latest().await.map_err(|error| store_problem(&error))?;
        let followed = self.catalog.current().revision;
        if newest.revision < followed {
            let detail = format!(
                "Nothing was changed: the newest revision in the artifact store is {}, and revision {followed} is in force \
                 here. The store is empty, older or another one; put the right one back.",
                newest.revision
            );
            return Err(Problem::new(Kind::Unavailable, detail));
        }
        Ok(newest)
    }

    /// A revision's catalog; of 0 the empty one.
    ///
    /// # Errors
    /// 404 when there is none, 503 when the store is away.
    pub(crate) async fn catalog_at(&self, number: Revision) -> Result<Catalog, Problem> {
        if number == Revision(0) {
            return Ok(Catalog::default());
        }
        self.store.revision(number).await.map_err(|error| store_problem(&error))
    }
}

impl RevisionRow {
    fn of(catalog: &Catalog) -> Self {
        Self {
            revision: catalog.revision.0,
            created_at_ms: Some(catalog.created_at.0),
            author: catalog.author.clone(),
            message: Some(catalog.message.clone()),
            trouble: None,
        }
    }
}
