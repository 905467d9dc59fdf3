//! What changes between two revisions, field by field, for people to look at before and after an apply.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use wasmill_job::{Durability, JobType, Path, QueueName, RetriedExits};

use crate::units::{show_rate, show_size, show_span};
use crate::{Catalog, GenerationSpec, HandlerSpec, Handlers, QueueSpec, TypeSpec, Weight};

/// One entry that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub subject: Subject,
    pub kind: ChangeKind,
    /// The fields that differ; all of them for an entry that is added or removed.
    pub fields: Vec<FieldChange>,
}

/// Whose entry it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Queue(QueueName),
    Type(JobType),
}

/// What becomes of the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Changed,
    Removed,
}

/// One field that differs. Values are written as a catalog file would write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Such as `limits.memory`.
    pub path: &'static str,
    pub old: Option<String>,
    pub new: Option<String>,
}

/// The fields of an entry, in the order in which they are shown.
type Fields = Vec<(&'static str, Option<String>)>;

/// What leads from `old` to `new`: queues first, then job types, each in the order of their names. Pure.
pub fn diff(old: &Catalog, new: &Catalog) -> Vec<Change> {
    let queues = names(old.queues.keys(), new.queues.keys()).into_iter().filter_map(|name| {
        let [before, after] = [old, new].map(|catalog| catalog.queues.get(name));
        let fields =
            [before, after].map(|queue| queue.map(|queue| queue_fields(queue, moves(before, after))));
        let [before, after] = fields;
        compare(Subject::Queue(name.clone()), before, after)
    });
    let types = names(old.types.keys(), new.types.keys()).into_iter().filter_map(|name| {
        let [before, after] = [old, new].map(|catalog| catalog.types.get(name).map(type_fields));
        compare(Subject::Type(name.clone()), before, after)
    });
    queues.chain(types).collect()
}

fn names<'c, N: Ord>(old: impl Iterator<Item = &'c N>, new: impl Iterator<Item = &'c N>) -> BTreeSet<&'c N> {
    old.chain(new).collect()
}

fn compare(subject: Subject, before: Option<Fields>, after: Option<Fields>) -> Option<Change> {
    let blank = |fields: &Fields| fields.iter().map(|(path, _)| (*path, None)).collect();
    let (kind, before, after) = match (before, after) {
        (Some(before), Some(after)) => (ChangeKind::Changed, before, after),
        (None, Some(after)) => (ChangeKind::Added, blank(&after), after),
        (Some(before), None) => {
            let after = blank(&before);
            (ChangeKind::Removed, before, after)
        }
        (None, None) => return None,
    };
    // Both sides list the same paths in the same order.
    let rows = before.into_iter().zip(after).map(|((path, old), (_, new))| FieldChange { path, old, new });
    let fields: Vec<_> = rows.filter(|field| field.old != field.new).collect();
    (!fields.is_empty()).then_some(Change { subject, kind, fields })
}

/// Whether the name of a Redis says anything: it does not where there is but one.
fn moves(before: Option<&QueueSpec>, after: Option<&QueueSpec>) -> bool {
    before.into_iter().chain(after).any(|queue| !queue.current.redis.is_main())
}

fn queue_fields(QueueSpec { current, durability, draining, .. }: &QueueSpec, with_redis: bool) -> Fields {
    let drains: Vec<_> = draining.iter().map(generation_text).collect();
    vec![
        ("partitions", Some(current.partitions.to_string())),
        ("redis", with_redis.then(|| current.redis.to_string())),
        ("generation", Some(current.generation.to_string())),
        ("draining", (!drains.is_empty()).then(|| drains.join(", "))),
        ("durability", Some(durability_name(*durability).to_owned())),
    ]
}

fn type_fields(spec: &TypeSpec) -> Fields {
    let TypeSpec { limits, retry, flow, grants, .. } = spec;
    let shown = |value: &dyn fmt::Display| Some(value.to_string());
    vec![
        ("owner", spec.owner.clone()),
        ("queue", shown(&spec.queue)),
        ("path", shown(&path_name(spec.path))),
        ("mode", shown(&spec.mode)),
        ("handlers", Some(handlers_text(&spec.handlers))),
        ("limits.memory", Some(show_size(limits.memory_bytes))),
        ("limits.timeout", Some(show_span(limits.timeout))),
        ("limits.fuel", shown(&limits.fuel)),
        ("limits.payload", Some(show_size(limits.payload_bytes))),
        ("limits.output", Some(show_size(limits.output_bytes))),
        ("limits.logs", Some(show_size(limits.log_bytes))),
        ("limits.host_calls", shown(&limits.host_calls)),
        ("limits.http_calls", shown(&limits.http_calls)),
        ("limits.http_bytes", Some(show_size(limits.http_bytes))),
        ("limits.children", shown(&limits.children)),
        ("retry.attempts", shown(&retry.attempts)),
        ("retry.backoff.first", Some(show_span(retry.backoff.first()))),
        ("retry.backoff.factor", shown(&retry.backoff.factor())),
        ("retry.backoff.max", Some(show_span(retry.backoff.max()))),
        ("retry.backoff.jitter", shown(&retry.backoff.jitter())),
        ("retry.exits", shown(&exits_name(retry.exits))),
        ("flow.concurrency", flow.concurrency.map(|count| count.to_string())),
        ("flow.rate", flow.rate.map(show_rate)),
        ("flow.weight", shown(&flow.weight)),
        ("flow.max_pending", flow.max_pending.map(|count| count.to_string())),
        ("grants.http", list(grants.http.iter())),
        ("grants.secrets", list(grants.secrets.iter())),
        ("grants.config", settings(&grants.config)),
        ("grants.emit", list(grants.emit.iter())),
        ("grants.clock", grants.clock.then(|| "true".to_owned())),
        ("grants.random", grants.random.then(|| "true".to_owned())),
        ("keep_result", Some(show_span(spec.keep_result))),
        ("dedup_window", Some(show_span(spec.dedup_window))),
    ]
}

/// Such as `1 (4 partitions)`, or `65 (4 partitions, big)`.
fn generation_text(GenerationSpec { generation, partitions, redis }: &GenerationSpec) -> String {
    let redis = if redis.is_main() { String::new() } else { format!(", {redis}") };
    let plural = if partitions.get() == 1 { "" } else { "s" };
    format!("{generation} ({partitions} partition{plural}{redis})")
}

/// `["a", "b"]`, or nothing for an empty list.
fn list(entries: impl ExactSizeIterator<Item = impl fmt::Display>) -> Option<String> {
    let is_empty = entries.len() == 0;
    let entries: Vec<_> = entries.map(|entry| format!("{:?}", entry.to_string())).collect();
    (!is_empty).then(|| format!("[{}]", entries.join(", ")))
}

/// `{ region = "eu" }`, or nothing for no settings.
fn settings(settings: &BTreeMap<String, String>) -> Option<String> {
    let entries: Vec<_> = settings.iter().map(|(name, text)| format!("{name} = {text:?}")).collect();
    (!entries.is_empty()).then(|| format!("{{ {} }}", entries.join(", ")))
}

pub(crate) fn exits_name(exits: RetriedExits) -> &'static str {
    match exits {
        RetriedExits::Temporary => "temporary",
        RetriedExits::All => "all",
    }
}

pub(crate) fn path_name(path: Path) -> &'static str {
    match path {
        Path::Log => "log",
        Path::Queue => "queue",
        Path::Both => "both",
    }
}

pub(crate) fn durability_name(durability: Durability) -> &'static str {
    match durability {
        Durability::Quorum => "quorum",
        Durability::Leader => "leader",
    }
}

/// Such as `hello@1.0.0 95% (ab12…) + hello@1.1.0 5% (cd34…)`; a single handler needs no weight.
fn handlers_text(handlers: &Handlers) -> String {
    /// As much of a digest as tells two of them apart.
    const SHOWN: usize = 12;
    let text = |HandlerSpec { module, digest, weight }: &HandlerSpec| {
        let digest = digest.to_string();
        let digest = digest.get(..SHOWN).unwrap_or(&digest);
        match *weight {
            Weight::WHOLE => format!("{module} ({digest})"),
            weight => format!("{module} {weight} ({digest})"),
        }
    };
    handlers.iter().map(text).collect::<Vec<_>>().join(" + ")
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(name) => write!(f, "queue {name}"),
            Self::Type(name) => write!(f, "type {name}"),
        }
    }
}

impl fmt::Display for Change {
    /// A heading with `+`, `~` or `-`, then a line per field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            ChangeKind::Added => '+',
            ChangeKind::Changed => '~',
            ChangeKind::Removed => '-',
        };
        write!(f, "{sign} {}", self.subject)?;
        self.fields.iter().try_for_each(|field| write!(f, "\n    {field}"))
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, "{}: {old} → {new}", self.path),
            (None, Some(new)) => write!(f, "{}: {new}", self.path),
            (Some(old), None) => write!(f, "{}: {old} → (none)", self.path),
            (None, None) => write!(f, "{}: (none)", self.path),
        }
    }
}

#[cfg(test)]
mod tests;
