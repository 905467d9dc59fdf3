//! The embedded profile: log, queue, relay, worker and gateway in one process, from start to drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use wasmill_catalog::{Catalog, Following, follow};
use wasmill_job::{Clock, SystemClock};
use wasmill_log::EmbeddedLog;
use wasmill_process::{Config, Drain, Latch, Metrics, Part, Readiness, Signals};
use wasmill_queue::EmbeddedQueue;
use wasmill_relay::{Relay, Standing};
use wasmill_worker::{Worker, WorkerConfig};

use crate::command::run_alone::start_alone;
use crate::failure::{Exit, Failure, Result};
pub(crate) use loader::Loader;

mod gateway;
mod loader;
mod stores;

/// A running mill.
pub(crate) struct Mill {
    address: SocketAddr,
    readiness: Readiness,
    drain: Drain,
    log: EmbeddedLog,
    queue: EmbeddedQueue,
}

/// What the parts are made of.
struct Ends {
    log: EmbeddedLog,
    queue: EmbeddedQueue,
    store: wasmill_catalog::ArtifactStore,
    following: Following,
    loader: Arc<Loader>,
    clock: Arc<dyn Clock>,
}

/// The parts that readiness waits for.
struct Latches {
    relay: Latch,
    handlers: Latch,
    gateway: Latch,
}

/// How often the catalog is asked for a new revision; the design promises two seconds.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// What a part may take beyond the grace it gives others. Its own deadlines come first: the worker has up to four of 5 s.
const MARGIN: Duration = Duration::from_secs(25);
/// How long the relay may take to pay what the queue owes and to commit progress: three steps of 5 s, and a margin.
const RELAY_GRACE: Duration = Duration::from_secs(20);

impl Mill {
    /// Starts every part. Returns when all run; [`Mill::ready`] tells when jobs flow.
    ///
    /// # Errors
    /// When the address, the data folder or something in it cannot be used; nothing runs then.
    pub(crate) async fn start(config: &Config) -> Result<Self> {
        let metrics = Metrics::start().map_err(|error| Failure::new(Exit::Config, error))?;
        // Bound first, because it fails first; clients that come now wait until the rest is up.
        let listener = gateway::bind(config.gateway.listen).await?;
        let address = listener.local_addr().map_err(|error| Failure::new(Exit::Config, error))?;
        let readiness = Readiness::new();
        let latches = Latches {
            relay: readiness.latch("the relay to resume"),
            handlers: readiness.latch("the handlers to load"),
            gateway: readiness.latch("the gateway to listen"),
        };
        let ends = Ends::open(config).await?;
        let (log, queue) = (ends.log.clone(), ends.queue.clone());
        let mut drain = Drain::new();
        let gateway = drain.part("gateway", config.gateway.grace + MARGIN);
        let worker = drain.part("worker", config.worker.grace + MARGIN);
        let relay = drain.part("relay", RELAY_GRACE);
        ends.start_relay(&relay, latches.relay);
        ends.start_worker(&worker, config, latches.handlers);
        ends.start_gateway(&gateway, config, listener, (metrics, readiness.clone()), latches.gateway)?;
        tracing::info!(%address, data = %config.data.dir.display(), "started");
        Ok(Self { address, readiness, drain, log, queue })
    }

    /// The address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resolves when jobs flow.
    ///
    /// # Errors
    /// When a part ends before that.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        tokio::select! {
            () = self.readiness.ready() => Ok(()),
            part = self.drain.fallen() => Err(fallen(part)),
        }
    }

    /// Works until a signal asks it to stop.
    ///
    /// # Errors
    /// When a part ends by itself.
    pub(crate) async fn work(&mut self, signals: &mut Signals) -> Result<()> {
        tokio::select! {
            signal = signals.next() => {
                tracing::info!("{signal}: stopping");
                Ok(())
            }
            part = self.drain.fallen() => Err(fallen(part)),
        }
    }

    /// Stops: no new work, then part after part, then the stores.
    ///
    /// # Errors
    /// When a part did not stop in time. Nothing is lost then; the next start repeats a little.
    pub(crate) async fn stop(self) -> Result<()> {
        self.readiness.drain();
        let drained = self.drain.run().await;
        self.queue.close().await;
        self.log.close().await;
        drained.map_err(|late| {
            Failure::new(Exit::No, format_args!("not everything ended in time: {late}."))
                .advise("Nothing is lost: the next start goes on from the log.")
        })?;
        tracing::info!("stopped");
        Ok(())
    }
}

impl Ends {
    async fn open(config: &Config) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        stores::make_folder(&config.data.dir)?;
        let log = stores::open_log(config, &clock).await?;
        let queue = stores::open_queue(config, &log, &clock).await?;
        let store = stores::open_artifacts(config)?;
        let unreadable = |error| Failure::new(Exit::Config, error);
        let following = follow(store.clone(), FOLLOW_EVERY).await.map_err(unreadable)?;
        let loader = Arc::new(Loader::open(config, store.clone())?);
        Ok(Self { log, queue, store, following, loader, clock })
    }

    fn catalog(&self) -> watch::Receiver<Arc<Catalog>> {
        self.following.receiver()
    }

    fn start_relay(&self, part: &Part, latch: Latch) {
        let (log, queue) = (self.log.clone(), self.queue.clone());
        let relay = Relay::new(log, queue, self.catalog(), Arc::clone(&self.clock));
        let mut standing = relay.standing();
        part.keep(relay.run(part.token()));
        part.spawn(async move {
            // An error means that the relay has ended; the process does, too.
            if standing.wait_for(|standing| *standing >= Standing::Resumed).await.is_ok() {
                latch.release();
            }
        });
    }

    fn start_worker(&self, part: &Part, config: &Config, latch: Latch) {
        let slots = config.worker.slots.try_into().unwrap_or(std::num::NonZeroUsize::MIN);
        let times = WorkerConfig { slots, lease: config.worker.lease, grace: config.worker.grace };
        let loader = Arc::clone(&self.loader);
        let parts = wasmill_worker::Parts {
            // The queue's handle remembers what its last take gave; only the worker takes with this one.
            queue: self.queue.clone(),
            sandbox: self.loader.sandbox().clone(),
            catalog: self.catalog(),
            load: Arc::new(move |digest| loader.load(digest)),
            alone: start_alone(config),
            clock: Arc::clone(&self.clock),
        };
        let (worker, token) = (Worker::new(times, parts), part.token());
        part.keep(async move {
            if let Err(error) = worker.run(token).await {
                tracing::error!("the worker cannot start its slots: {error}");
            }
        });
        let wanted: Vec<_> =
            self.following.current().types.values().map(|spec| spec.handler.digest).collect();
        let (loader, token) = (Arc::clone(&self.loader), part.token());
        part.spawn(async move {
            tokio::select! {
                () = loader.tried(&wanted) => latch.release(),
                () = token.cancelled() => {}
            }
        });
    }

    fn start_gateway(
        &self,
        part: &Part,
        config: &Config,
        listener: TcpListener,
        probes: (Metrics, Readiness),
        latch: Latch,
    ) -> Result<()> {
        let serving = gateway::serve(self, config, listener, probes, part.token())?;
        part.keep(serving);
        latch.release();
        Ok(())
    }
}

fn fallen(part: &str) -> Failure {
    Failure::new(Exit::No, format_args!("the {part} ended by itself."))
        .advise("The log lines above say why; nothing that was acknowledged is lost.")
}
