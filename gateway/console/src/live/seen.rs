//! What somebody with a token for some job types is shown of a snapshot: those types, as if there were no others, and the lanes of
//! queues, which are not of one type; no servers. Pure.

use std::sync::Arc;

use bytes::Bytes;
use wasmill_job::{JobType, Scope};

use super::event::events;
use super::sampler::Snapshot;

/// The snapshot as this scope leaves it. For all types it is the snapshot itself; else the cost is O(types · buckets).
pub(super) fn seen(snapshot: Arc<Snapshot>, scope: &Scope) -> Arc<Snapshot> {
    if scope.is_whole() {
        return snapshot;
    }
    let mut seen = Snapshot::clone(&snapshot);
    let is_own = |name: &JobType| scope.covers(name);
    Arc::make_mut(&mut seen.counts).retain(|name, _| is_own(name));
    Arc::make_mut(&mut seen.lanes).retain(|lane| lane.is_seen(scope));
    Arc::make_mut(&mut seen.notices).retain(|notice| notice.is_seen(scope));
    seen.servers = Arc::default();
    seen.flows.retain(|name, _| is_own(name));
    seen.lately.retain(|name, _| is_own(name));
    seen.told.retain(is_own);
    seen.series = snapshot.series.of_types(is_own);
    seen.events = events(&seen);
    Arc::new(seen)
}

/// What an open page of somebody with this scope is told of a snapshot; with types, the numbers of those that changed, too. For
/// all types it was written once for all pages.
pub(crate) fn event_for(snapshot: &Arc<Snapshot>, scope: &Scope, with_types: bool) -> Bytes {
    // Before the first look there is nothing to say.
    if snapshot.events.0.is_empty() {
        return Bytes::new();
    }
    let (mill, types) = seen(Arc::clone(snapshot), scope).events.clone();
    if with_types { types } else { mill }
}

#[cfg(test)]
mod tests;
