//! A mill, or one role of it, in this process: its parts on the log and the queue that the configuration names, from start
//! to drain.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use wasmill_log::EmbeddedLog;
use wasmill_process::config::QueueKind;
use wasmill_process::{Config, Drain, Latch, Metrics, Readiness, Signals};
use wasmill_queue::{EmbeddedQueue, Queue, RedisQueue};

use crate::failure::{Exit, Failure, Result};
use ends::{Base, Ends};
use redis::Trusted;

pub(crate) use loader::Loader;
pub(crate) use role::Role;

mod access;
mod ends;
mod gateway;
mod loader;
mod redis;
mod role;
mod stores;

/// A running mill.
pub(crate) struct Mill {
    address: SocketAddr,
    readiness: Readiness,
    drain: Drain,
    log: Option<EmbeddedLog>,
    queue: OpenQueue,
}

/// The queue, to be closed at the end.
enum OpenQueue {
    Embedded(EmbeddedQueue),
    Redis(RedisQueue),
}

/// What there is before the stores are open.
struct Beginning<'c> {
    config: &'c Config,
    role: Role,
    listener: TcpListener,
    address: SocketAddr,
    metrics: Metrics,
    readiness: Readiness,
    drain: Drain,
}

/// The parts that readiness waits for; those of other roles are not there.
struct Latches {
    relay: Option<Latch>,
    handlers: Option<Latch>,
    listener: Latch,
}

impl Mill {
    /// Starts every part of this role. Returns when all run; [`Mill::ready`] tells when jobs flow. A Redis that cannot be
    /// reached is waited for: then the parts that need it begin later.
    ///
    /// # Errors
    /// When the address, the data folder or something in it, or the Redis cannot be used; nothing runs then.
    pub(crate) async fn start(config: &Config, role: Role) -> Result<Self> {
        role.fits(config)?;
        let metrics = Metrics::start().map_err(|error| Failure::new(Exit::Config, error))?;
        // Bound first, because it fails first; clients that come now wait until the rest is up.
        let listener = gateway::bind(role.listen(config)).await?;
        let address = listener.local_addr().map_err(|error| Failure::new(Exit::Config, error))?;
        let (readiness, drain) = (Readiness::new(), Drain::new());
        let beginning = Beginning { config, role, listener, address, metrics, readiness, drain };
        match config.queue.kind {
            QueueKind::Embedded => beginning.on_embedded().await,
            QueueKind::Redis => beginning.on_redis().await,
        }
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
        match self.queue {
            OpenQueue::Embedded(queue) => queue.close().await,
            OpenQueue::Redis(queue) => queue.close().await,
        }
        if let Some(log) = self.log {
            log.close().await;
        }
        drained.map_err(|late| {
            Failure::new(Exit::No, format_args!("not everything ended in time: {late}."))
                .advise("Nothing is lost: the next start goes on where this one was.")
        })?;
        tracing::info!("stopped");
        Ok(())
    }
}

impl Beginning<'_> {
    async fn on_embedded(self) -> Result<Mill> {
        let latches = self.latches();
        let base = Base::open(self.config).await?;
        let log = base.log.as_ref().ok_or_else(|| {
            Failure::new(Exit::Config, "the embedded queue needs a log: set log.kind = \"embedded\".")
        })?;
        let queue = stores::open_queue(self.config, log, &base.clock).await?;
        self.run(base.with(queue.clone(), Trusted::at_once()), latches, OpenQueue::Embedded(queue))
    }

    async fn on_redis(mut self) -> Result<Mill> {
        let redis = self.readiness.latch("redis");
        let latches = self.latches();
        let queue = redis::queue(&self.config.queue)?;
        let base = Base::open(self.config).await?;
        let part = self.drain.part("queue", redis::GRACE);
        let trusted = redis::trust(&queue, &self.readiness, redis, &part).await?;
        if self.role.shows() {
            redis::show_gauges(&queue, &trusted, &part);
        }
        self.run(base.with(queue.clone(), trusted), latches, OpenQueue::Redis(queue))
    }

    /// Taken before the first part starts.
    fn latches(&self) -> Latches {
        let latch = |wanted: bool, name| wanted.then(|| self.readiness.latch(name));
        Latches {
            relay: latch(self.role.relays(self.config), "the relay to resume"),
            handlers: latch(self.role.works(), "the handlers to load"),
            listener: self.readiness.latch("the gateway to listen"),
        }
    }

    fn run<Q: Queue>(mut self, ends: Ends<Q>, latches: Latches, queue: OpenQueue) -> Result<Mill> {
        let Self { config, role, address, .. } = self;
        let log = ends.log.clone();
        // In the order in which they stop.
        let edge = self.drain.part("gateway", config.gateway.grace + ends::MARGIN);
        if let Some(latch) = latches.handlers {
            ends.start_worker(&self.drain.part("worker", config.worker.grace + ends::MARGIN), config, latch);
        }
        if let (Some(latch), Some(log)) = (latches.relay, &log) {
            ends.start_relay(&self.drain.part("relay", ends::RELAY_GRACE), log, latch);
        }
        let probes = (self.metrics, self.readiness.clone());
        edge.keep(gateway::serve(&ends, role, config, self.listener, probes, edge.token())?);
        latches.listener.release();
        let queue_at = queue.place(config);
        tracing::info!(%address, data = %config.data.dir.display(), queue = queue_at, "started");
        Ok(Mill { address, readiness: self.readiness, drain: self.drain, log, queue })
    }
}

impl OpenQueue {
    /// Where it is, for people.
    fn place(&self, config: &Config) -> String {
        match self {
            Self::Embedded(_) => "embedded".to_owned(),
            Self::Redis(_) => config.queue.url.to_string(),
        }
    }
}

fn fallen(part: &str) -> Failure {
    Failure::new(Exit::No, format_args!("the {part} ended by itself."))
        .advise("The log lines above say why; nothing that was acknowledged is lost.")
}
