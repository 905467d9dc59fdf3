//! `PUT /v1/modules/{digest}/tags/{tag}`: another name for a module that is there.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::StoreError;
use wasmill_http::{Kind, Problem, ProblemDocument, Subject};
use wasmill_job::{ModuleDigest, ModuleTag};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::router::Console;
use crate::trouble::store_problem;

/// A tag and what it points to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tagged {
    tag: String,
    digest: String,
}

/// Points a version to a module that is there, for ever: so that bytes that were tried as one version are released as another
/// without an upload. Doing it again is fine.
#[utoipa::path(
    put, path = "/v1/modules/{digest}/tags/{tag}", tag = "modules",
    params(
        ("digest" = String, Path, description = "The SHA-256 of the module, in hexadecimal."),
        ("tag" = String, Path, description = "The version, `name@version`."),
    ),
    responses(
        (status = 200, description = "It points there.", body = Tagged),
        (status = 400, description = "No version.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such module.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The tag points elsewhere.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn tag_module<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    Path((digest, tag)): Path<(String, String)>,
) -> Result<Json<Tagged>, Problem> {
    subject.is(format_args!("module {tag} ({digest})"));
    let missing = |detail: String| Problem::new(Kind::UnknownModule, detail).with("module", digest.clone());
    let tag: ModuleTag = tag
        .parse()
        .map_err(|error| Problem::new(Kind::InvalidField, format!("{error}.")).with("field", "tag"))?;
    let wanted: ModuleDigest = digest.parse().map_err(|error| missing(format!("{error}.")))?;
    match console.store.tag(&tag, wanted).await {
        Ok(()) => {}
        Err(error @ StoreError::NoModule(_)) => return Err(missing(format!("{error}."))),
        Err(error) => return Err(store_problem(&error)),
    }
    tracing::info!(%tag, digest = %wanted, "module tagged");
    Ok(Json(Tagged { tag: tag.to_string(), digest: wanted.to_string() }))
}
