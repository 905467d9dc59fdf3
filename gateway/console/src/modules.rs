//! `/v1/modules`: uploads are checked, compiled, stored and tagged; nothing runs because of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, StoreError, StoredModule};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject, read_body, require};
use wasmill_job::{ModuleDigest, ModuleTag};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::asked::note;
use crate::prepare::{ModuleRefusal, PreparedModule};
use crate::prune::users;
use crate::router::Console;
use crate::scope::seen;
use crate::trouble::store_problem;

/// How every Wasm binary begins.
const MAGIC: &[u8] = b"\0asm";

/// The query of `POST /v1/modules`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeployQuery {
    /// The module's version, `name@version`. It points to these bytes for ever.
    #[param(example = "hello@1.0.0")]
    pub(crate) tag: String,
}

/// A module that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deployed {
    pub(crate) tag: String,
    /// The SHA-256 of the uploaded bytes, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) size_bytes: u64,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

/// The modules in the store.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModuleList {
    pub(crate) modules: Vec<ModuleRow>,
}

/// One module.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModuleRow {
    pub(crate) digest: String,
    pub(crate) size_bytes: u64,
    pub(crate) stored_at_ms: u64,
    pub(crate) tags: Vec<String>,
    /// The job types that the routing table runs with it.
    pub(crate) used_by: Vec<String>,
}

/// Takes a module: checks that it can be a handler, compiles it, stores it under its digest, and tags it.
#[utoipa::path(
    post, path = "/v1/modules", tag = "modules", params(DeployQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses(
        (status = 201, description = "Taken.", body = Deployed),
        (status = 400, description = "No tag.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The tag is taken.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "Too large.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not Wasm.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Not a handler.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn deploy<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    query: Result<Query<DeployQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Deployed>), Problem> {
    let invalid_tag = |detail: String| Problem::new(Kind::InvalidField, detail).with("field", "tag");
    let Query(query) =
        query.map_err(|_| invalid_tag("Name the version in the query: ?tag=name@version.".into()))?;
    let tag: ModuleTag = query.tag.parse().map_err(|error| invalid_tag(format!("{error}.")))?;
    subject.is(format_args!("module {tag}"));
    require(&headers, &["application/wasm", "application/octet-stream"])?;
    let mut hold = console.uploads.hold();
    let upload = read_body(body, console.config.module_bytes_max, &mut hold).await?;
    if upload.is_empty() {
        return Err(unfit("The upload is empty; send the bytes of a Wasm module."));
    }
    if !upload.starts_with(MAGIC) {
        return Err(unfit("The upload is not Wasm: it does not begin with \\0asm."));
    }
    refuse_taken(&console, &tag, ModuleDigest::of(&upload)).await?;
    let size_bytes = upload.len() as u64;
    subject.is(format_args!("module {tag} ({})", ModuleDigest::of(&upload)));
    let PreparedModule { imports, exports, asked, .. } = prepare(&console, upload.clone()).await?;
    // Bytes first, then the name that points to them: a crash between the two leaves bytes nobody names.
    let digest = console.store.put_module(upload).await.map_err(|error| store_problem(&error))?;
    console.store.tag(&tag, digest).await.map_err(|error| store_problem(&error))?;
    note(&console, digest, asked);
    tracing::info!(%tag, %digest, size_bytes, "module deployed");
    let deployed =
        Deployed { tag: tag.to_string(), digest: digest.to_string(), size_bytes, imports, exports };
    Ok((StatusCode::CREATED, Json(deployed)))
}

/// Lists the modules and the tags that point to them.
#[utoipa::path(
    get, path = "/v1/modules", tag = "modules",
    responses(
        (status = 200, description = "The modules.", body = ModuleList),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_modules<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
) -> Result<Json<ModuleList>, Problem> {
    Ok(Json(ModuleList { modules: stored_modules(&console, &caller).await? }))
}

/// The modules in the store, used by the caller's job types.
pub(crate) async fn stored_modules<L, Q>(
    console: &Console<L, Q>,
    caller: &Caller,
) -> Result<Vec<ModuleRow>, Problem> {
    let stored = console.store.modules().await.map_err(|error| store_problem(&error))?;
    let tags = console.store.tags().await.map_err(|error| store_problem(&error))?;
    let current = console.catalog.current();
    Ok(stored.iter().map(|module| ModuleRow::of(module, &tags, &current, caller)).collect())
}

impl ModuleRow {
    pub(crate) fn of(
        module: &StoredModule,
        tags: &BTreeMap<ModuleTag, ModuleDigest>,
        current: &Catalog,
        caller: &Caller,
    ) -> Self {
        let StoredModule { digest, size_bytes, stored_at } = *module;
        let tags = tags.iter().filter(|(_, points_to)| **points_to == digest);
        Self {
            digest: digest.to_string(),
            size_bytes,
            stored_at_ms: stored_at.0,
            tags: tags.map(|(tag, _)| tag.to_string()).collect(),
            used_by: users(&seen(current, caller), digest),
        }
    }
}

/// Gives a module's bytes, as they were uploaded.
#[utoipa::path(
    get, path = "/v1/modules/{digest}", tag = "modules",
    params(("digest" = String, Path, description = "The SHA-256 of the module, in hexadecimal.")),
    responses(
        (status = 200, description = "The module.", body = Vec<u8>, content_type = "application/wasm"),
        (status = 404, description = "No such module.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn module_bytes<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    Path(digest): Path<String>,
) -> Result<([(HeaderName, &'static str); 1], Bytes), Problem> {
    let missing = |detail: String| Problem::new(Kind::UnknownModule, detail).with("module", digest.clone());
    let wanted: ModuleDigest = digest.parse().map_err(|error| missing(format!("{error}.")))?;
    match console.store.module(wanted).await {
        Ok(bytes) => Ok(([(CONTENT_TYPE, "application/wasm")], bytes)),
        Err(error @ StoreError::NoModule(_)) => Err(missing(format!("{error}."))),
        Err(error) => Err(store_problem(&error)),
    }
}

/// Asked before the work, not only after it.
async fn refuse_taken<L, Q>(
    console: &Console<L, Q>,
    tag: &ModuleTag,
    digest: ModuleDigest,
) -> Result<(), Problem> {
    match console.store.resolve(tag).await.map_err(|error| store_problem(&error))? {
        Some(points_to) if points_to != digest => {
            Err(store_problem(&StoreError::TagTaken { tag: tag.clone(), points_to, refused: digest }))
        }
        _ => Ok(()),
    }
}

/// One at a time: compiling takes a core and much memory.
async fn prepare<L, Q>(console: &Console<L, Q>, upload: Bytes) -> Result<PreparedModule, Problem> {
    let _turn = console.compiling.lock().await;
    let prepare = console.prepare.clone();
    let prepared = tokio::task::spawn_blocking(move || prepare.run(upload)).await;
    let failed = |reason: &dyn std::fmt::Display| {
        tracing::error!(%reason, "a module could not be prepared");
        Problem::new(Kind::Internal, format!("The module could not be compiled: {reason}."))
    };
    match prepared.map_err(|error| failed(&error))? {
        Ok(module) => Ok(module),
        Err(ModuleRefusal::TooLarge { bytes, bytes_max }) => {
            let detail = format!("The module is {bytes} bytes long; at most {bytes_max} are accepted.");
            Err(Problem::new(Kind::BodyTooLarge, detail).with("bytes", bytes).with("bytes_max", bytes_max))
        }
        Err(ModuleRefusal::Unfit { reason }) => Err(unfit(&reason)),
        Err(ModuleRefusal::Failed { reason }) => Err(failed(&reason)),
    }
}

fn unfit(reason: &str) -> Problem {
    Problem::new(Kind::ModuleRefused, reason)
}
