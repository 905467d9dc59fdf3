//! What this worker can run: for each job type whose module is loaded, its handler and what the routing table says
//! about running it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use wasmill_catalog::{Catalog, Flow, TypeSpec};
use wasmill_job::{JobType, Limits, Mode, ModuleDigest, RetryPolicy, Revision};
use wasmill_queue::{AttemptRecord, Offer, TypeOffer};
use wasmill_sandbox::Handler;

use crate::gauges::RunGauges;

/// All routes of one revision whose modules are loaded, and the offer to the queue that follows from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    pub(crate) revision: Revision,
    pub(crate) by_type: HashMap<JobType, Arc<Route>>,
    pub(crate) offer: Arc<Offer>,
}

/// How one type's jobs are run.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) handler: Handler,
    pub(crate) limits: Limits,
    pub(crate) retry: RetryPolicy,
    pub(crate) keep_result: Duration,
    pub(crate) dedup_window: Duration,
    pub(crate) gauges: RunGauges,
}

impl Routes {
    /// The routes of `catalog` among the loaded modules. Routes of `before` are kept when they are of the same
    /// revision: nothing about them can have changed.
    pub(crate) fn of(catalog: &Catalog, loaded: &HashMap<ModuleDigest, Handler>, before: &Self) -> Self {
        let mut by_type = HashMap::new();
        let mut types = BTreeMap::new();
        for (job_type, spec) in catalog.types.iter().filter(|(_, spec)| spec.mode == Mode::Live) {
            let Some(handler) = loaded.get(&spec.handler.digest) else { continue };
            let known = before.by_type.get(job_type).filter(|_| before.revision == catalog.revision);
            let route =
                known.cloned().unwrap_or_else(|| Arc::new(Route::new(job_type, spec, handler.clone())));
            by_type.insert(job_type.clone(), route);
            let Flow { concurrency, rate, weight, .. } = spec.flow;
            types.insert(job_type.clone(), TypeOffer { concurrency, rate, weight });
        }
        let is_paused =
            |(job_type, spec): (&JobType, &TypeSpec)| (spec.mode == Mode::Paused).then(|| job_type.clone());
        let paused = catalog.types.iter().filter_map(is_paused).collect();
        let offer = Arc::new(Offer { revision: catalog.revision, types, paused });
        Self { revision: catalog.revision, by_type, offer }
    }
}

impl Route {
    fn new(job_type: &JobType, spec: &TypeSpec, handler: Handler) -> Self {
        Self {
            handler,
            limits: spec.limits,
            retry: spec.retry,
            keep_result: spec.keep_result,
            dedup_window: spec.dedup_window,
            gauges: RunGauges::of(job_type),
        }
    }

    /// A record of an attempt with nothing in it yet but how long it is kept.
    pub(crate) fn record(&self) -> AttemptRecord {
        AttemptRecord {
            keep_result: self.keep_result,
            dedup_window: self.dedup_window,
            ..AttemptRecord::default()
        }
    }
}

#[cfg(test)]
mod tests;
