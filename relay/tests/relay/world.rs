//! The world of these tests: a real log and a real queue in a folder that goes away, a catalog, and relays.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wasmill_catalog::{Catalog, Flow, GenerationSpec, Handlers, QueueSpec, RouteMode, TypeSpec};
use wasmill_job::wire::{encode_copy, encode_job};
use wasmill_job::{
    Attempt, Clock, CopyOf, DeadLetter, Durability, Failure, FailureCode, Generation, IdSource, Job, JobId,
    JobType, Limits, Mode, ModuleDigest, Partition, Path, Position, RetryPolicy, Revision, Stamp,
    SystemClock, Topic, TopicPartition, Verdict,
};
use wasmill_log::{Append, EmbeddedLog, Log, LogConfig, Stored};
use wasmill_queue::{
    Answer, AttemptRecord, Claim, Counts, EmbeddedConfig, EmbeddedQueue, Offer, Queue, Take, TypeOffer,
    WorkerId,
};
use wasmill_relay::{Relay, Standing};

use crate::seam::Seam;

/// How long anything may take before a test fails. A relay that gives up what hangs takes up to half of it.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    dir: TempDir,
    pub(crate) log: EmbeddedLog,
    pub(crate) queue: Seam<EmbeddedQueue>,
    catalog: watch::Sender<Arc<Catalog>>,
    ids: IdSource,
    queues: u32,
    takes: AtomicU64,
    worker: WorkerId,
}

/// A relay at work.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
    pub(crate) standing: watch::Receiver<Standing>,
}

impl World {
    /// With a queue of two partitions, and jobs of the type `email.welcome`.
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(LogConfig::new(dir.path().join("log")), Arc::new(SystemClock)).unwrap();
        let queue = Seam::new(open_queue(&dir, 0).await);
        let catalog = watch::Sender::new(Arc::new(catalog(1, &["email.welcome"])));
        let (ids, takes, worker) = (IdSource::default(), AtomicU64::new(0), WorkerId(7));
        Self { dir, log, queue, catalog, ids, queues: 1, takes, worker }
    }

    /// Starts a relay between log and queue.
    pub(crate) fn relay(&self) -> Running {
        self.relay_on(self.log.clone())
    }

    /// Starts a relay that sees `log` in the place of the log.
    pub(crate) fn relay_on(&self, log: impl Log) -> Running {
        let stop = CancellationToken::new();
        let relay = Relay::new(log, self.queue.clone(), self.catalog.subscribe(), Arc::new(SystemClock));
        let standing = relay.standing();
        Running { task: tokio::spawn(relay.run(stop.clone())), stop, standing }
    }

    /// The catalog's next revision has these types.
    pub(crate) fn apply(&self, types: &[&str]) {
        let next = self.catalog.borrow().revision.0 + 1;
        self.catalog.send_replace(Arc::new(catalog(next, types)));
    }

    /// From the next revision on no more than so many jobs of a type may be pending.
    pub(crate) fn limit(&self, job_type: &str, max_pending: Option<u64>) {
        let mut next = Catalog::clone(&self.catalog.borrow());
        next.revision.0 += 1;
        let spec = next.types.get_mut(&job_type.parse::<JobType>().unwrap()).unwrap();
        spec.flow.max_pending = max_pending;
        self.catalog.send_replace(Arc::new(next));
    }

    /// An empty queue takes the place of the one there was.
    pub(crate) async fn wipe_queue(&mut self) {
        self.queue.replace(open_queue(&self.dir, self.queues).await);
        self.queues += 1;
    }

    /// An empty log takes the place of the one there was, as when somebody deletes its folder.
    pub(crate) fn lose_log(&mut self) {
        let config = LogConfig::new(self.dir.path().join("another-log"));
        self.log = EmbeddedLog::open(config, Arc::new(SystemClock)).unwrap();
    }

    /// Stores jobs in the log, over both partitions.
    pub(crate) async fn enqueue(&mut self, job_type: &str, jobs: usize) -> Vec<JobId> {
        self.enqueue_stamped(job_type, jobs, 1).await
    }

    /// Stores jobs accepted under this revision of the catalog.
    pub(crate) async fn enqueue_stamped(&mut self, job_type: &str, jobs: usize, revision: u64) -> Vec<JobId> {
        let (mut ids, mut records) = (Vec::new(), Vec::new());
        for number in 0..jobs {
            let partition = Partition(u32::try_from(number % 2).unwrap());
            let id = self.ids.next(SystemClock.now(), number as u64, Generation(0), partition);
            let job = job(id, job_type, revision);
            records.push(record(partition, encode_job(&job).unwrap()));
            ids.push(id);
        }
        self.log.append(records).await.unwrap();
        ids
    }

    /// Stores jobs in another generation of the queue, over both partitions.
    pub(crate) async fn enqueue_in(
        &mut self,
        generation: Generation,
        job_type: &str,
        jobs: usize,
    ) -> Vec<JobId> {
        let topic = Topic::queue(&"mail".parse().unwrap(), generation);
        let (mut ids, mut records) = (Vec::new(), Vec::new());
        for number in 0..jobs {
            let partition = Partition(u32::try_from(number % 2).unwrap());
            let id = self.ids.next(SystemClock.now(), number as u64, generation, partition);
            let value = encode_job(&job(id, job_type, 1)).unwrap();
            records.push(Append { topic: topic.clone(), ..record(partition, value) });
            ids.push(id);
        }
        self.log.append(records).await.unwrap();
        ids
    }

    /// Stores a dead job's record once more, as an operator does who redrives it.
    pub(crate) async fn redrive(&self, letter: &DeadLetter) {
        let job = letter.job.clone().unwrap();
        let job = Job { redrives: job.redrives + 1, ..job };
        self.log.append(vec![record(job.id.partition(), encode_job(&job).unwrap())]).await.unwrap();
    }

    /// Stores a copy of a parked job that stood there.
    pub(crate) async fn append_copy(&mut self, job_type: &str, origin: Position) {
        let id = self.ids.next(SystemClock.now(), 1, Generation(0), origin.partition);
        let place = TopicPartition::new(Topic::parked(&job_type.parse().unwrap()), origin.partition);
        let of = CopyOf { origin, attempts: Attempt(0), due_at: None };
        let value = encode_copy(&job(id, job_type, 1), &of).unwrap();
        let copy = Append { topic: place.topic, ..record(place.partition, value) };
        self.log.append(vec![copy]).await.unwrap();
    }

    /// Stores bytes that are no record.
    pub(crate) async fn append_garbage(&self, bytes: &'static [u8]) -> Position {
        let garbage = record(Partition(0), Bytes::from_static(bytes));
        self.log.append(vec![garbage]).await.unwrap().remove(0)
    }

    /// Takes up to `max` jobs, as a worker would.
    pub(crate) async fn take(&self, max: usize) -> Vec<Claim> {
        let types =
            self.catalog.borrow().types.keys().map(|name| (name.clone(), TypeOffer::default())).collect();
        let offer = Arc::new(Offer { revision: Revision(1), types, ..Offer::default() });
        let request = self.takes.fetch_add(1, Ordering::Relaxed);
        let lease = Duration::from_secs(600);
        self.queue.queue().take(Take { worker: self.worker, request, max, lease, offer }).await.unwrap()
    }

    /// Gives all of `claims` the same verdict, and expects that they count.
    pub(crate) async fn settle(&self, claims: Vec<Claim>, verdict: &Verdict) {
        let keep = Duration::from_secs(600);
        let record = || AttemptRecord { keep_result: keep, dedup_window: keep, ..AttemptRecord::default() };
        let settlements: Vec<_> =
            claims.into_iter().map(|claim| claim.settle(verdict.clone(), record())).collect();
        let answers = self.queue.queue().settle(settlements.into()).await.unwrap();
        assert!(answers.iter().all(|answer| *answer == Answer::Settled), "{answers:?}");
    }

    /// Takes and completes all there is, until so many jobs are done; their ids in order, for each partition.
    pub(crate) async fn work_off(&self, jobs: usize) -> [Vec<JobId>; 2] {
        let mut done = [const { Vec::new() }; 2];
        let all = async {
            while done.iter().map(Vec::len).sum::<usize>() < jobs {
                let claims = self.take(100).await;
                if claims.is_empty() {
                    self.queue.queue().ready(Duration::from_millis(50)).await;
                }
                for claim in &claims {
                    done[claim.job.id.partition().0 as usize].push(claim.job.id);
                }
                self.settle(claims, &complete()).await;
            }
        };
        tokio::time::timeout(DEADLINE, all).await.expect("all jobs come in time");
        done
    }

    /// How many records the topic of the type's parked jobs has had.
    pub(crate) async fn parked(&self, job_type: &str) -> u64 {
        let topic = Topic::parked(&job_type.parse().unwrap());
        let mut records = 0;
        for partition in 0..2 {
            let lane = TopicPartition::new(topic.clone(), Partition(partition));
            records += self.log.bounds(&lane).await.unwrap().next.0;
        }
        records
    }

    /// The counts of one type.
    pub(crate) async fn counts(&self, job_type: &str) -> Counts {
        let counts = self.queue.queue().counts().await.unwrap();
        counts.get(&job_type.parse::<JobType>().unwrap()).copied().unwrap_or_default()
    }

    /// What stands in the dead-letter topic, tombstones and overwritten letters included.
    pub(crate) async fn dead_records(&self) -> Vec<Stored> {
        let topic = TopicPartition::new(Topic::dead(), Partition(0));
        let first = self.log.bounds(&topic).await.unwrap().first;
        self.log.read(&topic, first, usize::MAX).await.unwrap()
    }

    /// Whether the log knows everything it holds for the queue as settled.
    pub(crate) async fn all_is_settled(&self) -> bool {
        self.floors_behind().await == 0
    }

    /// So many records, of all lanes of jobs, does the log not know to be settled.
    pub(crate) async fn unsettled(&self) -> u64 {
        let mut unsettled = 0;
        for lane in self.log.assigned().await.unwrap().iter().filter(|lane| !lane.topic.is_compacted()) {
            // Before the end: what is settled in between may be counted as unsettled, and never the other way round.
            let progress = self.log.committed(lane).await.unwrap();
            let end = self.log.bounds(lane).await.unwrap().next;
            let settled: u64 = progress.settled.iter().map(|range| range.end - range.start).sum();
            unsettled += end.0 - progress.floor.0 - settled;
        }
        unsettled
    }

    async fn floors_behind(&self) -> u64 {
        let mut unsettled = 0;
        for lane in self.log.assigned().await.unwrap().iter().filter(|lane| !lane.topic.is_compacted()) {
            // Before the end, behind which it would be found otherwise.
            let floor = self.log.committed(lane).await.unwrap().floor;
            unsettled += self.log.bounds(lane).await.unwrap().next.0 - floor.0;
        }
        unsettled
    }

    /// Whether the log knows so many records of the queue, parked copies left out, as settled.
    pub(crate) async fn is_settled(&self, records: u64) -> bool {
        let mut settled = 0;
        for partition in 0..2 {
            let progress = self.log.committed(&lane(partition)).await.unwrap();
            settled += progress.floor.0;
            settled += progress.settled.iter().map(|range| range.end - range.start).sum::<u64>();
        }
        settled >= records
    }
}

impl Running {
    /// Stops it in order and waits for its end.
    pub(crate) async fn drain(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.expect("the relay drains in time").unwrap();
    }

    /// Ends it as a crash would, and waits until the last of its lanes is gone: each of them tells how far it has come.
    pub(crate) async fn crash(mut self) {
        self.task.abort();
        assert!((&mut self.task).await.unwrap_err().is_cancelled());
        while self.standing.changed().await.is_ok() {}
    }

    /// Waits until it has come as far as `standing`.
    pub(crate) async fn reaches(&mut self, standing: Standing) {
        let reached = self.standing.wait_for(|now| *now >= standing);
        tokio::time::timeout(DEADLINE, reached).await.expect("the relay comes up in time").unwrap();
    }
}

/// Waits until `condition` holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let wait = async {
        let mut look_again = tokio::time::interval(Duration::from_millis(2));
        while !condition().await {
            look_again.tick().await;
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("it never came true that {what}"));
}

pub(crate) fn complete() -> Verdict {
    Verdict::Complete { output: Bytes::new() }
}

pub(crate) fn bury() -> Verdict {
    Verdict::Bury { failure: Failure::new(FailureCode::Rejected, "no such user") }
}

/// Waits until so many jobs of `email.welcome` are pending.
pub(crate) async fn pending(world: &World, jobs: u64) {
    eventually(&format!("{jobs} jobs are pending"), || async {
        world.counts("email.welcome").await.pending == jobs
    })
    .await;
}

pub(crate) fn lane(partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::queue(&"mail".parse().unwrap(), Generation(0)), Partition(partition))
}

fn record(partition: Partition, value: Bytes) -> Append {
    let durability = Durability::Quorum;
    Append { topic: lane(0).topic, partition, key: None, value: Some(value), durability }
}

async fn open_queue(dir: &TempDir, number: u32) -> EmbeddedQueue {
    let config = EmbeddedConfig::new(dir.path().join(format!("queue-{number}")));
    EmbeddedQueue::open(config, 1, Arc::new(SystemClock)).await.unwrap().0
}

fn job(id: JobId, job_type: &str, revision: u64) -> Job {
    Job {
        id,
        job_type: job_type.parse().unwrap(),
        payload: Bytes::from_static(b"{}"),
        accepted_at: SystemClock.now(),
        stamp: Stamp { revision: Revision(revision), path: Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

fn catalog(revision: u64, types: &[&str]) -> Catalog {
    let queue: wasmill_job::QueueName = "mail".parse().unwrap();
    let spec = TypeSpec {
        owner: None,
        queue: queue.clone(),
        path: Path::Log,
        mode: RouteMode::Live,
        handlers: Handlers::one("hello@1".parse().unwrap(), ModuleDigest::of(b"hello")),
        limits: Limits::default(),
        retry: RetryPolicy::default(),
        flow: Flow::default(),
        grants: wasmill_job::Grants::default(),
        keep_result: Duration::from_secs(3_600),
        dedup_window: Duration::from_secs(600),
    };
    let partitions = NonZeroU32::new(2).unwrap();
    Catalog {
        revision: Revision(revision),
        queues: [(queue, QueueSpec::of(GenerationSpec::main(Generation(0), partitions), Durability::Quorum))]
            .into(),
        types: types.iter().map(|name| (name.parse().unwrap(), spec.clone())).collect(),
        ..Catalog::default()
    }
}
