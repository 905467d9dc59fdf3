//! Follows the catalog: loads the modules that its live types need, and publishes the routes that can be run.
//!
//! A type is offered only while all its modules are loaded. Jobs that are running, or taken already, finish with the handler
//! they were taken for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wasmill_catalog::{Catalog, TypeSpec};
use wasmill_job::{ModuleDigest, SecretName};
use wasmill_sandbox::Handler;

use crate::gauges;
use crate::route::{Routes, is_paused};

/// Gets a module's handler, ready to run, by the digest that a revision names. It may block: it is called where that
/// does no harm.
pub type LoadHandler = Arc<dyn Fn(ModuleDigest) -> Result<Handler, LoadError> + Send + Sync>;

/// Gets the value of a secret from wherever this worker has them, or a sentence about what is missing. It may read a file.
pub type FindSecret = Arc<dyn Fn(&SecretName) -> Result<String, String> + Send + Sync>;

/// Why a module could not be loaded: a sentence that a user can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LoadError(pub String);

/// Loads modules and publishes routes.
pub(crate) struct Handlers {
    pub(crate) catalog: watch::Receiver<Arc<Catalog>>,
    pub(crate) load: LoadHandler,
    pub(crate) secret: FindSecret,
    pub(crate) routes: watch::Sender<Arc<Routes>>,
    loaded: HashMap<ModuleDigest, Handler>,
    failed: HashMap<ModuleDigest, Failed>,
}

/// A module that could not be loaded, so far.
#[derive(Clone, Copy, Debug)]
struct Failed {
    tries: u32,
    again_at: Instant,
}

/// The first pause before a module is tried again; each later one is twice as long, up to a minute.
const AGAIN_FIRST: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(60);
/// How often a worker looks for a secret that it does not have.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Handlers {
    pub(crate) fn new(
        catalog: watch::Receiver<Arc<Catalog>>,
        load: LoadHandler,
        secret: FindSecret,
        routes: watch::Sender<Arc<Routes>>,
    ) -> Self {
        Self { catalog, load, secret, routes, loaded: HashMap::new(), failed: HashMap::new() }
    }

    /// Follows until `stop`. Each turn publishes what can be run now and loads at most one module, so that a new
    /// revision, a pause in it for instance, never waits for more than that.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let catalog = Arc::clone(&self.catalog.borrow_and_update());
            self.forget_unused(&catalog);
            self.publish(&catalog);
            match self.next_to_load(&catalog, Instant::now()) {
                Ok(digest) => self.load(&catalog, digest).await,
                Err(again_at) => {
                    let again_at = [again_at, self.look_again_at()].into_iter().flatten().min();
                    self.wait(again_at, &stop).await;
                }
            }
        }
    }

    /// The next module to load, or when to look again.
    fn next_to_load(&self, catalog: &Catalog, now: Instant) -> Result<ModuleDigest, Option<Instant>> {
        let mut again_at = None;
        for digest in wanted(catalog).filter(|digest| !self.loaded.contains_key(digest)) {
            match self.failed.get(&digest) {
                Some(failed) if failed.again_at > now => {
                    again_at = Some(again_at.map_or(failed.again_at, |at: Instant| at.min(failed.again_at)));
                }
                _ => return Ok(digest),
            }
        }
        Err(again_at)
    }

    async fn load(&mut self, catalog: &Catalog, digest: ModuleDigest) {
        let load = Arc::clone(&self.load);
        let result = tokio::task::spawn_blocking(move || load(digest))
            .await
            .unwrap_or_else(|error| Err(LoadError(format!("loading it failed inside: {error}"))));
        match result {
            Ok(handler) => {
                tracing::debug!(%digest, "module loaded");
                self.failed.remove(&digest);
                self.loaded.insert(digest, handler);
            }
            Err(error) => self.note_failure(catalog, digest, &error),
        }
    }

    fn note_failure(&mut self, catalog: &Catalog, digest: ModuleDigest, error: &LoadError) {
        let tries = self.failed.get(&digest).map_or(0, |failed| failed.tries);
        let again = AGAIN_FIRST.saturating_mul(1 << tries.min(20)).min(AGAIN_MAX);
        let failed = Failed { tries: tries.saturating_add(1), again_at: Instant::now() + again };
        self.failed.insert(digest, failed);
        let needing = |spec: &TypeSpec| {
            spec.handlers
                .iter()
                .find(|handler| handler.digest == digest)
                .map(|handler| handler.module.clone())
        };
        for (job_type, spec) in &catalog.types {
            let Some(module) = needing(spec) else { continue };
            gauges::count_load_failure(job_type);
            if tries == 0 {
                tracing::error!(
                    %job_type, %module, %digest,
                    "the module cannot be loaded, so this worker does not take the type's jobs; \
                     it tries again: {error}"
                );
            }
        }
    }

    fn forget_unused(&mut self, catalog: &Catalog) {
        let is_wanted = |digest: &ModuleDigest| wanted(catalog).any(|wanted| wanted == *digest);
        self.loaded.retain(|digest, _| is_wanted(digest));
        self.failed.retain(|digest, _| is_wanted(digest));
    }

    fn publish(&self, catalog: &Arc<Catalog>) {
        let before = Arc::clone(&self.routes.borrow());
        let routes = Routes::of(catalog, &self.loaded, &self.secret, &before);
        for (job_type, reason) in &routes.unready {
            if before.unready.get(job_type) != Some(reason) {
                gauges::count_load_failure(job_type);
                tracing::error!(%job_type, "this worker does not take the type's jobs; it looks again: {reason}");
            }
        }
        if routes.offer != before.offer || routes.unready != before.unready {
            tracing::debug!(revision = %routes.revision, types = routes.by_type.len(), "offers");
            self.routes.send_replace(Arc::new(routes));
        }
    }

    /// When to look again whether what was missing for a type has come.
    fn look_again_at(&self) -> Option<Instant> {
        let routes = self.routes.borrow();
        (!routes.unready.is_empty()).then(|| Instant::now() + LOOK_AGAIN)
    }

    async fn wait(&mut self, again_at: Option<Instant>, stop: &CancellationToken) {
        let again = async {
            match again_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error means that no revision will follow: the last one stays.
            Ok(()) = self.catalog.changed() => {}
            () = again => {}
            () = stop.cancelled() => {}
        }
    }
}

/// The modules of the catalog's types, those that can be taken first.
fn wanted(catalog: &Catalog) -> impl Iterator<Item = ModuleDigest> {
    let (paused, others): (Vec<_>, Vec<_>) = catalog.types.values().partition(|spec| is_paused(spec));
    others.into_iter().chain(paused).flat_map(|spec| spec.handlers.iter().map(|handler| handler.digest))
}
