//! The world of these tests: a real queue in a folder that goes away, a real sandbox with guests, a catalog, a clock that
//! is turned by hand, and workers. The tests themselves are the relay.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU32, NonZeroUsize};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wasmill_catalog::{Catalog, Flow, GenerationSpec, Handlers, QueueSpec, RouteMode, TypeSpec};
use wasmill_job::{
    Backoff, Clock, Durability, Generation, IdSource, Job, JobId, Limits, Mode, ModuleDigest, Offset,
    Partition, Path, Progress, RetryPolicy, Revision, Stamp, SystemClock, Topic, TopicPartition, UnixMs,
};
use wasmill_queue::{
    Claim, Counts, EmbeddedConfig, EmbeddedQueue, Entry, JobView, NewJob, Offer, Push, Pushed, Queue, Take,
    TypeOffer, WorkerId, WorkerReport,
};
use wasmill_sandbox::{CheckLimits, Handler, Sandbox, SandboxConfig, check};
use wasmill_worker::{LoadError, LoadHandler, Parts, StartAlone, Worker, WorkerConfig};

use crate::guests::Guest;
use crate::seam::Seam;

/// How long anything may take before a test fails.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    dir: TempDir,
    pub(crate) queue: Seam<EmbeddedQueue>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) sandbox: Sandbox,
    catalog: watch::Sender<Arc<Catalog>>,
    pub(crate) modules: Arc<Modules>,
    /// How a worker started from now on starts its child for suspects. Unless a test says so, no child can be started.
    pub(crate) alone: StartAlone,
    ids: IdSource,
    next: Offset,
    queues: u32,
}

/// A clock that stands still until it is turned, or goes with the system's.
#[derive(Default)]
pub(crate) struct HandClock {
    /// 0: the system's time.
    stands_at: AtomicU64,
}

/// Modules that can be loaded.
#[derive(Default)]
pub(crate) struct Modules {
    loaded: Mutex<HashMap<ModuleDigest, Handler>>,
    missing: Mutex<Vec<ModuleDigest>>,
}

/// A worker at work.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Clock for HandClock {
    fn now(&self) -> UnixMs {
        match self.stands_at.load(Ordering::SeqCst) {
            0 => SystemClock.now(),
            at => UnixMs(at),
        }
    }
}

impl HandClock {
    /// Stops it at the present time.
    pub(crate) fn stop(&self) {
        self.stands_at.store(self.now().0, Ordering::SeqCst);
    }

    /// Turns a clock that stands still.
    pub(crate) fn turn(&self, by: Duration) {
        self.stands_at.store(self.now().plus(by).0, Ordering::SeqCst);
    }
}

impl Modules {
    /// As if the module had not arrived in the artifact store yet, or as if it had.
    pub(crate) fn set_missing(&self, guest: Guest, is_missing: bool) {
        let digest = ModuleDigest::of(&guest.bytes());
        let mut missing = self.missing.lock().unwrap();
        missing.retain(|known| *known != digest);
        if is_missing {
            missing.push(digest);
        }
    }

    /// The handler of this guest.
    pub(crate) fn handler(&self, guest: Guest) -> Handler {
        self.loaded.lock().unwrap()[&ModuleDigest::of(&guest.bytes())].clone()
    }

    fn load(&self, digest: ModuleDigest) -> Result<Handler, LoadError> {
        if self.missing.lock().unwrap().contains(&digest) {
            return Err(LoadError(format!("the module {digest} is not in the artifact store")));
        }
        Ok(self.loaded.lock().unwrap()[&digest].clone())
    }
}

impl World {
    /// With a queue of one partition, and these job types, each with a guest.
    pub(crate) async fn new(types: &[(&str, Guest)]) -> Self {
        crate::started::listen();
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::default());
        let queue = Seam::new(open_queue(&dir, 0, &clock).await);
        let sandbox = Sandbox::new(SandboxConfig { instances: 8, ..SandboxConfig::default() }).unwrap();
        let modules = Arc::new(Modules::default());
        let mut specs = BTreeMap::new();
        for (name, guest) in types {
            let bytes = guest.bytes();
            let digest = ModuleDigest::of(&bytes);
            let component = check(&bytes, &CheckLimits::default()).unwrap();
            let handler = sandbox.load(&sandbox.compile(&component).unwrap()).unwrap();
            modules.loaded.lock().unwrap().insert(digest, handler);
            specs.insert(name.parse().unwrap(), spec(digest));
        }
        let queues = [("mill".parse().unwrap(), one_partition())].into();
        let catalog = Catalog { revision: Revision(1), queues, types: specs, ..Catalog::default() };
        let catalog = watch::Sender::new(Arc::new(catalog));
        let (ids, next) = (IdSource::default(), Offset(0));
        let alone: StartAlone = Arc::new(|| Command::new("no-program-to-run-suspects"));
        let world = Self { dir, queue, clock, sandbox, catalog, modules, alone, ids, next, queues: 1 };
        world.resume().await;
        world
    }

    /// Starts a worker.
    pub(crate) fn worker(&self, slots: usize, lease: Duration, grace: Duration) -> Running {
        let modules = Arc::clone(&self.modules);
        let load: LoadHandler = Arc::new(move |digest| modules.load(digest));
        let parts = Parts {
            queue: self.queue.clone(),
            sandbox: self.sandbox.clone(),
            catalog: self.catalog.subscribe(),
            load,
            secret: Arc::new(|name| Err(format!("this world has no {name}"))),
            alone: Arc::clone(&self.alone),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
        };
        let config = WorkerConfig { slots: NonZeroUsize::new(slots).unwrap(), lease, grace };
        let stop = CancellationToken::new();
        Running { task: tokio::spawn(Worker::new(config, parts).run(stop.clone())), stop }
    }

    /// A folder of this world's own.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The catalog's next revision, where one type is different.
    pub(crate) fn change(&self, job_type: &str, change: impl FnOnce(&mut TypeSpec)) {
        self.catalog.send_modify(|catalog| {
            let catalog = Arc::make_mut(catalog);
            catalog.revision = Revision(catalog.revision.0 + 1);
            change(catalog.types.get_mut(&job_type.parse().unwrap()).unwrap());
        });
    }

    /// An empty queue takes the place of the one there was.
    pub(crate) async fn wipe_queue(&mut self) {
        self.queue.replace(open_queue(&self.dir, self.queues, &self.clock).await);
        self.queues += 1;
        self.next = Offset(0);
        self.resume().await;
    }

    /// Pushes jobs, as a relay would.
    pub(crate) async fn push(&mut self, job_type: &str, jobs: usize) -> Vec<JobId> {
        let jobs: Vec<_> = (0..jobs).map(|_| self.job(job_type)).collect();
        self.push_jobs(&jobs).await;
        jobs.iter().map(|job| job.id).collect()
    }

    /// Pushes these jobs.
    pub(crate) async fn push_jobs(&mut self, jobs: &[Job]) {
        let from = self.next;
        let mut entries = Vec::new();
        for job in jobs {
            let dedup_window = Duration::from_secs(600);
            let new = NewJob::new(job.clone(), dedup_window);
            entries.push(Entry::Job { offset: self.next, new });
            self.next = self.next.next();
        }
        let push = Push { lane: lane(), from, to: self.next, passed: None, entries };
        let pushed = self.queue.queue().push(push).await.unwrap();
        assert_eq!(pushed, Pushed::whole());
    }

    /// A job, not pushed.
    pub(crate) fn job(&mut self, job_type: &str) -> Job {
        let now = self.clock.now();
        Job {
            id: self.ids.next(now, rand::random(), Generation(0), Partition(0)),
            job_type: job_type.parse().unwrap(),
            payload: Bytes::from_static(b"{}"),
            accepted_at: now,
            stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
            priority: wasmill_job::Priority::Normal,
            idempotency_key: None,
            traceparent: None,
            redrives: 0,
            run_at: None,
            unknown: serde_json::Map::new(),
        }
    }

    /// Takes jobs as a worker would that dies with them.
    pub(crate) async fn take_and_vanish(&self, job_type: &str, lease: Duration) -> Vec<Claim> {
        let types = [(job_type.parse().unwrap(), TypeOffer::default())].into();
        let offer = Arc::new(Offer { revision: Revision(1), types, ..Offer::default() });
        let take = Take { worker: WorkerId(rand::random()), request: 0, max: 100, lease, offer };
        self.queue.queue().take(take).await.unwrap()
    }

    /// Pushes jobs that a worker died with: suspects. The clock must stand, and no other job of the type be pending.
    pub(crate) async fn push_suspects(&mut self, job_type: &str, jobs: usize) -> Vec<JobId> {
        let ids = self.push(job_type, jobs).await;
        let lease = Duration::from_secs(30);
        assert_eq!(self.take_and_vanish(job_type, lease).await.len(), jobs);
        self.clock.turn(lease);
        self.counted(job_type, "all are pending again", |counts| counts.pending == jobs as u64).await;
        ids
    }

    pub(crate) async fn counts(&self, job_type: &str) -> Counts {
        let counts = self.queue.queue().counts().await.unwrap();
        counts.get(&job_type.parse().unwrap()).copied().unwrap_or_default()
    }

    pub(crate) async fn view(&self, id: JobId) -> JobView {
        self.queue.queue().job(id).await.unwrap().expect("the queue knows the job")
    }

    /// Waits until the counts of one type satisfy `condition`.
    pub(crate) async fn counted(&self, job_type: &str, what: &str, condition: impl Fn(Counts) -> bool) {
        let wait = async {
            let mut look_again = tokio::time::interval(Duration::from_millis(2));
            while !condition(self.counts(job_type).await) {
                look_again.tick().await;
            }
        };
        if tokio::time::timeout(DEADLINE, wait).await.is_err() {
            panic!("{job_type}: it never came true that {what}: {:?}", self.counts(job_type).await);
        }
    }

    /// Waits until what a worker tells of itself satisfies `condition`, and answers that. There must be one worker only.
    pub(crate) async fn told(&self, what: &str, condition: impl Fn(&WorkerReport) -> bool) -> WorkerReport {
        let wait = async {
            let mut look_again = tokio::time::interval(Duration::from_millis(2));
            loop {
                let told = self.queue.queue().reports().await.unwrap().pop();
                if let Some(report) = told.filter(&condition) {
                    return report;
                }
                look_again.tick().await;
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("it was never told that {what}"))
    }

    async fn resume(&self) {
        let wants = self.queue.queue().resume(&lane(), &Progress::default()).await.unwrap();
        assert_eq!(wants, Offset(0));
    }
}

impl Running {
    /// Stops it in order and waits for its end.
    pub(crate) async fn drain(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.expect("the worker drains in time").unwrap().unwrap();
    }
}

async fn open_queue(dir: &TempDir, number: u32, clock: &Arc<HandClock>) -> EmbeddedQueue {
    let config = EmbeddedConfig::new(dir.path().join(format!("queue-{number}")));
    EmbeddedQueue::open(config, 1, Arc::clone(clock) as Arc<dyn Clock>).await.unwrap().0
}

fn lane() -> TopicPartition {
    TopicPartition::new(Topic::queue(&"mill".parse().unwrap(), Generation(0)), Partition(0))
}

fn one_partition() -> QueueSpec {
    QueueSpec::of(GenerationSpec::main(Generation(0), NonZeroU32::MIN), Durability::Quorum)
}

/// Three attempts, after 10 s and 20 s.
fn spec(digest: ModuleDigest) -> TypeSpec {
    let backoff = Backoff::new(Duration::from_secs(10), 2.0, Duration::from_secs(60), 0.0).unwrap();
    TypeSpec {
        owner: None,
        queue: "mill".parse().unwrap(),
        path: Path::Log,
        mode: RouteMode::Live,
        handlers: Handlers::one("guest@1".parse().unwrap(), digest),
        limits: Limits { fuel: u64::MAX / 2, ..Limits::default() },
        retry: RetryPolicy { attempts: 3, backoff, ..RetryPolicy::default() },
        flow: Flow::default(),
        grants: wasmill_job::Grants::default(),
        keep_result: Duration::from_secs(3_600),
        dedup_window: Duration::from_secs(600),
    }
}
