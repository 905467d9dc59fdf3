//! The routing table as admission needs it: looked up by the caller's text, made once per catalog revision.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::Counter;
use tokio::sync::watch;
use wasmill_catalog::{Backing, Catalog, GenerationSpec, RouteMode, TypeSpec};
use wasmill_http::{Caller, Kind, Problem, did_you_mean, near};
use wasmill_job::{
    Durability, Generation, JobId, JobType, Partition, Path, QueueName, Revision, Stamp, Topic,
};

/// What an envelope may add to its payload: the longest names, keys and escapes fit many times.
const ENVELOPE_BYTES_MAX: usize = 64 << 10;

/// The newest routes. Follows the catalog.
#[derive(Debug)]
pub(crate) struct RouteTable {
    catalog: watch::Receiver<Arc<Catalog>>,
    /// Which paths this gateway can write.
    backing: Backing,
    newest: RwLock<Arc<Routes>>,
}

/// The routes of one revision.
#[derive(Debug)]
pub(crate) struct Routes {
    pub(crate) catalog: Arc<Catalog>,
    by_type: HashMap<Box<str>, Route>,
    payload_bytes_max: u64,
}

/// Where the jobs of one type go, and what they may be.
pub(crate) struct Route {
    pub(crate) job_type: JobType,
    pub(crate) lane: Arc<Lane>,
    /// Where its jobs are stored.
    pub(crate) path: Path,
    revision: Revision,
    mode: RouteMode,
    pub(crate) payload_bytes_max: u64,
    pub(crate) dedup_window: Duration,
    /// Jobs of the type that may be pending and scheduled, where there is no log to park others in.
    pub(crate) max_pending: Option<u64>,
    pub(crate) accepted_jobs: Counter,
    pub(crate) accepted_bytes: Counter,
}

/// A queue: its current topic, where new jobs go, and its older ones.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) queue: QueueName,
    pub(crate) topic: Topic,
    pub(crate) generation: Generation,
    pub(crate) partitions: NonZeroU32,
    pub(crate) durability: Durability,
    /// All generations of the queue that may hold jobs, the current one included.
    generations: Vec<GenerationSpec>,
    turn: AtomicU32,
}

impl RouteTable {
    pub(crate) fn new(catalog: watch::Receiver<Arc<Catalog>>, backing: Backing) -> Self {
        let routes = Routes::of(&catalog.borrow(), backing);
        Self { catalog, backing, newest: RwLock::new(Arc::new(routes)) }
    }

    /// The routes of the newest catalog. Cost: two uncontended locks, and a rebuild after each new revision.
    pub(crate) fn now(&self) -> Arc<Routes> {
        let catalog = Arc::clone(&self.catalog.borrow());
        // A poisoned lock still holds whole routes: they are replaced in one step.
        let known = Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner));
        if Arc::ptr_eq(&known.catalog, &catalog) {
            return known;
        }
        let routes = Arc::new(Routes::of(&catalog, self.backing));
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&routes);
        routes
    }
}

impl Routes {
    fn of(catalog: &Arc<Catalog>, backing: Backing) -> Self {
        let lanes: HashMap<&QueueName, Arc<Lane>> = catalog
            .queues
            .iter()
            .map(|(name, queue)| {
                let GenerationSpec { generation, partitions, .. } = queue.current;
                let lane = Lane {
                    queue: name.clone(),
                    topic: queue.current.topic(name),
                    generation,
                    partitions,
                    durability: queue.durability,
                    generations: queue.generations().cloned().collect(),
                    turn: AtomicU32::new(0),
                };
                (name, Arc::new(lane))
            })
            .collect();
        let route = |(job_type, spec): (&JobType, &TypeSpec)| {
            // A revision whose type names no queue of its own is never written.
            let lane = lanes.get(&spec.queue)?;
            Some((job_type.as_str().into(), Route::new(job_type, spec, lane, catalog.revision, backing)))
        };
        let by_type: HashMap<_, _> = catalog.types.iter().filter_map(route).collect();
        let payload_bytes_max = by_type.values().map(|route| route.payload_bytes_max).max().unwrap_or(0);
        Self { catalog: Arc::clone(catalog), by_type, payload_bytes_max }
    }

    /// The route of a type, by the text that names it.
    ///
    /// # Errors
    /// 403 when the caller's token is not for it, 404 with near matches when there is none.
    pub(crate) fn find(&self, job_type: &str, caller: &Caller) -> Result<&Route, Problem> {
        caller.require_type(job_type)?;
        self.by_type.get(job_type).ok_or_else(|| self.unknown(job_type, caller))
    }

    /// The most bytes that a job of any type can take as JSON.
    pub(crate) fn text_bytes_max(&self) -> usize {
        usize::try_from(self.payload_bytes_max).unwrap_or(usize::MAX).saturating_add(ENVELOPE_BYTES_MAX)
    }

    fn unknown(&self, job_type: &str, caller: &Caller) -> Problem {
        /// As much of a stranger's name as an answer repeats, in characters.
        const SHOWN: usize = 128;
        // Of types that the caller has nothing to do with, not even the names are told.
        let seen = self.by_type.keys().map(|name| &**name).filter(|name| caller.scope().covers_text(name));
        let near = near(job_type, seen);
        let hint = match self.by_type.is_empty() {
            true => " No types are defined yet: apply a catalog first.".to_owned(),
            false => did_you_mean(&near),
        };
        let shown: String = job_type.chars().take(SHOWN).collect();
        Problem::new(Kind::UnknownType, format!("There is no job type `{shown}`.{hint}")).with("near", near)
    }
}

impl Route {
    fn new(
        job_type: &JobType,
        spec: &TypeSpec,
        lane: &Arc<Lane>,
        revision: Revision,
        backing: Backing,
    ) -> Self {
        let name = job_type.as_str().to_owned();
        Self {
            job_type: job_type.clone(),
            lane: Arc::clone(lane),
            path: backing.served(spec.path),
            revision,
            mode: spec.mode,
            payload_bytes_max: spec.limits.payload_bytes,
            dedup_window: spec.dedup_window,
            max_pending: spec.flow.max_pending,
            accepted_jobs: metrics::counter!("wasmill_ingest_accepted_jobs_total", "type" => name.clone()),
            accepted_bytes: metrics::counter!("wasmill_ingest_accepted_bytes_total", "type" => name),
        }
    }
}

impl Route {
    /// What a job with this id is stamped with.
    ///
    /// # Errors
    /// 409 when the type is off.
    pub(crate) fn stamp(&self, id: JobId) -> Result<Stamp, Problem> {
        let mode = self.mode.of(id).ok_or_else(|| self.off())?;
        Ok(Stamp { revision: self.revision, path: self.path, mode })
    }

    fn off(&self) -> Problem {
        let (job_type, revision) = (&self.job_type, self.revision);
        let detail = format!(
            "The job was not stored: its type `{job_type}` is switched off (mode = \"off\" in revision {revision} of the \
             routing table). Repeat when its operator has switched it on."
        );
        Problem::new(Kind::TypeOff, detail).with("job_type", job_type.as_str()).with("revision", revision.0)
    }
}

impl Lane {
    /// The partition whose turn it is.
    pub(crate) fn next_partition(&self) -> Partition {
        Partition(self.turn.fetch_add(1, Ordering::Relaxed) % self.partitions)
    }

    /// Whether the queue has such a partition in this generation; `None` when the catalog does not list the generation.
    pub(crate) fn has(&self, generation: Generation, partition: Partition) -> Option<bool> {
        let of = self.generations.iter().find(|of| of.generation == generation)?;
        Some(partition.0 < of.partitions.get())
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route")
            .field("job_type", &self.job_type)
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}
