//! From what a handler emitted to jobs: where they go, and what they are stamped with. A pure function.

use wasmill_catalog::Catalog;
use wasmill_job::{Child, Job, Priority, Stamp, UnixMs};

/// The jobs that `parent` emits at `now`, by the routing table it ran under. A child of a type that is not in that table
/// cannot be, nor one of a type that is off: the sandbox took children by the same table.
pub(crate) fn jobs_of(
    children: Vec<Child>,
    parent: &Job,
    catalog: &Catalog,
    now: UnixMs,
) -> Vec<wasmill_queue::Child> {
    children.into_iter().filter_map(|child| job_of(child, parent, catalog, now)).collect()
}

fn job_of(child: Child, parent: &Job, catalog: &Catalog, now: UnixMs) -> Option<wasmill_queue::Child> {
    let Child { id, job_type, payload, delay } = child;
    let spec = catalog.types.get(&job_type)?;
    let mode = spec.mode.of(id)?;
    let job = Job {
        id,
        job_type,
        payload,
        accepted_at: now,
        stamp: Stamp { revision: catalog.revision, path: spec.path, mode },
        priority: Priority::default(),
        idempotency_key: None,
        traceparent: parent.traceparent.clone(),
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    };
    Some(wasmill_queue::Child { job, queue: spec.queue.clone(), dedup_window: spec.dedup_window, delay })
}

#[cfg(test)]
mod tests;
