//! What the tests are written in: a queue in a Redis of its own, a log to push from, a worker, and the check at the end.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_job::{
    Failure, FailureCode, Generation, IdSource, Job, JobId, JobType, Mode, Offset, Partition, Path, Priority,
    Progress, Revision, Stamp, Topic, TopicPartition, UnixMs, Verdict,
};
use wasmill_queue::{
    Answer, AttemptRecord, Checked, Claim, Counts, Enqueued, Entry, NewJob, Offer, Push, Pushed, Queue,
    RedisConfig, RedisQueue, RedisServers, RedisStart, RedisStartError, Settlement, ShardMemory, State,
    Swept, Take, TypeOffer, WorkerId,
};
use wasmill_tests::{Answer as Said, DEADLINE, Redis, until};

/// The lease of every take that does not say another.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// Longer than a test may take: what waits so long was not woken.
pub(crate) const NEVER: Duration = Duration::from_secs(3_600);

/// A queue in a Redis of its own, and what is pushed into it.
pub(crate) struct World {
    pub(crate) redis: Redis,
    pub(crate) queue: RedisQueue,
    shards: u16,
    ids: IdSource,
    requests: u64,
    /// The log: what was pushed, and what a replay pushes again.
    log: BTreeMap<TopicPartition, Vec<Job>>,
    /// What the clock shows when it is turned by hand.
    clock: Option<u64>,
}

impl World {
    /// One shard, the usual options.
    pub(crate) async fn fresh() -> Self {
        Self::with(&[], 1).await
    }

    /// Further options of the server, and so many shards.
    pub(crate) async fn with(options: &[(&str, &str)], shards: u16) -> Self {
        let redis = Redis::start_with(options).await;
        let queue = queue_at(redis.url(), shards);
        started(&queue).await;
        let (ids, log) = (IdSource::default(), BTreeMap::new());
        Self { redis, queue, shards, ids, requests: 0, log, clock: None }
    }

    /// Another process's queue: a connection of its own, which is made.
    pub(crate) async fn elsewhere(&self) -> RedisQueue {
        let queue = queue_at(self.redis.url(), self.shards);
        started(&queue).await;
        queue
    }

    /// Stops the clock of every shard, or turns it on by this much.
    pub(crate) async fn advance(&mut self, by: Duration) {
        let now = self.clock.unwrap_or(1_800_000_000_000) + u64::try_from(by.as_millis()).unwrap();
        self.clock = Some(now);
        for shard in 0..self.shards {
            self.redis.must(&["HSET", &core(shard), "clk", &now.to_string()]).await;
        }
    }

    /// What waits in a sorted set of the first shard, `z` for its due time or `l` for the end of its lease, waits no longer.
    pub(crate) async fn make_due(&self, set: &str) {
        const SCRIPT: &str = "#!lua flags=allow-oom\n\
            for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 0, key) end";
        self.redis.must(&["EVAL", SCRIPT, "1", &format!("{{wasmill:0}}:{set}")]).await;
    }

    /// A job of partition 0 that comes once.
    pub(crate) fn job(&mut self, job_type: &str) -> Job {
        self.job_in(job_type, Partition(0), 100)
    }

    /// A job of a partition, with a payload of so many bytes.
    pub(crate) fn job_in(&mut self, job_type: &str, partition: Partition, bytes: usize) -> Job {
        let id = self.ids.next(UnixMs(1_799_999_999_000), 7, Generation(1), partition);
        made(id, job_type, bytes)
    }

    pub(crate) fn jobs(&mut self, job_type: &str, count: usize) -> Vec<Job> {
        (0..count).map(|_| self.job(job_type)).collect()
    }

    /// The offset behind the last job of a lane's log.
    pub(crate) fn end(&self, lane: &TopicPartition) -> Offset {
        Offset(self.log.get(lane).map_or(0, |log| log.len() as u64))
    }

    /// What the log holds of a lane.
    pub(crate) fn logged(&self, lane: &TopicPartition) -> &[Job] {
        self.log.get(lane).map(Vec::as_slice).unwrap_or_default()
    }

    /// The push of a piece of the log.
    pub(crate) fn piece(&self, lane: &TopicPartition, from: Offset, to: Offset) -> Push {
        let jobs = self.logged(lane)[from.0 as usize..to.0 as usize].iter().cloned().zip(from.0..);
        let entry = |(job, offset)| Entry::Job { offset: Offset(offset), new: new_job(job) };
        Push { lane: lane.clone(), from, to, passed: None, entries: jobs.map(entry).collect() }
    }

    /// Appends jobs to the log of a lane, for a push that is yet to come.
    pub(crate) fn append(&mut self, lane: &TopicPartition, jobs: Vec<Job>) -> Push {
        let from = self.end(lane);
        self.log.entry(lane.clone()).or_default().extend(jobs);
        self.piece(lane, from, self.end(lane))
    }

    /// Appends jobs to the first lane's log and pushes them; they must be taken in.
    pub(crate) async fn push(&mut self, jobs: Vec<Job>) {
        let push = self.append(&lane(0), jobs);
        if push.from == Offset(0) {
            self.queue.resume(&push.lane, &Progress::default()).await.unwrap();
        }
        assert_eq!(self.queue.push(push).await.unwrap(), Pushed::whole());
    }

    /// What a relay does when it is told that the queue wants another offset, or does not know the lane.
    pub(crate) async fn replay(&mut self, lane: &TopicPartition) -> Offset {
        let wanted = self.queue.resume(lane, &Progress::default()).await.unwrap();
        let push = self.piece(lane, wanted, self.end(lane));
        assert!(matches!(self.queue.push(push).await.unwrap(), Pushed::Applied { .. }));
        wanted
    }

    /// Worker 1's next request for jobs of the types `a`, `b` and `c`.
    pub(crate) fn request(&mut self, max: usize) -> Take {
        self.request_of(1, max, &["a", "b", "c"])
    }

    pub(crate) fn request_of(&mut self, worker: u64, max: usize, types: &[&str]) -> Take {
        self.requests += 1;
        Take { worker: WorkerId(worker), request: self.requests, max, lease: LEASE, offer: offer(types) }
    }

    pub(crate) async fn take(&mut self, max: usize) -> Vec<Claim> {
        let take = self.request(max);
        self.queue.take(take).await.unwrap()
    }

    pub(crate) async fn counts(&self, job_type: &str) -> Counts {
        self.queue.counts().await.unwrap().get(&name(job_type)).copied().unwrap_or_default()
    }

    pub(crate) async fn state(&self, job: &Job) -> Option<State> {
        self.queue.job(job.id).await.unwrap().map(|view| view.state)
    }

    /// Takes and completes what there is, and whatever time brings back, until nothing is left; how many.
    pub(crate) async fn drain(&mut self) -> usize {
        let mut done = 0;
        let end = tokio::time::Instant::now() + DEADLINE;
        loop {
            let claims = self.take(100).await;
            let answers = settle(&self.queue, claims, complete).await;
            done += answers.iter().filter(|answer| **answer == Answer::Settled).count();
            self.queue.sweep(1_000).await.unwrap();
            if answers.is_empty() && live(&self.queue.counts().await.unwrap()) == 0 {
                return done;
            }
            assert!(tokio::time::Instant::now() < end, "jobs are left that nobody gets");
        }
    }

    /// Takes and completes what there is of these types; all of it is pending.
    pub(crate) async fn drain_all(&mut self, offer: &Arc<Offer>) {
        while live(&self.queue.counts().await.unwrap()) > 0 {
            self.requests += 1;
            let (worker, request, max, lease) = (WorkerId(99), self.requests, 1_000, LEASE);
            let take = Take { worker, request, max, lease, offer: Arc::clone(offer) };
            let claims = self.queue.take(take).await.unwrap();
            assert!(!claims.is_empty(), "jobs are left that nobody gets");
            settle(&self.queue, claims, complete).await;
        }
    }

    /// The queue's own check finds nothing, and what it looked at is what is counted.
    pub(crate) async fn check(&self) {
        check(&self.queue).await;
    }

    /// Waits until a server that was started again has been looked at, and what was wrong put right.
    pub(crate) async fn mended(&self) {
        until("what was loaded is mended", DEADLINE, || async {
            // A sweep begins it.
            self.queue.sweep(1).await.ok()?;
            for shard in 0..self.shards {
                if self.redis.must(&["HEXISTS", &core(shard), "mend"]).await != Said::Integer(0) {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    pub(crate) async fn used(&self) -> u64 {
        self.redis.info("used_memory").await.parse().unwrap()
    }
}

/// Starts a queue whose servers are good. One that takes its time to answer is asked again.
pub(crate) async fn started(queue: &RedisQueue) -> RedisStart {
    until("the queue starts", DEADLINE, || async {
        match queue.start().await {
            Err(RedisStartError::Unavailable(_)) => None,
            start => Some(start.unwrap()).filter(|start| start.missing.is_empty()),
        }
    })
    .await
}

/// What the shards say of their memory, once each has said it.
pub(crate) async fn memory(queue: &RedisQueue) -> Vec<ShardMemory> {
    until("each shard tells its memory", DEADLINE, || async {
        let memory = queue.memory().await.unwrap();
        memory.iter().all(|shard| !shard.is_away).then_some(memory)
    })
    .await
}

/// The queue's own check finds nothing, and what it looked at is what is counted.
pub(crate) async fn check(queue: &RedisQueue) {
    while queue.sweep(1_000).await.unwrap() != Swept::default() {}
    let Checked { jobs, faults } = queue.check().await.unwrap();
    assert_eq!(faults, [""; 0]);
    assert_eq!(jobs, live(&queue.counts().await.unwrap()));
}

/// Jobs that are not done.
pub(crate) fn live(counts: &BTreeMap<JobType, Counts>) -> u64 {
    counts.values().map(|counts| counts.pending + counts.scheduled + counts.in_flight).sum()
}

/// Asks until the queue answers: after a fault a call may fail.
pub(crate) async fn again<T, F, A>(what: &str, mut ask: F) -> T
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, wasmill_queue::QueueError>>,
{
    until(what, DEADLINE, || {
        let asked = ask();
        async move { asked.await.ok() }
    })
    .await
}

/// A queue at an address. Each is like a process of its own.
pub(crate) fn queue_at(url: String, shards: u16) -> RedisQueue {
    let shards = NonZeroU16::new(shards).unwrap();
    let main = RedisServers { servers: vec![url], shards };
    RedisQueue::new(&RedisConfig { main, ..RedisConfig::new("") }).unwrap()
}

/// The key of a shard's core.
pub(crate) fn core(shard: u16) -> String {
    format!("{{wasmill:{shard}}}:c")
}

pub(crate) fn lane(partition: u32) -> TopicPartition {
    TopicPartition::new(Topic::from("wasmill.q.redis.1"), Partition(partition))
}

pub(crate) fn name(job_type: &str) -> JobType {
    job_type.parse().unwrap()
}

pub(crate) fn offer(types: &[&str]) -> Arc<Offer> {
    let types = types.iter().map(|of| (name(of), TypeOffer::default())).collect();
    Arc::new(Offer { revision: Revision(1), types, ..Offer::default() })
}

pub(crate) fn new_job(job: Job) -> NewJob {
    NewJob::new(job, Duration::from_secs(600))
}

pub(crate) fn new_jobs(jobs: Vec<Job>) -> Vec<NewJob> {
    jobs.into_iter().map(new_job).collect()
}

/// A job with an idempotency key.
pub(crate) fn keyed(job_type: &str, key: &str) -> Job {
    let job = made(JobId::derived(&name(job_type), key, Generation(1), Partition(0)), job_type, 100);
    Job { idempotency_key: Some(key.to_owned()), ..job }
}

pub(crate) fn made(id: JobId, job_type: &str, bytes: usize) -> Job {
    Job {
        id,
        job_type: name(job_type),
        payload: Bytes::from(vec![b'x'; bytes]),
        accepted_at: UnixMs(1_799_999_999_000),
        stamp: Stamp { revision: Revision(1), path: Path::Log, mode: Mode::Live },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}

/// Enqueues jobs that must all be taken in.
pub(crate) async fn enqueue(queue: &RedisQueue, jobs: Vec<Job>) {
    let count = jobs.len();
    let enqueued = queue.enqueue(new_jobs(jobs)).await.unwrap();
    assert_eq!(enqueued, Enqueued::Done(vec![wasmill_queue::Admission::Accepted; count]));
}

/// Settlements of claims, all with one verdict.
pub(crate) fn settlements(claims: Vec<Claim>, verdict: impl Fn() -> Verdict) -> Arc<[Settlement]> {
    let record = || AttemptRecord {
        keep_result: Duration::from_secs(3_600),
        dedup_window: Duration::from_secs(600),
        ..AttemptRecord::default()
    };
    claims.into_iter().map(|claim| claim.settle(verdict(), record())).collect()
}

pub(crate) async fn settle(
    queue: &RedisQueue,
    claims: Vec<Claim>,
    verdict: impl Fn() -> Verdict,
) -> Vec<Answer> {
    queue.settle(settlements(claims, verdict)).await.unwrap()
}

pub(crate) fn complete() -> Verdict {
    Verdict::Complete { output: Bytes::from_static(b"output") }
}

pub(crate) fn retry() -> Verdict {
    Verdict::Retry { pause: Duration::from_millis(10), failure: failure() }
}

pub(crate) fn bury() -> Verdict {
    Verdict::Bury { failure: failure() }
}

pub(crate) fn failure() -> Failure {
    Failure::new(FailureCode::Rejected, "it is no good")
}

/// The error that Redis answered.
pub(crate) fn error_of(said: Said) -> String {
    match said {
        Said::Error(error) => error,
        other => panic!("no error but {other:?}"),
    }
}
