//! A mill, or one role of it, in this process: its parts on the log and the queue that the configuration names, from start
//! to drain.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use wasmill_console::MakeTopics;
use wasmill_ingest::Durability;
use wasmill_log::{EmbeddedLog, KafkaLog, Log};
use wasmill_process::config::{LogKind, QueueKind};
use wasmill_process::{Config, Drain, Latch, Metrics, Readiness, Signals};
use wasmill_queue::{EmbeddedQueue, Queue, RedisQueue};

use crate::failure::{Exit, Failure, Result};
use ends::{Base, Ends};
use trusted::Trusted;

pub(crate) use loader::Loader;
pub(crate) use role::Role;
pub(crate) use watch::Watched;

pub(crate) mod access;
pub(crate) mod egress;
mod ends;
mod gateway;
pub(crate) mod kafka;
mod last_use;
mod loader;
pub(crate) mod redis;
mod role;
pub(crate) mod secrets;
pub(crate) mod stores;
pub(crate) mod topics;
mod trusted;
mod watch;

/// A running mill.
pub(crate) struct Mill {
    address: SocketAddr,
    readiness: Readiness,
    drain: Drain,
    log: OpenLog,
    queue: OpenQueue,
}

/// The log, to be closed at the end.
enum OpenLog {
    /// There is none, or this role has nothing to do with it.
    None,
    Embedded(EmbeddedLog),
    Kafka(KafkaLog),
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
    watched: Vec<Watched>,
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
    /// Starts every part of this role, and deploys the files that are `watched`. Returns when all run; [`Mill::ready`] tells when jobs flow. A Redis or a Kafka that
    /// cannot be reached is waited for: then the parts that need it begin later.
    ///
    /// # Errors
    /// When the address, the data folder or something in it, the Redis or the Kafka cannot be used; nothing runs then.
    pub(crate) async fn start(config: &Config, role: Role, watched: Vec<Watched>) -> Result<Self> {
        role.fits(config)?;
        // Bound first, because it fails first; clients that come now wait until the rest is up.
        let listener = gateway::bind(role.listen(config)).await?;
        Self::start_on(listener, config, role, watched).await
    }

    /// The same on a listener that is there.
    pub(crate) async fn start_on(
        listener: TcpListener,
        config: &Config,
        role: Role,
        watched: Vec<Watched>,
    ) -> Result<Self> {
        let metrics = Metrics::start().map_err(|error| Failure::new(Exit::Config, error))?;
        let address = listener.local_addr().map_err(|error| Failure::new(Exit::Config, error))?;
        let (readiness, drain) = (Readiness::new(), Drain::new());
        let beginning = Beginning { config, role, watched, listener, address, metrics, readiness, drain };
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
        match self.log {
            OpenLog::None => {}
            OpenLog::Embedded(log) => log.close().await,
            // Waits for acknowledgements, at most for the delivery timeout, and leaves the group of relays.
            OpenLog::Kafka(log) => log.close().await,
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
        if self.config.log.kind != LogKind::Embedded {
            // The configuration refuses it before.
            let what = "the embedded queue needs the embedded log: set log.kind = \"embedded\".";
            return Err(Failure::new(Exit::Config, what));
        }
        let latches = self.latches();
        let base = Base::open(self.config).await?;
        let log = stores::open_log(self.config, &base.clock).await?;
        let queue = stores::open_queue(self.config, &log, &base.clock).await?;
        let open = (OpenLog::Embedded(log.clone()), OpenQueue::Embedded(queue.clone()));
        let ends = base.with((Some(log), Trusted::at_once()), (queue, Trusted::at_once()));
        self.run(ends, latches, open)
    }

    async fn on_redis(mut self) -> Result<Mill> {
        let Self { config, role, .. } = self;
        let kind = if role.logs() { config.log.kind } else { LogKind::None };
        let kafka = (kind == LogKind::Kafka).then(|| kafka::Latches {
            brokers: self.readiness.latch("kafka"),
            topics: self.readiness.latch("topics"),
        });
        let redis = role.needs_queue(config).then(|| self.readiness.latch("redis"));
        let latches = self.latches();
        let queue = redis::queue(&config.queue)?;
        let base = Base::open(config).await?;
        let embedded = match kind {
            LogKind::Embedded => Some(stores::open_log(config, &base.clock).await?),
            LogKind::Kafka | LogKind::None => None,
        };
        // Before redis: what is wrong with it is known at once, and ends the start.
        let kafka = match kafka {
            Some(latches) => {
                let (log, part) = (kafka::log(&config.kafka)?, self.drain.part("log", kafka::GRACE));
                let reached = kafka::trust(&log, &config.kafka, base.catalog(), latches, &part).await?;
                Some((log, reached))
            }
            None => None,
        };
        let part = self.drain.part("queue", redis::GRACE);
        let trusted = match redis {
            Some(latch) => redis::trust(&queue, &self.readiness, latch, &part).await?,
            None => redis::seek(&queue, &self.readiness, &part),
        };
        if role.shows() {
            redis::show_gauges(&queue, &trusted, &part);
        }
        let open = OpenQueue::Redis(queue.clone());
        match (embedded, kafka) {
            (_, Some((log, reached))) => {
                let open = (OpenLog::Kafka(log.clone()), open);
                self.run(base.with((Some(log), reached), (queue, trusted)), latches, open)
            }
            (Some(log), None) => {
                let open = (OpenLog::Embedded(log.clone()), open);
                self.run(base.with((Some(log), Trusted::at_once()), (queue, trusted)), latches, open)
            }
            (None, None) => {
                // Of whichever kind: there is none.
                let log: (Option<EmbeddedLog>, _) = (None, Trusted::at_once());
                self.run(base.with(log, (queue, trusted)), latches, (OpenLog::None, open))
            }
        }
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

    fn run<L: Log, Q: Queue>(
        mut self,
        ends: Ends<L, Q>,
        latches: Latches,
        (log, queue): (OpenLog, OpenQueue),
    ) -> Result<Mill> {
        let Self { config, role, address, .. } = self;
        // In the order in which they stop.
        let edge = self.drain.part("gateway", config.gateway.grace + ends::MARGIN);
        if let Some(latch) = latches.handlers {
            ends.start_worker(&self.drain.part("worker", config.worker.grace + ends::MARGIN), config, latch);
        }
        if let (Some(latch), Some(log)) = (latches.relay, &ends.log) {
            ends.start_relay(&self.drain.part("relay", ends::RELAY_GRACE), log, latch);
        }
        if !self.watched.is_empty() {
            let part = self.drain.part("watch", ends::MARGIN);
            for watched in std::mem::take(&mut self.watched) {
                ends.start_watch(&part, config, watched);
            }
        }
        let probes = (log.metrics(self.metrics), self.readiness.clone());
        let admits = (log.stored(), log.topics(config));
        if !ends.access.is_open() {
            let (access, store) = (ends.access.clone(), ends.store.clone());
            edge.spawn(last_use::note_uses(access, store, edge.token()));
        }
        edge.keep(gateway::serve(&ends, role, config, self.listener, probes, admits, edge.token())?);
        latches.listener.release();
        let (log_at, queue_at) = (log.place(config), queue.place(config));
        tracing::info!(%address, data = %config.data.dir.display(), log = log_at, queue = queue_at, "started");
        Ok(Mill { address, readiness: self.readiness, drain: self.drain, log, queue })
    }
}

impl OpenLog {
    /// Where it is, for people.
    fn place(&self, config: &Config) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Embedded(_) => "embedded".to_owned(),
            Self::Kafka(_) => config.kafka.brokers.to_string(),
        }
    }

    /// What it means that a job is stored.
    fn stored(&self) -> Durability {
        match self {
            Self::None => Durability::Redis,
            Self::Embedded(_) => Durability::Fsync,
            Self::Kafka(_) => Durability::Brokers,
        }
    }

    /// What makes the topics of a catalog, where they do not make themselves.
    fn topics(&self, config: &Config) -> Option<MakeTopics> {
        match self {
            Self::None | Self::Embedded(_) => None,
            Self::Kafka(log) => Some(kafka::make_topics(log.clone(), config.kafka.clone())),
        }
    }

    /// The page of metrics, with what the log measures only when it is asked.
    fn metrics(&self, metrics: Metrics) -> Arc<dyn Fn() -> String + Send + Sync> {
        match self {
            Self::None | Self::Embedded(_) => Arc::new(move || metrics.render()),
            Self::Kafka(log) => {
                let log = log.clone();
                Arc::new(move || {
                    log.tell();
                    metrics.render()
                })
            }
        }
    }
}

impl OpenQueue {
    /// Where it is, for people.
    fn place(&self, config: &Config) -> String {
        match self {
            Self::Embedded(_) => "embedded".to_owned(),
            Self::Redis(_) => {
                let urls: Vec<_> = config.queue.urls().map(ToString::to_string).collect();
                urls.join(", ")
            }
        }
    }
}

fn fallen(part: &str) -> Failure {
    Failure::new(Exit::No, format_args!("the {part} ended by itself."))
        .advise("The log lines above say why; nothing that was acknowledged is lost.")
}
