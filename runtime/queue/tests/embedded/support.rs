//! A log that is made up: the job at an offset is always the same, so that anybody can replay it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Clock, Generation, Job, JobId, JobType, Mode, Offset, Partition, Progress, Revision, Stamp, SystemClock,
    Topic, TopicPartition, UnixMs, Verdict,
};
use wasmill_queue::{
    AttemptRecord, Claim, EmbeddedConfig, EmbeddedQueue, Entry, NewJob, Offer, Opening, Push, Pushed, Queue,
    Settlement, Take, TypeOffer, WorkerId,
};

pub(crate) const LOG: u128 = 0x1234;

/// Names the folder a child works in.
const CHILD_DIR: &str = "WASMILL_QUEUE_TEST_DIR";

pub(crate) async fn open(folder: &Path) -> (EmbeddedQueue, Opening) {
    open_with(EmbeddedConfig::new(folder.join("queue"))).await
}

pub(crate) async fn open_with(config: EmbeddedConfig) -> (EmbeddedQueue, Opening) {
    open_by(config, Arc::new(SystemClock)).await
}

pub(crate) async fn open_by(config: EmbeddedConfig, clock: Arc<dyn Clock>) -> (EmbeddedQueue, Opening) {
    EmbeddedQueue::open(config, LOG, clock).await.unwrap()
}

pub(crate) fn lane() -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.embedded.1"), Partition(0))
}

pub(crate) fn job_type() -> JobType {
    JobType::try_from(Arc::<str>::from("embedded.test")).unwrap()
}

/// The id of the job at an offset.
pub(crate) fn id_at(offset: u64) -> JobId {
    JobId::derived(&job_type(), &offset.to_string(), Generation(1), Partition(0))
}

fn job_at(offset: u64, payload_bytes: usize) -> Job {
    Job {
        id: id_at(offset),
        job_type: job_type(),
        payload: Bytes::from(vec![offset as u8; payload_bytes]),
        accepted_at: UnixMs(offset),
        stamp: Stamp { revision: Revision(1), path: wasmill_job::Path::Log, mode: Mode::Live },
        priority: wasmill_job::Priority::Normal,
        idempotency_key: Some(offset.to_string()),
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

/// Resumes at nothing.
pub(crate) async fn resume(queue: &EmbeddedQueue) -> Offset {
    queue.resume(&lane(), &Progress::default()).await.unwrap()
}

/// The push of `count` jobs from `from` on.
pub(crate) fn push_of(from: Offset, count: u64, payload_bytes: usize) -> Push {
    let entries = (from.0..from.0 + count).map(|offset| Entry::Job {
        offset: Offset(offset),
        new: NewJob::new(job_at(offset, payload_bytes), Duration::from_secs(600)),
    });
    Push { lane: lane(), from, to: Offset(from.0 + count), passed: None, entries: entries.collect() }
}

/// Pushes `count` jobs from where the queue wants them.
pub(crate) async fn push(queue: &EmbeddedQueue, count: u64) {
    let from = resume(queue).await;
    let pushed = queue.push(push_of(from, count, 200)).await.unwrap();
    assert!(matches!(pushed, Pushed::Applied { .. }), "{pushed:?}");
}

/// A take that was never made before: each is of a worker of its own.
pub(crate) fn take_of(max: usize) -> Take {
    let types = [(job_type(), TypeOffer::default())].into();
    let offer = Arc::new(Offer { revision: Revision(1), types, ..Offer::default() });
    Take { worker: WorkerId(rand::random()), request: 1, max, lease: Duration::from_secs(60), offer }
}

pub(crate) async fn take(queue: &EmbeddedQueue, max: usize) -> Vec<Claim> {
    queue.take(take_of(max)).await.unwrap()
}

pub(crate) fn settled(claims: Vec<Claim>, verdict: &Verdict) -> Arc<[Settlement]> {
    let hour = Duration::from_secs(3600);
    let record = AttemptRecord { keep_result: hour, dedup_window: hour, ..AttemptRecord::default() };
    claims.into_iter().map(|claim| claim.settle(verdict.clone(), record.clone())).collect()
}

pub(crate) fn complete() -> Verdict {
    Verdict::Complete { output: Bytes::from_static(b"done") }
}

/// Takes and completes all there is; returns the offsets of the jobs.
pub(crate) async fn complete_all(queue: &EmbeddedQueue) -> Vec<u64> {
    let mut done = Vec::new();
    loop {
        let claims = take(queue, 256).await;
        if claims.is_empty() {
            return done;
        }
        done.extend(claims.iter().map(|claim| claim.job.accepted_at.0));
        queue.settle(settled(claims, &complete())).await.unwrap();
    }
}

/// The queue's own check finds nothing.
pub(crate) async fn assert_sound(queue: &EmbeddedQueue) {
    assert_eq!(queue.check().await.unwrap().faults, [""; 0]);
}

/// The test `name` of this binary, as a child working in `dir`.
pub(crate) fn child(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD_DIR, dir);
    command
}

/// Where this process works, if it is such a child.
pub(crate) fn child_dir() -> Option<PathBuf> {
    std::env::var_os(CHILD_DIR).map(PathBuf::from)
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
