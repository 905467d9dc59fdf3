//! What this worker can run: for each job type whose module is loaded, its handler and what the routing table says
//! about running it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use wasmill_catalog::{Catalog, Flow, HandlerSpec, Handlers, RouteMode, TypeSpec};
use wasmill_job::{Import, JobType, Limits, ModuleDigest, ModuleTag, RetryPolicy, Revision};
use wasmill_queue::{AttemptRecord, Claim, Offer, TypeOffer};
use wasmill_sandbox::{Destination, FindDestination, Handler, Permit};

use crate::gauges::{RunGauges, VersionGauges};
use crate::handlers::FindSecret;

/// All routes of one revision whose modules are loaded, and the offer to the queue that follows from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    pub(crate) revision: Revision,
    pub(crate) by_type: HashMap<JobType, Arc<Route>>,
    pub(crate) offer: Arc<Offer>,
    /// Types whose modules are loaded and that cannot be run here all the same, each with a sentence why.
    pub(crate) unready: BTreeMap<JobType, String>,
}

/// How one type's jobs are run.
#[derive(Debug)]
pub(crate) struct Route {
    handlers: Handlers,
    /// One for each of `handlers`, in their order.
    versions: Vec<Version>,
    pub(crate) permit: Permit,
    /// The routing table that the route is of: where its children go.
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) limits: Limits,
    pub(crate) retry: RetryPolicy,
    pub(crate) keep_result: Duration,
    pub(crate) dedup_window: Duration,
    pub(crate) gauges: RunGauges,
}

/// One of a type's handlers, loaded.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) module: ModuleTag,
    pub(crate) handler: Handler,
    pub(crate) gauges: VersionGauges,
}

impl Version {
    /// The type's versions in the order of its handlers; `None` while one of their modules is not loaded.
    fn all(
        job_type: &JobType,
        spec: &TypeSpec,
        loaded: &HashMap<ModuleDigest, Handler>,
    ) -> Option<Vec<Self>> {
        let version = |spec: &HandlerSpec| {
            let handler = loaded.get(&spec.digest)?.clone();
            let gauges = VersionGauges::of(job_type, &spec.module);
            Some(Self { module: spec.module.clone(), handler, gauges })
        };
        spec.handlers.iter().map(version).collect()
    }
}

impl Routes {
    /// The routes of `catalog` among the loaded modules: a type is there when all of its handlers are. Routes of `before` are
    /// kept when they are of the same revision: nothing about them can have changed.
    pub(crate) fn of(
        catalog: &Arc<Catalog>,
        loaded: &HashMap<ModuleDigest, Handler>,
        secret: &FindSecret,
        before: &Self,
    ) -> Self {
        let (mut by_type, mut types, mut unready) = (HashMap::new(), BTreeMap::new(), BTreeMap::new());
        // Whether a job is executed, its own stamp says: a type that was switched off, or to shadow, still drains.
        for (job_type, spec) in catalog.types.iter().filter(|(_, spec)| !is_paused(spec)) {
            let known = before.by_type.get(job_type).filter(|_| before.revision == catalog.revision);
            let route = match known {
                Some(known) => Arc::clone(known),
                None => {
                    let Some(versions) = Version::all(job_type, spec, loaded) else { continue };
                    match Route::new(job_type, spec, versions, catalog, secret) {
                        Ok(route) => Arc::new(route),
                        Err(reason) => {
                            unready.insert(job_type.clone(), reason);
                            continue;
                        }
                    }
                }
            };
            by_type.insert(job_type.clone(), route);
            let Flow { concurrency, rate, weight, .. } = spec.flow;
            types.insert(job_type.clone(), TypeOffer { concurrency, rate, weight });
        }
        let paused = catalog.types.iter().filter(|(_, spec)| is_paused(spec));
        let paused = paused.map(|(job_type, _)| job_type.clone()).collect();
        let offer = Arc::new(Offer { revision: catalog.revision, types, paused });
        Self { revision: catalog.revision, by_type, offer, unready }
    }
}

/// Whether nothing of the type is taken. Its modules are wanted all the same: it may go live at any moment.
pub(crate) fn is_paused(spec: &TypeSpec) -> bool {
    spec.mode == RouteMode::Paused
}

impl Route {
    /// The route, or a sentence about what is missing.
    fn new(
        job_type: &JobType,
        spec: &TypeSpec,
        versions: Vec<Version>,
        catalog: &Arc<Catalog>,
        secret: &FindSecret,
    ) -> Result<Self, String> {
        let places = Arc::clone(catalog);
        let find: FindDestination = Arc::new(move |child| destination(&places, child));
        let permit = Permit::new(job_type, &spec.grants, |name| secret(name), find);
        let permit = permit.map_err(|error| error.to_string())?;
        for Version { module, handler, .. } in &versions {
            let lacks: Vec<_> = permit.lacks(handler).map(Import::as_str).collect();
            if let Some(first) = lacks.first() {
                let all = lacks.join(", ");
                return Err(format!(
                    "the module {module} imports {all}, which its route does not grant; grant it (grants.{first} = …), or \
                     deploy a module that does without"
                ));
            }
        }
        Ok(Self {
            handlers: spec.handlers.clone(),
            versions,
            permit,
            catalog: Arc::clone(catalog),
            limits: spec.limits,
            retry: spec.retry,
            keep_result: spec.keep_result,
            dedup_window: spec.dedup_window,
            gauges: RunGauges::of(job_type),
        })
    }

    /// Where the children go that it may have, by type.
    pub(crate) fn destinations(&self) -> BTreeMap<JobType, Destination> {
        let may = |child: &&JobType| self.permit.grants().emit.iter().any(|pattern| pattern.covers(child));
        let children = self.catalog.types.keys().filter(may);
        children.filter_map(|child| Some((child.clone(), destination(&self.catalog, child)?))).collect()
    }

    /// The version that runs a claim's job: the one that it started on, as long as the route has it; else the one of its id.
    pub(crate) fn version_for(&self, claim: &Claim) -> &Version {
        let started = claim.started.as_ref();
        let kept = started.and_then(|tag| self.versions.iter().find(|version| version.module == *tag));
        // `place_of` answers a place of the handlers, and there is a version for each: the first is never needed.
        let of_id = || self.versions.get(self.handlers.place_of(claim.job.id)).unwrap_or(&self.versions[0]);
        kept.unwrap_or_else(of_id)
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

/// How large a child's payload may be, whatever its type allows: a record of the log in Kafka has 1,000,000 bytes at most, and its
/// envelope takes some. One that the log refused would be owed for ever, and its parent never settled.
const CHILD_BYTES_MAX: u64 = 1_000_000 - (16 << 10);

/// Where jobs of a type go; `None` if it takes none, or is unknown.
fn destination(catalog: &Catalog, job_type: &JobType) -> Option<Destination> {
    let spec = catalog.types.get(job_type).filter(|spec| spec.mode != RouteMode::Off)?;
    let queue = catalog.queues.get(&spec.queue)?;
    Some(Destination {
        generation: queue.current.generation,
        partitions: queue.current.partitions,
        payload_bytes_max: spec.limits.payload_bytes.min(CHILD_BYTES_MAX),
    })
}

#[cfg(test)]
mod tests;
