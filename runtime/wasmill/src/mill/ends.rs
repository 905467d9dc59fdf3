//! What the parts are made of, and starting them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use wasmill_catalog::{
    ArtifactStore, Catalog, Following, FollowingTokens, LastGood, LastTokens, follow, follow_tokens,
};
use wasmill_http::Access;
use wasmill_job::{Clock, SystemClock};
use wasmill_log::Log;
use wasmill_process::config::LogKind;
use wasmill_process::{Config, Latch, Part};
use wasmill_queue::{Queue, keep_paying};
use wasmill_relay::{Relay, Standing};
use wasmill_worker::{Worker, WorkerConfig};

use super::loader::Loader;
use super::trusted::Trusted;
use super::watch::{Watch, Watched};
use super::{access, secrets, stores};
use crate::command::run_alone::start_alone;
use crate::failure::{Exit, Failure, Result};

/// What the parts are made of.
pub(super) struct Ends<L, Q> {
    /// `None`: there is none, or this role has nothing to do with it.
    pub(super) log: Option<L>,
    pub(super) queue: Q,
    /// Whether the queue may be worked with.
    trusted: Trusted,
    /// Whether the log may be.
    reached: Trusted,
    pub(super) store: ArtifactStore,
    pub(super) following: Following,
    /// Who may call; follows the tokens.
    pub(super) access: Access,
    pub(super) tokens: FollowingTokens,
    pub(super) loader: Arc<Loader>,
    pub(super) clock: Arc<dyn Clock>,
}

/// The ends, but for log and queue.
pub(super) struct Base {
    pub(super) clock: Arc<dyn Clock>,
    store: ArtifactStore,
    following: Following,
    access: Access,
    tokens: FollowingTokens,
    loader: Arc<Loader>,
}

/// How often the store is asked for a new revision and for tokens; the design promises two seconds.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// What a part may take beyond the grace it gives others. Its own deadlines come first: the worker has up to four of 5 s.
pub(super) const MARGIN: Duration = Duration::from_secs(25);
/// How long the relay may take to pay what the queue owes and to commit progress: three steps of 10 s, and a margin.
pub(super) const RELAY_GRACE: Duration = Duration::from_secs(35);

impl Base {
    pub(super) async fn open(config: &Config) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let fixed =
            access::fixed(&config.auth).map_err(|why| Failure::new(Exit::Config, format_args!("{why}.")))?;
        stores::make_folder(&config.data.dir)?;
        let store = stores::open_artifacts(config)?;
        let unreadable = |error| Failure::new(Exit::Config, error);
        let following = follow(store.clone(), FOLLOW_EVERY, Some(LastGood::at(config.data.last_good())))
            .await
            .map_err(unreadable)?;
        let access = Access::new(fixed, Arc::clone(&clock));
        let (last, opened) = (LastTokens::at(config.data.last_tokens()), access.clone());
        let take = move |stored: &[_]| opened.replace(&access::made(stored));
        let tokens = follow_tokens(store.clone(), FOLLOW_EVERY, Some(last), take).await;
        let loader = Arc::new(Loader::open(config, store.clone())?);
        Ok(Self { clock, store, following, access, tokens, loader })
    }

    pub(super) fn catalog(&self) -> watch::Receiver<Arc<Catalog>> {
        self.following.receiver()
    }

    /// Each store with whether it may be worked with.
    pub(super) fn with<L, Q>(self, log: (Option<L>, Trusted), queue: (Q, Trusted)) -> Ends<L, Q> {
        let Self { clock, store, following, access, tokens, loader } = self;
        let ((log, reached), (queue, trusted)) = (log, queue);
        Ends { log, queue, trusted, reached, store, following, access, tokens, loader, clock }
    }
}

impl<L: Log, Q: Queue> Ends<L, Q> {
    pub(super) fn catalog(&self) -> watch::Receiver<Arc<Catalog>> {
        self.following.receiver()
    }

    pub(super) fn start_relay(&self, part: &Part, log: &L, latch: Latch) {
        let relay = Relay::new(log.clone(), self.queue.clone(), self.catalog(), Arc::clone(&self.clock));
        let mut standing = relay.standing();
        let (trusted, reached, token) = (self.trusted.clone(), self.reached.clone(), part.token());
        part.keep(async move {
            if reached.or_stopped(&token).await && trusted.or_stopped(&token).await {
                relay.run(token).await;
            }
        });
        part.spawn(async move {
            // An error means that the relay has ended; the process does, too.
            if standing.wait_for(|standing| *standing >= Standing::Resumed).await.is_ok() {
                latch.release();
            }
        });
    }

    /// Without a log there is no relay: workers pay what their jobs owe, which is children that go straight into the queue.
    fn start_paying(&self, part: &Part) {
        let (queue, trusted, token) = (self.queue.clone(), self.trusted.clone(), part.token());
        part.spawn(async move {
            if trusted.or_stopped(&token).await {
                tokio::select! {
                    () = keep_paying(queue) => {}
                    () = token.cancelled() => {}
                }
            }
        });
    }

    pub(super) fn start_watch(&self, part: &Part, config: &Config, watched: Watched) {
        let watch = Watch {
            watched,
            store: self.store.clone(),
            following: self.following.clone(),
            loader: Arc::clone(&self.loader),
            clock: Arc::clone(&self.clock),
            backing: stores::backing(config),
        };
        let token = part.token();
        part.spawn(watch.run(token));
    }

    pub(super) fn start_worker(&self, part: &Part, config: &Config, latch: Latch) {
        let slots = config.worker.slots.try_into().unwrap_or(NonZeroUsize::MIN);
        let times = WorkerConfig { slots, lease: config.worker.lease, grace: config.worker.grace };
        let loader = Arc::clone(&self.loader);
        let parts = wasmill_worker::Parts {
            // The queue's handle remembers what its last take gave; only the worker takes with this one.
            queue: self.queue.clone(),
            sandbox: self.loader.sandbox().clone(),
            catalog: self.catalog(),
            load: Arc::new(move |digest| loader.load(digest)),
            secret: secrets::finder(config),
            alone: start_alone(config),
            clock: Arc::clone(&self.clock),
        };
        let (worker, token) = (Worker::new(times, parts), part.token());
        let trusted = self.trusted.clone();
        part.keep(async move {
            if trusted.or_stopped(&token).await
                && let Err(error) = worker.run(token).await
            {
                tracing::error!("the worker cannot start its slots: {error}");
            }
        });
        if config.log.kind == LogKind::None {
            self.start_paying(part);
        }
        let catalog = self.following.current();
        let handlers = catalog.types.values().flat_map(|spec| &spec.handlers);
        let wanted: Vec<_> = handlers.map(|handler| handler.digest).collect();
        let (loader, token) = (Arc::clone(&self.loader), part.token());
        part.spawn(async move {
            tokio::select! {
                () = loader.tried(&wanted) => latch.release(),
                () = token.cancelled() => {}
            }
        });
    }
}
