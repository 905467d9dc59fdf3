//! The router of the admin API and its pages, and what they are made of.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use wasmill_catalog::{ArtifactStore, AskedOf, Backing, Following, RedisNames};
use wasmill_http::{Budget, Hosts, guard};
use wasmill_job::{Clock, UnixMs};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::attempts::list_attempts;
use crate::catalog::{apply_catalog, plan_catalog, show_catalog};
use crate::check::check_queue;
use crate::dead::list_dead;
use crate::dead_groups::list_groups;
use crate::desk::JobDesk;
use crate::entries::{delete_queue, delete_type};
use crate::generations::{retire_generation, show_queue};
use crate::history::History;
use crate::jobs::list_jobs;
use crate::lanes::list_lanes;
use crate::live::{self, Live};
use crate::memory::show_memory;
use crate::mode::set_mode;
use crate::modules::{deploy, list_modules, module_bytes};
use crate::pages;
use crate::prepare::Prepare;
use crate::prune::prune;
use crate::purge::purge;
use crate::redrive::redrive;
use crate::revisions::{export_catalog, list_revisions, roll_back, show_diff, show_revision};
use crate::stats::show_stats;
use crate::status::show_status;
use crate::tag::tag_module;
use crate::tokens::{Tokens, create_token, list_tokens, revoke_token, rotate_token};
use crate::topics::MakeTopics;
use crate::workers::list_workers;

/// What the admin API and its pages need.
pub struct Parts<L, Q> {
    pub storage: Storage<L>,
    /// Which paths job types can have here.
    pub backing: Backing,
    /// In which Redis queues can lie here.
    pub redis: RedisNames,
    pub queue: Q,
    pub store: ArtifactStore,
    pub catalog: Following,
    pub tokens: Tokens,
    pub prepare: Prepare,
    /// `None` where topics make themselves.
    pub topics: Option<MakeTopics>,
    pub desk: JobDesk,
    /// Whether jobs come in at this address, too: `POST /v1/jobs`.
    pub takes_jobs_in: bool,
    /// The folder of what happened in each minute of the last seven days; `None` keeps nothing. Beside it stand its lock
    /// (`<folder>.lock`) and at most one that was damaged (`<folder>.damaged-<unix ms>`). It may be lost.
    pub history: Option<PathBuf>,
    /// Ends the task that looks at the mill for open pages, and with it their streams.
    pub stop: CancellationToken,
    pub clock: Arc<dyn Clock>,
    /// The names by which browsers may call it.
    pub hosts: Hosts,
    pub config: ConsoleConfig,
}

/// Where the mill's jobs and dead letters are stored.
#[derive(Clone, Debug)]
pub enum Storage<L> {
    /// In this log; the queue is derived from it.
    Log(L),
    /// In the queue itself: there is no log.
    Queue,
}

/// What an operator may turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleConfig {
    /// The largest module that is read, in bytes. Default 32 MiB.
    pub module_bytes_max: usize,
}

/// The state all requests share.
pub(crate) struct Console<L, Q> {
    pub(crate) storage: Storage<L>,
    pub(crate) backing: Backing,
    pub(crate) redis: RedisNames,
    pub(crate) queue: Q,
    pub(crate) store: ArtifactStore,
    pub(crate) catalog: Following,
    pub(crate) tokens: Tokens,
    pub(crate) prepare: Prepare,
    pub(crate) topics: Option<MakeTopics>,
    pub(crate) desk: JobDesk,
    pub(crate) takes_jobs_in: bool,
    pub(crate) live: Live,
    pub(crate) history: History,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: ConsoleConfig,
    pub(crate) started_at: UnixMs,
    /// Bounds uploads in memory: two of the largest.
    pub(crate) uploads: Budget,
    /// Bounds all other bodies in memory.
    pub(crate) bodies: Budget,
    /// What modules ask for that were looked at before.
    pub(crate) asked: std::sync::Mutex<AskedOf>,
    /// Held while a module is compiled.
    pub(crate) compiling: Mutex<()>,
    /// Held while letters are redriven or purged: two at once would only repeat one another.
    pub(crate) burying: Mutex<()>,
    /// Held while the queue checks itself.
    pub(crate) checking: Mutex<()>,
}

/// Bodies other than uploads that may be in memory at once, in bytes.
const BODIES_BYTES: usize = 16 << 20;

/// The admin API and the pages over it, behind the guard against browsers. Must be called inside a tokio runtime.
pub fn router<L: Log, Q: Queue>(parts: Parts<L, Q>) -> Router {
    let Parts {
        storage,
        backing,
        redis,
        queue,
        store,
        catalog,
        tokens,
        prepare,
        topics,
        desk,
        takes_jobs_in,
        history,
        stop,
        clock,
        hosts,
        config,
    } = parts;
    let (history, feed) = History::start(history, Arc::clone(&clock));
    let live = live::start((storage.clone(), queue.clone()), catalog.clone(), Arc::clone(&clock), feed, stop);
    let console = Arc::new(Console {
        storage,
        backing,
        redis,
        queue,
        store,
        catalog,
        tokens,
        prepare,
        topics,
        desk,
        takes_jobs_in,
        live,
        history,
        started_at: clock.now(),
        clock,
        uploads: Budget::new(config.module_bytes_max.saturating_mul(2)),
        config,
        bodies: Budget::new(BODIES_BYTES),
        asked: std::sync::Mutex::default(),
        compiling: Mutex::default(),
        burying: Mutex::default(),
        checking: Mutex::default(),
    });
    let router = Router::new()
        .route("/v1/modules", get(list_modules::<L, Q>).post(deploy::<L, Q>))
        .route("/v1/modules/{digest}", get(module_bytes::<L, Q>))
        .route("/v1/modules/{digest}/tags/{tag}", put(tag_module::<L, Q>))
        .route("/v1/catalog", get(show_catalog::<L, Q>))
        .route("/v1/catalog/plan", post(plan_catalog::<L, Q>))
        .route("/v1/catalog/apply", post(apply_catalog::<L, Q>))
        .route("/v1/catalog/rollback", post(roll_back::<L, Q>))
        .route("/v1/catalog/diff", get(show_diff::<L, Q>))
        .route("/v1/catalog/export", get(export_catalog::<L, Q>))
        .route("/v1/catalog/revisions", get(list_revisions::<L, Q>))
        .route("/v1/catalog/revisions/{revision}", get(show_revision::<L, Q>))
        .route("/v1/catalog/types/{type}", delete(delete_type::<L, Q>))
        .route("/v1/catalog/types/{type}/mode", post(set_mode::<L, Q>))
        .route("/v1/catalog/queues/{queue}", get(show_queue::<L, Q>).delete(delete_queue::<L, Q>))
        .route("/v1/catalog/queues/{queue}/generations/{generation}", delete(retire_generation::<L, Q>))
        .route("/v1/modules/prune", post(prune::<L, Q>))
        .route("/v1/status", get(show_status::<L, Q>))
        .route("/v1/stats", get(show_stats::<L, Q>))
        .route("/v1/lanes", get(list_lanes::<L, Q>))
        .route("/v1/workers", get(list_workers::<L, Q>))
        .route("/v1/attempts", get(list_attempts::<L, Q>))
        .route("/v1/jobs", get(list_jobs::<L, Q>))
        .route("/v1/queue/check", post(check_queue::<L, Q>))
        .route("/v1/queue/memory", get(show_memory::<L, Q>))
        .route("/v1/dead", get(list_dead::<L, Q>))
        .route("/v1/dead/groups", get(list_groups::<L, Q>))
        .route("/v1/dead/redrive", post(redrive::<L, Q>))
        .route("/v1/dead/purge", post(purge::<L, Q>))
        .route("/v1/tokens", get(list_tokens::<L, Q>).post(create_token::<L, Q>))
        .route("/v1/tokens/{name}", delete(revoke_token::<L, Q>))
        .route("/v1/tokens/{name}/rotate", post(rotate_token::<L, Q>))
        .merge(pages::router())
        .with_state(console);
    guard(router, hosts)
}

/// The description of the admin API, to be merged with the others'.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(
        info(title = "Wasmill", description = "Background jobs as sandboxed WebAssembly."),
        paths(
            crate::modules::deploy,
            crate::modules::list_modules,
            crate::modules::module_bytes,
            crate::tag::tag_module,
            crate::catalog::show_catalog,
            crate::catalog::plan_catalog,
            crate::catalog::apply_catalog,
            crate::revisions::roll_back,
            crate::revisions::show_diff,
            crate::revisions::export_catalog,
            crate::revisions::list_revisions,
            crate::revisions::show_revision,
            crate::entries::delete_type,
            crate::entries::delete_queue,
            crate::generations::show_queue,
            crate::generations::retire_generation,
            crate::mode::set_mode,
            crate::prune::prune,
            crate::status::show_status,
            crate::stats::show_stats,
            crate::lanes::list_lanes,
            crate::workers::list_workers,
            crate::attempts::list_attempts,
            crate::jobs::list_jobs,
            crate::check::check_queue,
            crate::memory::show_memory,
            crate::dead::list_dead,
            crate::dead_groups::list_groups,
            crate::redrive::redrive,
            crate::purge::purge,
            crate::tokens::list_tokens,
            crate::tokens::create_token,
            crate::tokens::revoke_token,
            crate::tokens::rotate_token,
        ),
        tags(
            (name = "modules", description = "Uploads."),
            (name = "catalog", description = "The routing table."),
            (name = "status", description = "Counts, now and over time."),
            (name = "workers", description = "What workers run, and what ended lately."),
            (name = "jobs", description = "Jobs that are not dead."),
            (name = "queue", description = "The queue itself."),
            (name = "dead letters", description = "Jobs that will not be tried again."),
            (name = "tokens", description = "Who may call."),
        )
    )]
    struct Admin;
    Admin::openapi()
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self { module_bytes_max: 32 << 20 }
    }
}
