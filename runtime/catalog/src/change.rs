//! Changes of the catalog that come from no file: deleting an entry, another mode, and going back to an older revision. Pure.

use std::collections::{BTreeMap, BTreeSet};

use wasmill_job::{Generation, JobType, ModuleDigest, ModuleTag, QueueName, Revision};

use crate::{Catalog, Handlers, LayoutRefusal, Plan, QueueSpec, RouteMode, diff};

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
    #[error("queue `{queue}` has no generation {generation}; it has {}", list("generation", .known))]
    NoGeneration { queue: QueueName, generation: Generation, known: Vec<Generation> },
    #[error(
        "generation {generation} of queue `{queue}` is the one that its new jobs go to: it goes when the queue has another \
         layout and this one is drained, or with the queue"
    )]
    Current { queue: QueueName, generation: Generation },
    #[error(transparent)]
    Layout(#[from] LayoutRefusal),
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
/// When there is none of this name, or job types are in it. Whether its older generations are drained, only log and queue know:
/// that is for the caller to ask.
pub fn without_queue(current: &Catalog, name: &QueueName) -> Result<Plan, Refusal> {
    let mut next = current.clone();
    let spec = next.queues.remove(name).ok_or_else(|| Refusal::NoQueue(name.clone()))?;
    let types: Vec<_> =
        current.types.iter().filter(|(_, of)| of.queue == *name).map(|(name, _)| name.clone()).collect();
    if !types.is_empty() {
        return Err(Refusal::QueueInUse { queue: name.clone(), types });
    }
    next.retired.insert(name.clone(), put_away(spec));
    Ok(plan_of(current, next))
}

/// The catalog without a generation of a queue that new jobs no longer go to.
///
/// # Errors
/// When there is no such queue, or no such generation of it, or it is the current one. Whether it is drained, only log and queue
/// know: that is for the caller to ask.
pub fn without_generation(
    current: &Catalog,
    name: &QueueName,
    generation: Generation,
) -> Result<Plan, Refusal> {
    let mut next = current.clone();
    let spec = next.queues.get_mut(name).ok_or_else(|| Refusal::NoQueue(name.clone()))?;
    if spec.current.generation == generation {
        return Err(Refusal::Current { queue: name.clone(), generation });
    }
    *spec = spec.without(generation).ok_or_else(|| {
        let known = spec.generations().map(|of| of.generation).collect();
        Refusal::NoGeneration { queue: name.clone(), generation, known }
    })?;
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

/// The catalog in which a job type has this mode. The plan changes nothing when it has it already.
///
/// # Errors
/// When there is no type of this name.
pub fn with_mode(current: &Catalog, name: &JobType, mode: RouteMode) -> Result<Plan, Refusal> {
    let mut next = current.clone();
    next.types.get_mut(name).ok_or_else(|| Refusal::NoType(name.clone()))?.mode = mode;
    Ok(plan_of(current, next))
}

/// A new revision that says what `old` said. `stored` are the modules that the store has. A queue whose layout has changed since
/// changes it once more: jobs go on from where they are, in no generation that was drained.
///
/// # Errors
/// When modules of it are gone, a job type has moved to another queue since, or a queue can have no other layout now. Whether the
/// older generations of queues that it takes out are drained is for the caller to ask.
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
    retired.extend(current.queues.iter().map(|(name, spec)| (name.clone(), put_away(spec.clone()))));
    retired.retain(|name, _| !old.queues.contains_key(name));
    let mut queues = BTreeMap::new();
    for (name, spec) in &old.queues {
        let queue = match current.queues.get(name).or_else(|| current.retired.get(name)) {
            Some(now) => {
                let relaid = now.relaid(name, spec.current.layout())?;
                QueueSpec { durability: spec.durability, ..relaid }
            }
            None => spec.clone(),
        };
        queues.insert(name.clone(), queue);
    }
    Ok(plan_of(current, Catalog { queues, types: old.types.clone(), retired, ..current.clone() }))
}

/// A queue that goes: its older generations are drained.
fn put_away(mut spec: QueueSpec) -> QueueSpec {
    spec.spent.extend(spec.draining.drain(..).map(|of| of.generation));
    spec
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
