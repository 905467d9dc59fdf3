//! `POST /v1/modules/prune`: modules that nothing needs any more leave the artifact store. Their tags stay, because a tag points
//! to the same bytes for ever: deploying those again brings the module back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, StoreError, StoredModule};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::{ModuleDigest, ModuleTag, Revision};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::modules::ModuleRow;
use crate::router::Console;
use crate::trouble::{read_json, store_problem};

/// Which modules to prune.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPrune {
    /// These, by tag or digest, if the routing table does not name them. Without: all that it has not named for a while.
    #[serde(default)]
    modules: Vec<String>,
    /// Modules that one of so many revisions names, the newest among them, are kept, so that one can go back to it. 10 by
    /// default.
    keep_revisions: Option<u64>,
    /// Younger modules are kept: somebody may be about to apply them. In seconds; an hour by default.
    min_age_s: Option<u64>,
    /// Only say which they are.
    #[serde(default)]
    dry_run: bool,
}

/// The modules that were pruned, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pruned {
    pruned: Vec<ModuleRow>,
    /// How many are left.
    kept: usize,
}

const KEEP_REVISIONS: u64 = 10;
const MIN_AGE: Duration = Duration::from_secs(3_600);

/// Deletes modules that nothing needs. What the routing table names is never deleted: then the answer says by whom it is used.
#[utoipa::path(
    post, path = "/v1/modules/prune", tag = "modules", request_body = WantedPrune,
    responses(
        (status = 200, description = "Pruned.", body = Pruned),
        (status = 400, description = "Not JSON.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such module.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "In use.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn prune<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Pruned>, Problem> {
    let wanted: WantedPrune = read_json(&headers, body, &console.bodies).await?;
    let current = console.newest().await?;
    let tags = console.store.tags().await.map_err(|error| store_problem(&error))?;
    let stored = console.store.modules().await.map_err(|error| store_problem(&error))?;
    let victims = if wanted.modules.is_empty() {
        let needed = needed(&console, &current, wanted.keep_revisions.unwrap_or(KEEP_REVISIONS)).await?;
        let min_age = wanted.min_age_s.map_or(MIN_AGE, Duration::from_secs);
        let now = console.clock.now();
        let is_old = |module: &StoredModule| now.since(module.stored_at) >= min_age;
        let unneeded = |module: &&StoredModule| !needed.contains(&module.digest) && is_old(module);
        stored.iter().filter(unneeded).map(|module| module.digest).collect()
    } else {
        named(&wanted.modules, &tags, &stored, &current)?
    };
    let rows: Vec<_> = stored
        .iter()
        .filter(|module| victims.contains(&module.digest))
        .map(|module| ModuleRow::of(module, &tags, &current, &caller))
        .collect();
    subject.is(format_args!(
        "{}modules {}",
        if wanted.dry_run { "dry run: " } else { "" },
        victims.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    ));
    if !wanted.dry_run {
        for digest in &victims {
            console.store.remove_module(*digest).await.map_err(|error| store_problem(&error))?;
            tracing::info!(%digest, "module pruned");
        }
    }
    Ok(Json(Pruned { kept: stored.len() - rows.len(), pruned: rows }))
}

/// The digests that these texts name.
fn named(
    texts: &[String],
    tags: &BTreeMap<ModuleTag, ModuleDigest>,
    stored: &[StoredModule],
    current: &Catalog,
) -> Result<BTreeSet<ModuleDigest>, Problem> {
    let mut digests = BTreeSet::new();
    for text in texts {
        let tagged = text.parse::<ModuleTag>().ok().and_then(|tag| tags.get(&tag).copied());
        let digest = tagged.or_else(|| text.parse().ok());
        let digest = digest.filter(|digest| stored.iter().any(|module| module.digest == *digest));
        let digest = digest.ok_or_else(|| {
            let detail =
                format!("There is no module `{text}` in the store; `wasmill modules list` shows them.");
            Problem::new(Kind::UnknownEntry, detail)
        })?;
        let users = users(current, digest);
        if !users.is_empty() {
            let detail = format!(
                "Module `{text}` is in use by {}; route another version first. Nothing was deleted.",
                users.iter().map(|user| format!("job type `{user}`")).collect::<Vec<_>>().join(", ")
            );
            return Err(Problem::new(Kind::InUse, detail).with("used_by", users));
        }
        digests.insert(digest);
    }
    Ok(digests)
}

/// The job types of a catalog that a module runs for.
pub(crate) fn users(catalog: &Catalog, digest: ModuleDigest) -> Vec<String> {
    let uses = catalog.types.iter().filter(|(_, spec)| spec.handlers.iter().any(|of| of.digest == digest));
    uses.map(|(name, _)| name.to_string()).collect()
}

/// What the newest revisions name. One that cannot be read names nothing: nobody can go back to it either.
async fn needed<L, Q>(
    console: &Console<L, Q>,
    current: &Catalog,
    revisions: u64,
) -> Result<BTreeSet<ModuleDigest>, Problem> {
    let digests_of = |catalog: &Catalog| {
        let handlers = catalog.types.values().flat_map(|spec| spec.handlers.iter());
        handlers.map(|handler| handler.digest).collect::<Vec<_>>()
    };
    let mut needed: BTreeSet<_> = digests_of(current).into_iter().collect();
    let first = (current.revision.0 + 1).saturating_sub(revisions).max(1);
    for number in first..current.revision.0 {
        match console.store.revision(Revision(number)).await {
            Ok(catalog) => needed.extend(digests_of(&catalog)),
            Err(error @ StoreError::Away { .. }) => return Err(store_problem(&error)),
            Err(error) => {
                tracing::warn!(%error, "a revision cannot be read; its modules are not kept for it");
            }
        }
    }
    Ok(needed)
}

impl<L, Q> Console<L, Q> {
    /// The modules that the store has.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub(crate) async fn stored_digests(&self) -> Result<BTreeSet<ModuleDigest>, Problem> {
        let stored = self.store.modules().await.map_err(|error| store_problem(&error))?;
        Ok(stored.into_iter().map(|module| module.digest).collect())
    }
}
