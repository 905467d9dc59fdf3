//! The queue in Redis through its port, without gateway, worker and sandbox: what a job's life costs beside the bare
//! scripts of the same run, what it takes of memory, and whether a backlog or many types slow it down.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinSet;
use wasmill_job::wire::encode_job;
use wasmill_job::{
    Generation, IdSource, Job, JobType, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs, Verdict,
};
use wasmill_queue::{
    AttemptRecord, Claim, Enqueued, NewJob, Offer, Queue, RedisConfig, RedisQueue, Take, TypeOffer, WorkerId,
};
use wasmill_tests::Redis;

/// Callers at once, as with the bare scripts.
const CALLERS: u64 = 4;
const JOBS: usize = 200_000;
const PUSH: usize = 500;

/// A queue in a Redis of its own.
struct Bench {
    redis: Redis,
    queue: RedisQueue,
    ids: IdSource,
    offer: Arc<Offer>,
    types: Vec<JobType>,
    requests: Arc<AtomicU64>,
    envelope_bytes: u64,
}

impl Bench {
    async fn with_types(count: usize) -> Self {
        let redis = Redis::start().await;
        let queue = RedisQueue::new(&RedisConfig::new(redis.url())).unwrap();
        let types: Vec<JobType> =
            (0..count).map(|number| format!("bench.{number}").parse().unwrap()).collect();
        let offered: BTreeMap<_, _> = types.iter().map(|name| (name.clone(), TypeOffer::default())).collect();
        let offer = Arc::new(Offer { revision: Revision(1), types: offered, ..Offer::default() });
        let requests = Arc::new(AtomicU64::new(1));
        Self { redis, queue, ids: IdSource::default(), offer, types, requests, envelope_bytes: 0 }
    }

    fn job(&mut self, number: usize) -> NewJob {
        let id = self.ids.next(UnixMs(1_790_000_000_000), 7, Generation(1), Partition(0));
        let job = Job {
            id,
            job_type: self.types[number % self.types.len()].clone(),
            payload: Bytes::from(vec![b'x'; 200]),
            accepted_at: UnixMs(1_790_000_000_000),
            stamp: Stamp { revision: Revision(1), path: Path::Queue, mode: Mode::Live },
            priority: Priority::Normal,
            idempotency_key: None,
            traceparent: None,
            redrives: 0,
            run_at: None,
            unknown: serde_json::Map::new(),
        };
        NewJob::new(job, Duration::from_secs(600))
    }

    /// Enqueues `count` jobs in batches; jobs per second.
    async fn fill(&mut self, count: usize) -> f64 {
        let batches: Vec<Vec<NewJob>> = (0..count)
            .step_by(PUSH)
            .map(|first| (first..count.min(first + PUSH)).map(|number| self.job(number)).collect())
            .collect();
        let bytes = |new: &NewJob| encode_job(&new.job).unwrap().len() as u64;
        self.envelope_bytes += batches.iter().flatten().map(bytes).sum::<u64>();
        let began = Instant::now();
        for batch in batches {
            assert!(matches!(self.queue.enqueue(batch).await.unwrap(), Enqueued::Done(_)));
        }
        count as f64 / began.elapsed().as_secs_f64()
    }

    /// Takes and completes `count` jobs in batches of `batch`; jobs per second.
    async fn drain(&self, count: usize, batch: usize) -> f64 {
        let began = Instant::now();
        let left = Arc::new(std::sync::Mutex::new(count));
        let mut callers = JoinSet::new();
        for worker in 1..=CALLERS {
            let (queue, offer) = (self.queue.clone(), Arc::clone(&self.offer));
            let (requests, left) = (Arc::clone(&self.requests), Arc::clone(&left));
            callers.spawn(async move {
                loop {
                    let max = {
                        let mut left = left.lock().unwrap();
                        let max = batch.min(*left);
                        *left -= max;
                        max
                    };
                    if max == 0 {
                        return;
                    }
                    let request = requests.fetch_add(1, Ordering::Relaxed);
                    let claims = queue.take(take(worker, request, max, &offer)).await.unwrap();
                    assert_eq!(claims.len(), max);
                    complete(&queue, claims).await;
                }
            });
        }
        callers.join_all().await;
        count as f64 / began.elapsed().as_secs_f64()
    }

    async fn used(&self) -> u64 {
        self.redis.info("used_memory").await.parse().unwrap()
    }
}

fn take(worker: u64, request: u64, max: usize, offer: &Arc<Offer>) -> Take {
    let lease = Duration::from_secs(300);
    Take { worker: WorkerId(worker), request, max, lease, offer: Arc::clone(offer) }
}

async fn complete(queue: &RedisQueue, claims: Vec<Claim>) {
    let record = || AttemptRecord {
        keep_result: Duration::from_secs(3600),
        dedup_window: Duration::from_secs(600),
        ..AttemptRecord::default()
    };
    let done = |claim: Claim| claim.settle(Verdict::Complete { output: Bytes::new() }, record());
    queue.settle(claims.into_iter().map(done).collect()).await.unwrap();
}

/// Measures and prints all of it.
pub(crate) async fn print_all() {
    life().await;
    memory().await;
    growth().await;
}

fn row(what: &str, figure: &str) {
    println!("{what:<72} {figure}");
}

async fn life() {
    for batch in [1, 10, 100, 500] {
        let mut bench = Bench::with_types(1).await;
        let jobs = if batch == 1 { JOBS / 10 } else { JOBS };
        let enqueued = bench.fill(jobs).await;
        let drained = bench.drain(jobs, batch).await;
        let calls = bench.redis.calls().await;
        let round_trips = calls.get("evalsha").copied().unwrap_or_default() as f64 / jobs as f64;
        let inside: u64 = calls.iter().filter(|(name, _)| *name != "evalsha").map(|(_, calls)| calls).sum();
        let figure = format!(
            "enqueue {enqueued:>9.0} jobs/s, drain {drained:>9.0} jobs/s, {:.2} commands/job in scripts, {round_trips:.3} \
             round trips/job",
            inside as f64 / jobs as f64
        );
        row(
            &format!("queue in Redis, whole life, batches of {PUSH} in and {batch} out, results kept"),
            &figure,
        );
    }
}

async fn memory() {
    let mut bench = Bench::with_types(1).await;
    bench.fill(1_000).await;
    let (before, bytes) = (bench.used().await, bench.envelope_bytes);
    bench.fill(JOBS).await;
    let (pending, envelopes) = (bench.used().await, bench.envelope_bytes - bytes);
    let each = |used: u64| (used - before).saturating_sub(envelopes) as f64 / JOBS as f64;
    row(
        &format!("memory of a pending job beyond its envelope of {} bytes", envelopes / JOBS as u64),
        &format!("{:.0} bytes", each(pending)),
    );
    // The cap of jobs in flight is 65,536.
    const HELD: usize = 60_000;
    for request in 0..HELD / 500 {
        let claims = bench.queue.take(take(9, 1 + request as u64, 500, &bench.offer)).await.unwrap();
        claims.into_iter().for_each(drop_claim);
    }
    let in_flight = bench.used().await;
    let more = (in_flight as f64 - pending as f64) / HELD as f64;
    row("memory of a job in flight beyond its envelope", &format!("{:.0} bytes", each(pending) + more));
}

/// The bench ends with these jobs in flight.
fn drop_claim(claim: Claim) {
    drop(claim);
}

async fn growth() {
    const LOOK: usize = 10_000;
    let mut bench = Bench::with_types(1).await;
    bench.fill(LOOK).await;
    let small = bench.drain(LOOK, 100).await;
    bench.fill(1_000_000).await;
    let large = bench.drain(LOOK, 100).await;
    row("drain of 10,000 pending jobs", &format!("{small:.0} jobs/s"));
    row(
        "drain of 10,000 of 1,000,000 pending jobs",
        &format!("{large:.0} jobs/s ({:.2} of that)", large / small),
    );
    let mut bench = Bench::with_types(1_000).await;
    bench.fill(LOOK * 4).await;
    bench.drain(LOOK, 100).await;
    let types = bench.drain(LOOK, 100).await;
    row(
        "drain of 10,000 jobs of 1,000 types",
        &format!("{types:.0} jobs/s ({:.2} of one type's)", types / small),
    );
}
