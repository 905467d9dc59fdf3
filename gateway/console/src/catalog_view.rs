//! What is shown of the routing table and of its changes.

use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, Change, ChangeKind, FieldChange, QueueSpec, TypeSpec};
use wasmill_job::{JobType, Mode, Path, QueueName};

/// The routing table.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogAnswer {
    /// 0 while nothing has been applied.
    revision: u64,
    created_at_ms: u64,
    /// Why it was made.
    message: String,
    queues: Vec<QueueRow>,
    types: Vec<TypeRow>,
}

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueRow {
    name: String,
    partitions: u32,
    generation: u16,
}

/// A job type's route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeRow {
    r#type: String,
    owner: Option<String>,
    queue: String,
    path: &'static str,
    mode: &'static str,
    /// The module's version.
    module: String,
    digest: String,
    memory_bytes: u64,
    timeout_ms: u64,
    fuel: u64,
    payload_bytes: u64,
    output_bytes: u64,
    log_bytes: u64,
    /// Attempts in all, the first included.
    attempts: u32,
    /// Jobs in flight at once, over all workers.
    concurrency: Option<u32>,
    /// Jobs that may start in a time, over all workers.
    rate: Option<RateRow>,
    /// Its share beside other types.
    weight: u32,
    /// Jobs pending and scheduled at once; above it no more are taken in.
    max_pending: Option<u64>,
    keep_result_ms: u64,
    dedup_window_ms: u64,
}

/// So many jobs in so much time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateRow {
    jobs: u32,
    per_ms: u64,
}

/// One entry that changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeRow {
    /// Such as `queue mail` or `type email.welcome`.
    subject: String,
    /// `added`, `changed` or `removed`.
    kind: &'static str,
    fields: Vec<FieldRow>,
}

/// One field that changes, as a catalog file would write it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldRow {
    path: &'static str,
    old: Option<String>,
    new: Option<String>,
}

impl CatalogAnswer {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        Self {
            revision: catalog.revision.0,
            created_at_ms: catalog.created_at.0,
            message: catalog.message.clone(),
            queues: catalog.queues.iter().map(QueueRow::of).collect(),
            types: catalog.types.iter().map(TypeRow::of).collect(),
        }
    }
}

impl QueueRow {
    fn of((name, queue): (&QueueName, &QueueSpec)) -> Self {
        Self { name: name.to_string(), partitions: queue.partitions.get(), generation: queue.generation.0 }
    }
}

impl TypeRow {
    fn of((job_type, spec): (&JobType, &TypeSpec)) -> Self {
        let ms = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            r#type: job_type.to_string(),
            owner: spec.owner.clone(),
            queue: spec.queue.to_string(),
            path: path_name(spec.path),
            mode: mode_name(spec.mode),
            module: spec.handler.module.to_string(),
            digest: spec.handler.digest.to_string(),
            memory_bytes: spec.limits.memory_bytes,
            timeout_ms: ms(spec.limits.timeout),
            fuel: spec.limits.fuel,
            payload_bytes: spec.limits.payload_bytes,
            output_bytes: spec.limits.output_bytes,
            log_bytes: spec.limits.log_bytes,
            attempts: spec.retry.attempts,
            concurrency: spec.flow.concurrency,
            rate: spec.flow.rate.map(|rate| RateRow { jobs: rate.jobs.get(), per_ms: ms(rate.per) }),
            weight: spec.flow.weight.get(),
            max_pending: spec.flow.max_pending,
            keep_result_ms: ms(spec.keep_result),
            dedup_window_ms: ms(spec.dedup_window),
        }
    }
}

impl ChangeRow {
    pub(crate) fn of(change: &Change) -> Self {
        let kind = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Removed => "removed",
        };
        let field = |field: &FieldChange| FieldRow {
            path: field.path,
            old: field.old.clone(),
            new: field.new.clone(),
        };
        Self { subject: change.subject.to_string(), kind, fields: change.fields.iter().map(field).collect() }
    }
}

/// A path in the words of a catalog file.
fn path_name(path: Path) -> &'static str {
    match path {
        Path::Log => "log",
        Path::Queue => "queue",
        Path::Both => "both",
    }
}

/// A mode in the words of a catalog file.
pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "live",
        Mode::Paused => "paused",
    }
}
