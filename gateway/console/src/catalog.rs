//! `/v1/catalog`: what the routing table says, what files would change in it, and changing it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, Mistakes, Plan, SourceFile};
use wasmill_http::{Kind, Problem, ProblemDocument};
use wasmill_job::Revision;
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::catalog_view::{CatalogAnswer, ChangeRow};
use crate::router::Console;
use crate::trouble::{read_json, store_problem};

/// How long an apply waits for this process to follow it, so that whoever applied a type can enqueue to it at once.
const FOLLOW_WITHIN: Duration = Duration::from_secs(5);

/// Catalog files to be put over the routing table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedCatalog {
    files: Vec<CatalogFile>,
    /// Why, for the history. `apply` only.
    message: Option<String>,
    /// The revision the changes were shown against; when there is another one by now, nothing is written.
    expect_revision: Option<u64>,
}

/// One file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogFile {
    /// What mistakes call it.
    #[schema(example = "mill/mail.toml")]
    name: String,
    /// Its contents: TOML.
    text: String,
}

/// What applying would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanAnswer {
    /// The revision the changes are relative to.
    current_revision: u64,
    changes: Vec<ChangeRow>,
}

/// What applying has changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Applied {
    /// The revision that says so; the current one when there was nothing to change.
    revision: u64,
    changes: Vec<ChangeRow>,
    /// What is still to be done before jobs of the new entries can come in; absent when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Shows the routing table as this process follows it.
#[utoipa::path(
    get, path = "/v1/catalog", tag = "catalog",
    responses((status = 200, description = "The routing table.", body = CatalogAnswer))
)]
pub(crate) async fn show_catalog<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
) -> Json<CatalogAnswer> {
    Json(CatalogAnswer::of(&console.catalog.current()))
}

/// Says what applying these files would change. Writes nothing.
#[utoipa::path(
    post, path = "/v1/catalog/plan", tag = "catalog", request_body = WantedCatalog,
    responses(
        (status = 200, description = "The changes.", body = PlanAnswer),
        (status = 400, description = "Not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "All mistakes.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn plan_catalog<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PlanAnswer>, Problem> {
    let wanted: WantedCatalog = read_json(&headers, body, &console.bodies).await?;
    let (current, plan) = make_plan(&console, &wanted).await?;
    let changes = plan.changes.iter().map(ChangeRow::of).collect();
    Ok(Json(PlanAnswer { current_revision: current.revision.0, changes }))
}

/// Applies these files: writes the next revision, unless there is nothing to change.
#[utoipa::path(
    post, path = "/v1/catalog/apply", tag = "catalog", request_body = WantedCatalog,
    responses(
        (status = 200, description = "Applied.", body = Applied),
        (status = 400, description = "Not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Revision moved.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "All mistakes.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn apply_catalog<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Applied>, Problem> {
    let wanted: WantedCatalog = read_json(&headers, body, &console.bodies).await?;
    let (current, plan) = make_plan(&console, &wanted).await?;
    if let Some(expected) = wanted.expect_revision.filter(|expected| *expected != current.revision.0) {
        return Err(moved(expected, current.revision));
    }
    let changes: Vec<_> = plan.changes.iter().map(ChangeRow::of).collect();
    if changes.is_empty() {
        return Ok(Json(Applied { revision: current.revision.0, changes, warnings: Vec::new() }));
    }
    let next = plan.into_revision(console.clock.now(), wanted.message.unwrap_or_default());
    let warnings = make_topics(&console, &next).await;
    console.store.create(&next).await.map_err(|error| store_problem(&error))?;
    let revision = next.revision;
    tracing::info!(%revision, message = next.message, changes = changes.len(), "catalog applied");
    follow(&console, revision).await;
    Ok(Json(Applied { revision: revision.0, changes, warnings }))
}

/// Makes the topics of new queues before a revision names them, so that no gateway writes to one that is not there. Where
/// that fails the revision is written all the same: whoever may make topics finds in it which.
async fn make_topics<L, Q>(console: &Console<L, Q>, next: &Catalog) -> Vec<String> {
    let Some(topics) = &console.topics else { return Vec::new() };
    match topics.run(next.clone()).await {
        Ok(()) => Vec::new(),
        Err(reason) => {
            tracing::warn!(reason, "topics of the new revision were not made");
            vec![reason]
        }
    }
}

async fn make_plan<L, Q>(
    console: &Console<L, Q>,
    wanted: &WantedCatalog,
) -> Result<(Catalog, Plan), Problem> {
    if wanted.files.is_empty() {
        return Err(Problem::new(Kind::InvalidField, "There are no files to apply.").with("field", "files"));
    }
    let current = console.store.latest().await.map_err(|error| store_problem(&error))?;
    let modules = console.store.tags().await.map_err(|error| store_problem(&error))?;
    let files: Vec<_> = wanted.files.iter().map(|file| SourceFile::new(&file.name, &file.text)).collect();
    let plan = wasmill_catalog::plan(&current, &files, &modules, console.storage.backing());
    let plan = plan.map_err(|mistakes| invalid(&mistakes))?;
    Ok((current, plan))
}

/// Waits until this process has the revision. Taking long is no failure: the revision is written.
async fn follow<L, Q>(console: &Console<L, Q>, revision: Revision) {
    console.catalog.notify();
    let mut catalog = console.catalog.receiver();
    let followed = catalog.wait_for(|catalog| catalog.revision >= revision);
    if tokio::time::timeout(FOLLOW_WITHIN, followed).await.is_err() {
        tracing::warn!(%revision, "this process does not follow the revision yet");
    }
}

fn invalid(mistakes: &Mistakes) -> Problem {
    let list: Vec<_> = mistakes
        .0
        .iter()
        .map(|mistake| {
            json!({
                "file": mistake.file, "line": mistake.line, "column": mistake.column, "message": mistake.message,
            })
        })
        .collect();
    let count = list.len();
    let summary = if count == 1 { "One mistake".to_owned() } else { format!("{count} mistakes") };
    Problem::new(Kind::CatalogInvalid, format!("{summary}; nothing was changed.\n{mistakes}"))
        .with("mistakes", list)
}

fn moved(expected: u64, current: Revision) -> Problem {
    let detail = format!(
        "The routing table is at revision {current}, not {expected}: somebody else applied in between. Nothing was \
         changed; look at the changes again and repeat."
    );
    Problem::new(Kind::CatalogMoved, detail).with("revision", current.0)
}
