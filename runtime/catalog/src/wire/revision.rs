//! A revision in the store: an envelope with a version and a checksum, and the catalog inside it.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wasmill_job::{
    Backoff, Durability, Generation, Grants, InvalidBackoff, JobId, JobType, Limits, Mode, ModuleDigest,
    ModuleTag, Path, QueueName, Rate, RetriedExits, RetryPolicy, Revision, SecretName, TypePattern, UnixMs,
};

use super::{Unreadable, VERSION, check_version, not_json};
use crate::{Catalog, Flow, HandlerSpec, QueueSpec, TypeSpec};

/// The file. `sha256` is over the bytes of `catalog` as they stand, so that a changed byte is noticed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    v: u32,
    /// A [`ModuleDigest`] is a SHA-256 of bytes; here of the catalog's.
    sha256: ModuleDigest,
    #[serde(borrow)]
    catalog: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogV1 {
    revision: Revision,
    created_at_ms: UnixMs,
    message: String,
    queues: BTreeMap<QueueName, QueueV1>,
    types: BTreeMap<JobType, TypeV1>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueV1 {
    generation: Generation,
    partitions: NonZeroU32,
    #[serde(default, skip_serializing_if = "is_quorum")]
    durability: Durability,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    queue: QueueName,
    path: PathV1,
    mode: ModeV1,
    /// A list, for the versions that will split a type's jobs between several.
    handlers: [HandlerV1; 1],
    limits: LimitsV1,
    retry: RetryV1,
    flow: FlowV1,
    #[serde(default, skip_serializing_if = "GrantsV1::is_none")]
    grants: GrantsV1,
    keep_result_ms: u64,
    dedup_window_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PathV1 {
    Log,
    Queue,
    Both,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ModeV1 {
    Live,
    Paused,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandlerV1 {
    module: ModuleTag,
    digest: ModuleDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsV1 {
    memory_bytes: u64,
    timeout_ms: u64,
    fuel: u64,
    payload_bytes: u64,
    output_bytes: u64,
    log_bytes: u64,
    /// Absent, as in revisions of before 0.2: the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host_calls: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http_calls: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    children: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryV1 {
    attempts: u32,
    first_ms: u64,
    factor: f64,
    max_ms: u64,
    jitter: f64,
    #[serde(default, skip_serializing_if = "is_default")]
    exits: RetriedExits,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GrantsV1 {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    http: Vec<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    secrets: BTreeSet<SecretName>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    config: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emit: Vec<TypePattern>,
    #[serde(skip_serializing_if = "is_default")]
    clock: bool,
    #[serde(skip_serializing_if = "is_default")]
    random: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlowV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<RateV1>,
    /// Absent: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_pending: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateV1 {
    jobs: NonZeroU32,
    per_ms: NonZeroU64,
}

/// The bytes of the revision's file. The same catalog always gives the same bytes.
pub(crate) fn write_revision(catalog: &Catalog) -> Vec<u8> {
    #[expect(
        clippy::unwrap_used,
        reason = "names, numbers and finite floats: nothing in it can fail to become JSON"
    )]
    let body = serde_json::value::to_raw_value(&CatalogV1::from(catalog)).unwrap();
    let envelope = Envelope { v: VERSION, sha256: ModuleDigest::of(body.get().as_bytes()), catalog: &body };
    #[expect(clippy::unwrap_used, reason = "a number, a text and JSON that has just been made")]
    serde_json::to_vec(&envelope).unwrap()
}

/// The catalog in the bytes of the file of revision `number`.
pub(crate) fn read_revision(number: Revision, bytes: &[u8]) -> Result<Catalog, Unreadable> {
    check_version(bytes)?;
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(not_json)?;
    let found = ModuleDigest::of(envelope.catalog.get().as_bytes());
    if found != envelope.sha256 {
        let said = envelope.sha256;
        return Err(Unreadable::Damaged(format!("its checksum is {found} and should be {said}")));
    }
    let catalog: CatalogV1 = serde_json::from_str(envelope.catalog.get()).map_err(not_json)?;
    let catalog = Catalog::try_from(catalog)?;
    if catalog.revision != number {
        return Err(Unreadable::Damaged(format!("it is the file of revision {}", catalog.revision)));
    }
    Ok(catalog)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The value, if it is not the default.
fn unusual<T: PartialEq>(value: T, default: T) -> Option<T> {
    Some(value).filter(|value| *value != default)
}

/// What an older binary takes a queue to be anyway.
fn is_quorum(durability: &Durability) -> bool {
    *durability == Durability::Quorum
}

impl From<&Catalog> for CatalogV1 {
    fn from(catalog: &Catalog) -> Self {
        let queue = |(name, queue): (&QueueName, &QueueSpec)| {
            let QueueSpec { generation, partitions, durability } = *queue;
            (name.clone(), QueueV1 { generation, partitions, durability })
        };
        Self {
            revision: catalog.revision,
            created_at_ms: catalog.created_at,
            message: catalog.message.clone(),
            queues: catalog.queues.iter().map(queue).collect(),
            types: catalog.types.iter().map(|(name, spec)| (name.clone(), TypeV1::from(spec))).collect(),
        }
    }
}

impl From<&TypeSpec> for TypeV1 {
    fn from(spec: &TypeSpec) -> Self {
        let TypeSpec { limits, retry, handler, .. } = spec;
        let default = Limits::default();
        Self {
            owner: spec.owner.clone(),
            queue: spec.queue.clone(),
            path: match spec.path {
                Path::Log => PathV1::Log,
                Path::Queue => PathV1::Queue,
                Path::Both => PathV1::Both,
            },
            mode: match spec.mode {
                Mode::Live => ModeV1::Live,
                Mode::Paused => ModeV1::Paused,
            },
            handlers: [HandlerV1 { module: handler.module.clone(), digest: handler.digest }],
            limits: LimitsV1 {
                memory_bytes: limits.memory_bytes,
                timeout_ms: millis(limits.timeout),
                fuel: limits.fuel,
                payload_bytes: limits.payload_bytes,
                output_bytes: limits.output_bytes,
                log_bytes: limits.log_bytes,
                host_calls: unusual(limits.host_calls, default.host_calls),
                http_calls: unusual(limits.http_calls, default.http_calls),
                http_bytes: unusual(limits.http_bytes, default.http_bytes),
                children: unusual(limits.children, default.children),
            },
            retry: RetryV1 {
                attempts: retry.attempts,
                first_ms: millis(retry.backoff.first()),
                factor: retry.backoff.factor(),
                max_ms: millis(retry.backoff.max()),
                jitter: retry.backoff.jitter(),
                exits: retry.exits,
            },
            flow: FlowV1::from(spec.flow),
            grants: GrantsV1::from(&spec.grants),
            keep_result_ms: millis(spec.keep_result),
            dedup_window_ms: millis(spec.dedup_window),
        }
    }
}

impl TryFrom<CatalogV1> for Catalog {
    type Error = Unreadable;
    fn try_from(wire: CatalogV1) -> Result<Self, Unreadable> {
        let queues = wire.queues.into_iter().map(|(name, queue)| {
            let QueueV1 { generation, partitions, durability } = queue;
            if partitions.get() > JobId::PARTITIONS_MAX || generation.0 >= JobId::GENERATIONS_MAX {
                let what = format!("queue {name} has {partitions} partitions in generation {generation}");
                return Err(Unreadable::Damaged(format!("{what}, which no job id can name")));
            }
            Ok((name, QueueSpec { generation, partitions, durability }))
        });
        let queues: BTreeMap<_, _> = queues.collect::<Result<_, _>>()?;
        let types = wire.types.into_iter().map(|(name, spec)| {
            if !queues.contains_key(&spec.queue) {
                let what = format!("job type {name} is in queue {}", spec.queue);
                return Err(Unreadable::Damaged(format!("{what}, which it does not define")));
            }
            match TypeSpec::try_from(spec) {
                Ok(spec) => Ok((name, spec)),
                Err(reason) => Err(Unreadable::Damaged(format!("job type {name}: {reason}"))),
            }
        });
        let types = types.collect::<Result<_, _>>()?;
        let CatalogV1 { revision, created_at_ms, message, .. } = wire;
        Ok(Self { revision, created_at: created_at_ms, message, queues, types })
    }
}

impl TryFrom<TypeV1> for TypeSpec {
    type Error = InvalidBackoff;
    fn try_from(wire: TypeV1) -> Result<Self, InvalidBackoff> {
        let TypeV1 { limits, retry, handlers: [handler], .. } = wire;
        let [first, max] = [retry.first_ms, retry.max_ms].map(Duration::from_millis);
        let default = Limits::default();
        Ok(Self {
            owner: wire.owner,
            queue: wire.queue,
            path: match wire.path {
                PathV1::Log => Path::Log,
                PathV1::Queue => Path::Queue,
                PathV1::Both => Path::Both,
            },
            mode: match wire.mode {
                ModeV1::Live => Mode::Live,
                ModeV1::Paused => Mode::Paused,
            },
            handler: HandlerSpec { module: handler.module, digest: handler.digest },
            limits: Limits {
                memory_bytes: limits.memory_bytes,
                timeout: Duration::from_millis(limits.timeout_ms),
                fuel: limits.fuel,
                payload_bytes: limits.payload_bytes,
                output_bytes: limits.output_bytes,
                log_bytes: limits.log_bytes,
                host_calls: limits.host_calls.unwrap_or(default.host_calls),
                http_calls: limits.http_calls.unwrap_or(default.http_calls),
                http_bytes: limits.http_bytes.unwrap_or(default.http_bytes),
                children: limits.children.unwrap_or(default.children),
            },
            retry: RetryPolicy {
                attempts: retry.attempts,
                backoff: Backoff::new(first, retry.factor, max, retry.jitter)?,
                exits: retry.exits,
            },
            flow: Flow::from(wire.flow),
            grants: Grants::from(wire.grants),
            keep_result: Duration::from_millis(wire.keep_result_ms),
            dedup_window: Duration::from_millis(wire.dedup_window_ms),
        })
    }
}

impl GrantsV1 {
    fn is_none(&self) -> bool {
        is_default(self)
    }
}

impl From<&Grants> for GrantsV1 {
    fn from(grants: &Grants) -> Self {
        let Grants { http, secrets, config, emit, clock, random } = grants.clone();
        Self { http, secrets, config, emit, clock, random }
    }
}

impl From<GrantsV1> for Grants {
    fn from(wire: GrantsV1) -> Self {
        let GrantsV1 { http, secrets, config, emit, clock, random } = wire;
        Self { http, secrets, config, emit, clock, random }
    }
}

impl From<Flow> for FlowV1 {
    fn from(flow: Flow) -> Self {
        let Flow { concurrency, rate, weight, max_pending } = flow;
        // A rate's span is at least a millisecond.
        let per_ms = |rate: &Rate| NonZeroU64::new(millis(rate.per)).unwrap_or(NonZeroU64::MIN);
        Self {
            concurrency,
            rate: rate.map(|rate| RateV1 { jobs: rate.jobs, per_ms: per_ms(&rate) }),
            weight: Some(weight).filter(|weight| *weight != NonZeroU32::MIN),
            max_pending,
        }
    }
}

impl From<FlowV1> for Flow {
    fn from(wire: FlowV1) -> Self {
        let FlowV1 { concurrency, rate, weight, max_pending } = wire;
        let rate = rate.map(|rate| Rate { jobs: rate.jobs, per: Duration::from_millis(rate.per_ms.get()) });
        Self { concurrency, rate, weight: weight.unwrap_or(NonZeroU32::MIN), max_pending }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
