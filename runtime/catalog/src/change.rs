//! Changes of the catalog that come from no file: deleting an entry, and going back to an older revision. Pure.

use std::collections::BTreeSet;

use wasmill_job::{JobType, ModuleDigest, ModuleTag, QueueName, Revision};

use crate::{Catalog, Handlers, Plan, diff};

/// Why a change was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no job type `{0}` in the catalog")]
    NoType(JobType),
    #[error("there is no queue `{0}` in the catalog")]
    NoQueue(QueueName),
    #[error("queue `{queue}` is in use by {}; delete what uses it first", list("job type", .types))]
    QueueInUse { queue: QueueName, types: Vec<JobType> },
    #[error(
        "revision {revision} needs {} that the artifact store does not have any more; deploy the same files again under \
         these versions, then repeat",
        list("module", .modules)
    )]
    ModulesGone { revision: Revision, modules: Vec<ModuleTag> },
    #[error(
        "since revision {revision} {} moved to another queue, where jobs are looked up by id, and cannot move back",
        list("job type", .types)
    )]
    Moved { revision: Revision, types: Vec<JobType> },
}

/// The catalog without a job type.
///
/// # Errors
/// When there is none of this name. Whether it still has jobs, only the queue knows: that is for the caller to ask.
pub fn without_type(current: &Catalog, name: &JobType) -> Result<Plan, Refusal> {
    let mut next = current.clone();
    next.types.remove(name).ok_or_else(|| Refusal::NoType(name.clone()))?;
    Ok(plan_of(current, next))
}

/// The catalog without a queue. Its layout is remembered, for a queue that takes the name again.
///
/// # Errors
/// When there is none of this name, or job types are in it.
pub fn without_queue(current: &Catalog, name: &QueueName) -> Result<Plan, Refusal> {
    let mut next = current.clone();
    let spec = next.queues.remove(name).ok_or_else(|| Refusal::NoQueue(name.clone()))?;
    let types: Vec<_> =
        current.types.iter().filter(|(_, of)| of.queue == *name).map(|(name, _)| name.clone()).collect();
    if !types.is_empty() {
        return Err(Refusal::QueueInUse { queue: name.clone(), types });
    }
    next.retired.insert(name.clone(), spec);
    Ok(plan_of(current, next))
}

/// The catalog in which each job type that runs any version of the tag's module runs this one, and no other. The plan changes
/// nothing when none does, or all do.
pub fn with_version(current: &Catalog, tag: &ModuleTag, digest: ModuleDigest) -> Plan {
    let mut next = current.clone();
    for spec in next.types.values_mut() {
        if spec.handlers.iter().any(|handler| handler.module.name() == tag.name()) {
            spec.handlers = Handlers::one(tag.clone(), digest);
        }
    }
    plan_of(current, next)
}

/// A new revision that says what `old` said. `stored` are the modules that the store has.
///
/// # Errors
/// When modules of it are gone, or a job type has moved to another queue since.
pub fn rollback(current: &Catalog, old: &Catalog, stored: &BTreeSet<ModuleDigest>) -> Result<Plan, Refusal> {
    let revision = old.revision;
    let handlers = old.types.values().flat_map(|spec| &spec.handlers);
    let gone: BTreeSet<_> =
        handlers.filter(|handler| !stored.contains(&handler.digest)).map(|handler| &handler.module).collect();
    if !gone.is_empty() {
        return Err(Refusal::ModulesGone { revision, modules: gone.into_iter().cloned().collect() });
    }
    let has_moved =
        |name: &JobType, queue: &QueueName| current.types.get(name).is_some_and(|spec| spec.queue != *queue);
    let moved = old.types.iter().filter(|(name, spec)| has_moved(name, &spec.queue));
    let moved: Vec<_> = moved.map(|(name, _)| name.clone()).collect();
    if !moved.is_empty() {
        return Err(Refusal::Moved { revision, types: moved });
    }
    // What was deleted since, and what is deleted by this, stays known with its last layout.
    let mut retired = current.retired.clone();
    retired.extend(current.queues.iter().map(|(name, spec)| (name.clone(), spec.clone())));
    retired.retain(|name, _| !old.queues.contains_key(name));
    let (queues, types) = (old.queues.clone(), old.types.clone());
    Ok(plan_of(current, Catalog { queues, types, retired, ..current.clone() }))
}

fn plan_of(current: &Catalog, next: Catalog) -> Plan {
    let next = Catalog { revision: Revision(current.revision.0 + 1), ..next };
    Plan { changes: diff(current, &next), next }
}

/// Such as "job type `a`", or "job types `a`, `b`, `c`, `d`, `e` and 3 more".
fn list(what: &str, names: &[impl std::fmt::Display]) -> String {
    /// As many names as a sentence bears.
    const NAMED_MAX: usize = 5;
    let shown: Vec<_> = names.iter().take(NAMED_MAX).map(|name| format!("`{name}`")).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let more = match names.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{what}{plural} {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests;
