//! Writing a revision: only over the one that was meant, signed by whoever asked, and told in the log. A writer who comes too
//! late is told what the others have changed.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, Plan, StoreError, diff};
use wasmill_http::{Caller, Kind, Problem, Subject};
use wasmill_job::Revision;

use crate::catalog_view::ChangeRow;
use crate::router::Console;
use crate::scope::{require_changes, seen_changes};
use crate::trouble::store_problem;

/// What a change of the routing table has made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Applied {
    /// The revision that says so; the current one when there was nothing to change.
    pub(crate) revision: u64,
    pub(crate) changes: Vec<ChangeRow>,
    /// What is still to be done before jobs of the new entries can come in; absent when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

/// The revision that an answer is about, as an entity tag.
pub(crate) struct ETag(pub(crate) Revision);

/// How long a change waits for this process to follow it, so that whoever applied a type can enqueue to it at once.
const FOLLOW_WITHIN: Duration = Duration::from_secs(5);
/// The revisions of others that a conflict names at most.
const NAMED_MAX: u64 = 10;

/// Writes the plan as the next revision, unless there is nothing to change.
///
/// # Errors
/// 403 when it changes what the caller's token is not for, 409 when somebody else was quicker: nothing was written then.
pub(crate) async fn write<L, Q>(
    console: &Console<L, Q>,
    current: &Catalog,
    plan: Plan,
    (caller, subject): (&Caller, &Subject),
    message: String,
) -> Result<(ETag, Json<Applied>), Problem> {
    require_changes(&plan.changes, caller)?;
    let changes = ChangeRow::all(&plan.changes);
    let subjects: Vec<_> = plan.changes.iter().map(|change| change.subject.to_string()).collect();
    if changes.is_empty() {
        let revision = current.revision.0;
        subject.is(format_args!("revision {revision}: nothing to change"));
        return Ok((ETag(current.revision), Json(Applied { revision, changes, warnings: Vec::new() })));
    }
    let author = caller.name().map(ToString::to_string);
    let next = plan.into_revision(console.clock.now(), author, message);
    subject.is(format_args!("revision {}: {}", next.revision, subjects.join(", ")));
    let warnings = make_topics(console, &next).await;
    match console.store.create(&next).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            let newest = console.store.latest().await.map_err(|error| store_problem(&error))?;
            return Err(moved(console, caller, current.revision, &newest, Kind::CatalogMoved).await);
        }
        Err(error) => return Err(store_problem(&error)),
    }
    let Catalog { revision, author, message, .. } = next;
    tracing::info!(%revision, author, message, changes = changes.len(), "catalog applied");
    follow(console, revision).await;
    Ok((ETag(revision), Json(Applied { revision: revision.0, changes, warnings })))
}

/// Refuses when the routing table is not at the revision that the caller has seen.
///
/// # Errors
/// A problem of `kind`, with what has changed since.
pub(crate) async fn expect<L, Q>(
    console: &Console<L, Q>,
    caller: &Caller,
    current: &Catalog,
    expected: Option<Revision>,
    kind: Kind,
) -> Result<(), Problem> {
    match expected.filter(|expected| *expected != current.revision) {
        Some(expected) => Err(moved(console, caller, expected, current, kind).await),
        None => Ok(()),
    }
}

/// The revision of `If-Match`; nothing when there is none, or `*`.
///
/// # Errors
/// 400 when it is something else.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Revision>, Problem> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|n| n.parse().ok());
    number.map(|number| Some(Revision(number))).ok_or_else(|| {
        let detail =
            "If-Match holds no revision: send the ETag of GET /v1/catalog as it came, such as \"12\".";
        Problem::new(Kind::InvalidField, detail).with("field", "If-Match")
    })
}

/// What became of the routing table between the revision somebody has seen and the newest.
async fn moved<L, Q>(
    console: &Console<L, Q>,
    caller: &Caller,
    seen: Revision,
    newest: &Catalog,
    kind: Kind,
) -> Problem {
    // This process may be behind: whoever looks again should see what is meant here.
    console.catalog.notify();
    let mut detail =
        format!("The routing table is at revision {}, not {seen}: nothing was changed.", newest.revision);
    let mut problem_revisions = Vec::new();
    let mut before = None;
    if seen < newest.revision {
        before = console.catalog_at(seen).await.ok();
        detail.push_str(" Meanwhile:");
        let first = (seen.0 + 1).max((newest.revision.0 + 1).saturating_sub(NAMED_MAX));
        for number in (first..=newest.revision.0).map(Revision) {
            let Ok(catalog) = console.catalog_at(number).await else { continue };
            let author = catalog.author.as_deref().unwrap_or("somebody");
            let why =
                if catalog.message.is_empty() { String::new() } else { format!(": {}", catalog.message) };
            detail.push_str(&format!("\n  revision {number} by {author}{why}"));
            problem_revisions.push(json!({
                "revision": number.0, "author": catalog.author, "message": catalog.message,
                "created_at_ms": catalog.created_at.0,
            }));
        }
    }
    let changes = before.map(|before| seen_changes(diff(&before, newest), caller)).unwrap_or_default();
    for change in &changes {
        detail.push_str(&format!("\n{change}"));
    }
    detail.push_str(
        "\nLook at the changes again, and repeat: over the newest revision they may mean something else.",
    );
    let changes = serde_json::to_value(ChangeRow::all(&changes)).unwrap_or_default();
    let problem = Problem::new(kind, detail).with("revision", newest.revision.0);
    problem.with("revisions", problem_revisions).with("changes", changes)
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

/// Waits until this process has the revision. Taking long is no failure: the revision is written.
async fn follow<L, Q>(console: &Console<L, Q>, revision: Revision) {
    console.catalog.notify();
    let mut catalog = console.catalog.receiver();
    let followed = catalog.wait_for(|catalog| catalog.revision >= revision);
    if tokio::time::timeout(FOLLOW_WITHIN, followed).await.is_err() {
        tracing::warn!(%revision, "this process does not follow the revision yet");
    }
}

impl IntoResponseParts for ETag {
    type Error = Infallible;
    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.0)) {
            parts.headers_mut().insert(ETAG, tag);
        }
        Ok(parts)
    }
}
