//! What is shown of the routing table and of its changes.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::{
    Catalog, Change, ChangeKind, FieldChange, GenerationSpec, HandlerSpec, QueueSpec, TypeSpec,
};
use wasmill_job::{Durability, Grants, JobType, Path, QueueName, RetriedExits};

/// The routing table.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogAnswer {
    /// 0 while nothing has been applied.
    pub(crate) revision: u64,
    pub(crate) created_at_ms: u64,
    /// Why it was made.
    pub(crate) message: String,
    /// The name of the token that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) author: Option<String>,
    pub(crate) queues: Vec<QueueRow>,
    pub(crate) types: Vec<TypeRow>,
}

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueRow {
    pub(crate) name: String,
    pub(crate) partitions: u32,
    /// The generation that new jobs go to.
    pub(crate) generation: u16,
    /// The name of the set of Redis servers that it lies in.
    pub(crate) redis: String,
    pub(crate) durability: &'static str,
    /// Older generations that still drain, the oldest first; absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) draining: Vec<DrainingRow>,
}

/// A generation that drains.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DrainingRow {
    pub(crate) generation: u16,
    pub(crate) partitions: u32,
    pub(crate) redis: String,
}

/// A job type's route.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeRow {
    pub(crate) r#type: String,
    pub(crate) owner: Option<String>,
    pub(crate) queue: String,
    pub(crate) path: &'static str,
    /// `off`, `shadow`, `live`, `paused`, or such as `live 5%`: this share of the ids is live, the others are shadow.
    pub(crate) mode: String,
    pub(crate) handlers: Vec<HandlerRow>,
    pub(crate) memory_bytes: u64,
    pub(crate) timeout_ms: u64,
    pub(crate) fuel: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) log_bytes: u64,
    /// Calls of the host that an attempt may make.
    pub(crate) host_calls: u64,
    /// Outgoing HTTP requests that an attempt may make, and their bytes both ways.
    pub(crate) http_calls: u32,
    pub(crate) http_bytes: u64,
    /// Jobs that an attempt may emit.
    pub(crate) children: u32,
    pub(crate) grants: GrantsRow,
    /// Attempts in all, the first included.
    pub(crate) attempts: u32,
    /// Which exit codes of a command program are tried again: `temporary` (75 alone) or `all`.
    pub(crate) exits: &'static str,
    /// Jobs in flight at once, over all workers.
    pub(crate) concurrency: Option<u32>,
    /// Jobs that may start in a time, over all workers.
    pub(crate) rate: Option<RateRow>,
    /// Its share beside other types.
    pub(crate) weight: u32,
    /// Jobs pending and scheduled at once; above it no more are taken in.
    pub(crate) max_pending: Option<u64>,
    pub(crate) keep_result_ms: u64,
    pub(crate) dedup_window_ms: u64,
}

/// One of a type's handlers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandlerRow {
    /// The module's version.
    pub(crate) module: String,
    pub(crate) digest: String,
    /// Its share of the type's ids, in percent.
    pub(crate) weight: u8,
}

/// What a type's handlers may reach; without a member, nothing of the kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantsRow {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) http: Vec<String>,
    /// Their names; no revision holds a value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) config: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) emit: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) clock: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) random: bool,
}

/// So many jobs in so much time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateRow {
    pub(crate) jobs: u32,
    pub(crate) per_ms: u64,
}

/// One entry that changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeRow {
    /// Such as `queue mail` or `type email.welcome`.
    pub(crate) subject: String,
    /// `added`, `changed` or `removed`.
    pub(crate) kind: &'static str,
    pub(crate) fields: Vec<FieldRow>,
}

/// One field that changes, as a catalog file would write it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldRow {
    pub(crate) path: &'static str,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl CatalogAnswer {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        Self {
            revision: catalog.revision.0,
            created_at_ms: catalog.created_at.0,
            message: catalog.message.clone(),
            author: catalog.author.clone(),
            queues: catalog.queues.iter().map(QueueRow::of).collect(),
            types: catalog.types.iter().map(TypeRow::of).collect(),
        }
    }
}

impl QueueRow {
    pub(crate) fn of((name, queue): (&QueueName, &QueueSpec)) -> Self {
        Self {
            name: name.to_string(),
            partitions: queue.current.partitions.get(),
            generation: queue.current.generation.0,
            redis: queue.current.redis.to_string(),
            durability: durability_name(queue.durability),
            draining: queue.draining.iter().map(DrainingRow::of).collect(),
        }
    }
}

impl DrainingRow {
    fn of(GenerationSpec { generation, partitions, redis }: &GenerationSpec) -> Self {
        Self { generation: generation.0, partitions: partitions.get(), redis: redis.to_string() }
    }
}

impl TypeRow {
    pub(crate) fn of((job_type, spec): (&JobType, &TypeSpec)) -> Self {
        let ms = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            r#type: job_type.to_string(),
            owner: spec.owner.clone(),
            queue: spec.queue.to_string(),
            path: path_name(spec.path),
            mode: spec.mode.to_string(),
            handlers: spec.handlers.iter().map(HandlerRow::of).collect(),
            memory_bytes: spec.limits.memory_bytes,
            timeout_ms: ms(spec.limits.timeout),
            fuel: spec.limits.fuel,
            payload_bytes: spec.limits.payload_bytes,
            output_bytes: spec.limits.output_bytes,
            log_bytes: spec.limits.log_bytes,
            host_calls: spec.limits.host_calls,
            http_calls: spec.limits.http_calls,
            http_bytes: spec.limits.http_bytes,
            children: spec.limits.children,
            grants: GrantsRow::of(&spec.grants),
            attempts: spec.retry.attempts,
            exits: match spec.retry.exits {
                RetriedExits::Temporary => "temporary",
                RetriedExits::All => "all",
            },
            concurrency: spec.flow.concurrency,
            rate: spec.flow.rate.map(|rate| RateRow { jobs: rate.jobs.get(), per_ms: ms(rate.per) }),
            weight: spec.flow.weight.get(),
            max_pending: spec.flow.max_pending,
            keep_result_ms: ms(spec.keep_result),
            dedup_window_ms: ms(spec.dedup_window),
        }
    }
}

impl GrantsRow {
    fn of(grants: &Grants) -> Self {
        let Grants { http, secrets, config, emit, clock, random } = grants.clone();
        Self {
            http,
            secrets: secrets.iter().map(ToString::to_string).collect(),
            config,
            emit: emit.iter().map(ToString::to_string).collect(),
            clock,
            random,
        }
    }
}

impl HandlerRow {
    fn of(HandlerSpec { module, digest, weight }: &HandlerSpec) -> Self {
        Self { module: module.to_string(), digest: digest.to_string(), weight: weight.get() }
    }
}

impl ChangeRow {
    pub(crate) fn all(changes: &[Change]) -> Vec<Self> {
        changes.iter().map(Self::of).collect()
    }

    fn of(change: &Change) -> Self {
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

/// A durability in the words of a catalog file.
fn durability_name(durability: Durability) -> &'static str {
    match durability {
        Durability::Quorum => "quorum",
        Durability::Leader => "leader",
    }
}
