//! A job type's route in a revision.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmill_job::{
    Backoff, Grants, InvalidBackoff, InvalidPercent, Limits, ModuleDigest, ModuleTag, Path, Percent,
    QueueName, Rate, RetriedExits, RetryPolicy, SecretName, TypePattern,
};

use crate::{Flow, HandlerSpec, Handlers, InvalidHandlers, InvalidWeight, RouteMode, TypeSpec, Weight};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    pub(super) queue: QueueName,
    path: PathV1,
    mode: ModeV1,
    /// Of mode shadow: the share of ids that is live all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live_percent: Option<u8>,
    handlers: Vec<HandlerV1>,
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
    Off,
    Shadow,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandlerV1 {
    module: ModuleTag,
    digest: ModuleDigest,
    /// Percent of the ids. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<u8>,
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

/// Why a job type's entry makes no route.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidType {
    #[error(transparent)]
    Backoff(#[from] InvalidBackoff),
    #[error(transparent)]
    Percent(#[from] InvalidPercent),
    #[error(transparent)]
    Weight(#[from] InvalidWeight),
    #[error(transparent)]
    Handlers(#[from] InvalidHandlers),
    #[error("a share of it is live, which only mode shadow can have")]
    Mode,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateV1 {
    jobs: NonZeroU32,
    per_ms: NonZeroU64,
}

impl From<&TypeSpec> for TypeV1 {
    fn from(spec: &TypeSpec) -> Self {
        let TypeSpec { limits, retry, .. } = spec;
        let (mode, live_percent) = mode_v1(spec.mode);
        let default = Limits::default();
        Self {
            owner: spec.owner.clone(),
            queue: spec.queue.clone(),
            path: match spec.path {
                Path::Log => PathV1::Log,
                Path::Queue => PathV1::Queue,
                Path::Both => PathV1::Both,
            },
            mode,
            live_percent,
            handlers: spec.handlers.iter().map(HandlerV1::from).collect(),
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

impl TryFrom<TypeV1> for TypeSpec {
    type Error = InvalidType;
    fn try_from(wire: TypeV1) -> Result<Self, InvalidType> {
        let TypeV1 { limits, retry, handlers, .. } = wire;
        let handlers: Vec<_> = handlers.into_iter().map(HandlerSpec::try_from).collect::<Result<_, _>>()?;
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
            mode: match (wire.mode, wire.live_percent) {
                (ModeV1::Live, None) => RouteMode::Live,
                (ModeV1::Paused, None) => RouteMode::Paused,
                (ModeV1::Off, None) => RouteMode::Off,
                (ModeV1::Shadow, None) => RouteMode::Shadow,
                (ModeV1::Shadow, Some(live)) => RouteMode::Part(Percent::new(live.into())?),
                (_, Some(_)) => return Err(InvalidType::Mode),
            },
            handlers: Handlers::new(handlers)?,
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

/// A mode as two members.
fn mode_v1(mode: RouteMode) -> (ModeV1, Option<u8>) {
    match mode {
        RouteMode::Off => (ModeV1::Off, None),
        RouteMode::Shadow => (ModeV1::Shadow, None),
        RouteMode::Part(live) => (ModeV1::Shadow, Some(live.get())),
        RouteMode::Live => (ModeV1::Live, None),
        RouteMode::Paused => (ModeV1::Paused, None),
    }
}

impl From<&HandlerSpec> for HandlerV1 {
    fn from(spec: &HandlerSpec) -> Self {
        let weight = Some(spec.weight).filter(|weight| *weight != Weight::WHOLE).map(Weight::get);
        Self { module: spec.module.clone(), digest: spec.digest, weight }
    }
}

impl TryFrom<HandlerV1> for HandlerSpec {
    type Error = InvalidWeight;
    fn try_from(wire: HandlerV1) -> Result<Self, InvalidWeight> {
        let weight = wire.weight.map_or(Ok(Weight::WHOLE), |weight| Weight::new(weight.into()))?;
        Ok(Self { module: wire.module, digest: wire.digest, weight })
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

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The value, if it is not the default.
fn unusual<T: PartialEq>(value: T, default: T) -> Option<T> {
    Some(value).filter(|value| *value != default)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
