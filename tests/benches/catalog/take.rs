//! How long a take of one job lasts, from a queue in Redis, by a worker that offers one job type and by one that offers 5,000;
//! beside a bare PING of the same server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmill_job::{
    Generation, IdSource, Job, JobId, JobType, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs,
    Verdict,
};
use wasmill_queue::{
    AttemptRecord, NewJob, Offer, Queue, RedisConfig, RedisQueue, Take, TypeOffer, WorkerId,
};
use wasmill_tests::Redis;

use crate::figures::{percentiles, print};

const TAKES: u64 = 5_000;

pub(crate) async fn measure() {
    for types in [1, 5_000] {
        // Each on a server of its own, so that neither knows the other's types.
        let redis = Redis::start().await;
        let queue = RedisQueue::new(&RedisConfig::new(redis.url())).unwrap();
        let taken = takes(&queue, types).await;
        print(&format!("a take of one job, {types} job types offered"), &percentiles(taken));
        if types == 1 {
            print("a bare PING of the same server", &percentiles(pings(&redis).await));
        }
        queue.close().await;
    }
}

async fn takes(queue: &RedisQueue, types: usize) -> Vec<Duration> {
    let name = |number: usize| format!("kind.{number}").parse::<JobType>().unwrap();
    let offered = (0..types).map(|number| (name(number), TypeOffer::default())).collect();
    let offer = Arc::new(Offer { revision: Revision(1), types: offered, ..Offer::default() });
    let mut ids = IdSource::default();
    let mut samples = Vec::new();
    for request in 1..=TAKES {
        let now = UnixMs(1_800_000_000_000 + request);
        let job_type = name(request as usize % types);
        let job = job(ids.next(now, request, Generation(1), Partition(0)), job_type, now);
        let new = NewJob::new(job, Duration::ZERO);
        queue.enqueue(vec![new]).await.unwrap();
        let lease = Duration::from_secs(30);
        let take = Take { worker: WorkerId(7), request, max: 1, lease, offer: Arc::clone(&offer) };
        let began = Instant::now();
        let mut claims = queue.take(take).await.unwrap();
        samples.push(began.elapsed());
        let done = Verdict::Complete { output: Bytes::new() };
        let settlement = claims.remove(0).settle(done, AttemptRecord::default());
        queue.settle(vec![settlement].into()).await.unwrap();
    }
    samples
}

async fn pings(redis: &Redis) -> Vec<Duration> {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut samples = Vec::new();
    for _ in 0..TAKES {
        let began = Instant::now();
        let _: String = redis::cmd("PING").query_async(&mut connection).await.unwrap();
        samples.push(began.elapsed());
    }
    samples
}

fn job(id: JobId, job_type: JobType, accepted_at: UnixMs) -> Job {
    Job {
        id,
        job_type,
        payload: Bytes::from_static(&[b'x'; 200]),
        accepted_at,
        stamp: Stamp { revision: Revision(1), path: Path::Queue, mode: Mode::Live },
        priority: Priority::Normal,
        idempotency_key: None,
        traceparent: None,
        redrives: 0,
        run_at: None,
        unknown: serde_json::Map::new(),
    }
}
