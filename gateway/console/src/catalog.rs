//! `/v1/catalog`: what the routing table says, what files would change in it, and changing it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, Mistakes, Plan, SourceFile, Stores, judge_grants};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::{ModuleDigest, ModuleTag, Revision};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::asked::asked;
use crate::catalog_view::{CatalogAnswer, ChangeRow};
use crate::commit::{Applied, ETag, expect, if_match, write};
use crate::router::Console;
use crate::scope::{require_changes, seen};
use crate::trouble::{read_json, store_problem};

/// Catalog files to be put over the routing table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedCatalog {
    pub(crate) files: Vec<CatalogFile>,
    /// Why, for the history. `apply` only.
    pub(crate) message: Option<String>,
    /// The revision the changes were shown against; when there is another one by now, nothing is written.
    pub(crate) expect_revision: Option<u64>,
}

/// One file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogFile {
    /// What mistakes call it.
    #[schema(example = "mill/mail.toml")]
    pub(crate) name: String,
    /// Its contents: TOML.
    pub(crate) text: String,
}

/// What applying would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanAnswer {
    /// The revision the changes are relative to.
    pub(crate) current_revision: u64,
    pub(crate) changes: Vec<ChangeRow>,
}

/// Shows the routing table as this process follows it. `ETag` is its revision, to be sent back as `If-Match`.
#[utoipa::path(
    get, path = "/v1/catalog", tag = "catalog",
    responses((status = 200, description = "The routing table.", body = CatalogAnswer))
)]
pub(crate) async fn show_catalog<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
) -> (ETag, Json<CatalogAnswer>) {
    let catalog = console.catalog.current();
    (ETag(catalog.revision), Json(CatalogAnswer::of(&seen(&catalog, &caller))))
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
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(ETag, Json<PlanAnswer>), Problem> {
    let wanted: WantedCatalog = read_json(&headers, body, &console.bodies).await?;
    let (current, plan) = make_plan(&console, &wanted).await?;
    require_changes(&plan.changes, &caller)?;
    let changes = ChangeRow::all(&plan.changes);
    Ok((ETag(current.revision), Json(PlanAnswer { current_revision: current.revision.0, changes })))
}

/// Applies these files: writes the next revision, unless there is nothing to change.
///
/// With `If-Match: "REVISION"`, or `expect_revision`, only when the routing table is still at that revision.
#[utoipa::path(
    post, path = "/v1/catalog/apply", tag = "catalog", request_body = WantedCatalog,
    responses(
        (status = 200, description = "Applied.", body = Applied),
        (status = 400, description = "Not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "Revision moved.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Not the revision of If-Match.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "All mistakes.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn apply_catalog<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    headers: HeaderMap,
    body: Body,
) -> Result<(ETag, Json<Applied>), Problem> {
    let if_match = if_match(&headers)?;
    let wanted: WantedCatalog = read_json(&headers, body, &console.bodies).await?;
    let current = console.newest().await?;
    // Before the files: mistakes against a routing table that was not meant would mislead.
    expect(&console, &caller, &current, if_match, Kind::RevisionMoved).await?;
    expect(&console, &caller, &current, wanted.expect_revision.map(Revision), Kind::CatalogMoved).await?;
    let plan = plan_over(&console, &current, &wanted).await?;
    write(&console, &current, plan, (&caller, &subject), wanted.message.unwrap_or_default()).await
}

async fn make_plan<L, Q>(
    console: &Console<L, Q>,
    wanted: &WantedCatalog,
) -> Result<(Catalog, Plan), Problem> {
    let current = console.newest().await?;
    let plan = plan_over(console, &current, wanted).await?;
    Ok((current, plan))
}

async fn plan_over<L, Q>(
    console: &Console<L, Q>,
    current: &Catalog,
    wanted: &WantedCatalog,
) -> Result<Plan, Problem> {
    if wanted.files.is_empty() {
        return Err(Problem::new(Kind::InvalidField, "There are no files to apply.").with("field", "files"));
    }
    let modules = usable_tags(console).await?;
    let files: Vec<_> = wanted.files.iter().map(|file| SourceFile::new(&file.name, &file.text)).collect();
    let stores = Stores { backing: console.backing, redis: console.redis.clone() };
    let plan =
        wasmill_catalog::plan(current, &files, &modules, stores).map_err(|mistakes| invalid(&mistakes))?;
    let asked = asked(console, current, &plan).await?;
    judge_grants(&plan, &files, console.backing, &asked).map_err(|mistakes| invalid(&mistakes))?;
    Ok(plan)
}

/// The tags whose modules are there: a tag outlives a module that was pruned.
async fn usable_tags<L, Q>(console: &Console<L, Q>) -> Result<BTreeMap<ModuleTag, ModuleDigest>, Problem> {
    let mut tags = console.store.tags().await.map_err(|error| store_problem(&error))?;
    let stored = console.stored_digests().await?;
    tags.retain(|_, digest| stored.contains(digest));
    Ok(tags)
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
