//! A mill without a log: what the admin API does then happens in the queue.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use wasmill_job::{
    Failure, FailureCode, IdSource, Job, JobId, Mode, Partition, Path, Priority, Revision, Stamp, UnixMs,
    Verdict,
};
use wasmill_queue::{Admission, AttemptRecord, Enqueued, NewJob, Offer, Queue, Take, TypeOffer, WorkerId};

use crate::world::World;

impl World {
    /// Puts jobs of the type `hello` into the queue, as a gateway without a log does.
    pub(crate) async fn enqueue(&self, count: usize) -> Vec<JobId> {
        let catalog = self.catalog.current();
        let generation = catalog.queues[&"default".parse().unwrap()].current.generation;
        let mut ids = IdSource::default();
        let mut job = |index: usize| Job {
            id: ids.next(UnixMs(1_000 + index as u64), 0, generation, Partition(0)),
            job_type: "hello".parse().unwrap(),
            payload: Bytes::from(format!("<{index}>")),
            accepted_at: UnixMs(1_000),
            stamp: Stamp { revision: Revision(1), path: Path::Queue, mode: Mode::Live },
            priority: Priority::Normal,
            idempotency_key: None,
            traceparent: None,
            redrives: 0,
            run_at: None,
            unknown: serde_json::Map::new(),
        };
        let dedup_window = Duration::from_secs(600);
        let jobs: Vec<_> = (0..count).map(|index| NewJob::new(job(index), dedup_window)).collect();
        let ids = jobs.iter().map(|new| new.job.id).collect();
        let enqueued = self.queue.enqueue(jobs).await.unwrap();
        assert_eq!(enqueued, Enqueued::Done(vec![Admission::Accepted; count]));
        ids
    }

    /// Takes what is pending of the type `hello`, at most `max`, and ends it like this.
    pub(crate) async fn settle(&self, max: usize, verdict: &Verdict) -> Vec<Job> {
        let types = [("hello".parse().unwrap(), TypeOffer::default())].into();
        let offer = Arc::new(Offer { types, ..Offer::default() });
        let take =
            Take { worker: WorkerId(rand_worker()), request: 1, max, lease: Duration::from_secs(60), offer };
        let claims = self.queue.take(take).await.unwrap();
        let jobs = claims.iter().map(|claim| claim.job.clone()).collect();
        let record = AttemptRecord { keep_result: Duration::from_secs(60), ..AttemptRecord::default() };
        let settlements: Vec<_> =
            claims.into_iter().map(|claim| claim.settle(verdict.clone(), record.clone())).collect();
        self.queue.settle(settlements.into()).await.unwrap();
        jobs
    }
}

/// A worker that has not asked before.
fn rand_worker() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn bury() -> Verdict {
    Verdict::Bury { failure: Failure::new(FailureCode::Rejected, "no") }
}

#[tokio::test]
async fn the_catalog_sends_jobs_to_the_queue() {
    let world = World::without_log().await;
    let catalog = world.get("/v1/catalog").await.json();
    assert_eq!(catalog["types"][0]["path"], "queue");
    let limited =
        "[type.hello]\nhandlers = [{ module = \"hello@1.0.0\" }]\nflow = { rate = \"5/m\", max_pending = 9 }";
    assert_eq!(world.apply(limited, &[]).await.status, 200);
    let hello = &world.get("/v1/catalog").await.json()["types"][0];
    assert_eq!(hello["rate"], json!({"jobs": 5, "per_ms": 60_000}));
    assert_eq!((&hello["weight"], &hello["max_pending"]), (&1.into(), &9.into()));
    let log = "[type.hello]\npath = \"log\"\nhandlers = [{ module = \"hello@1.0.0\" }]";
    world.apply(log, &[]).await.problem(422, "catalog-invalid");
    world.end().await;
}

#[tokio::test]
async fn dead_jobs_are_redriven_in_the_queue() {
    let world = World::without_log().await;
    world.enqueue(250).await;
    let dead = world.settle(250, &bury()).await;
    assert_eq!(dead.len(), 250);
    let id = dead[7].id.to_string();
    let expected = json!({"redriven": 1, "waiting": 0, "refused": 0, "refusals": [], "unknown": ["nobody"]});
    let answer = world.post("/v1/dead/redrive", &json!({"ids": [id, "nobody"]})).await;
    assert_eq!(answer.json(), expected);
    let again = world.settle(10, &Verdict::Complete { output: Bytes::new() }).await;
    let [job] = &again[..] else { panic!("{again:?}") };
    assert_eq!((job.id, job.redrives, job.stamp.path), (dead[7].id, 1, Path::Queue));
    let answer = world.post("/v1/dead/redrive", &json!({"all": true})).await.json();
    assert_eq!((&answer["redriven"], &answer["refused"]), (&249.into(), &0.into()), "{answer}");
    let status = world.get("/v1/status").await.json();
    assert_eq!((&status["unsettled_records"], &status["types"][0]["dead"]), (&249.into(), &0.into()));
    assert!(world.jobs().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn dead_letters_are_purged_in_the_queue() {
    let world = World::without_log().await;
    world.enqueue(250).await;
    let dead = world.settle(250, &bury()).await;
    let by_id = json!({"ids": [dead[3].id.to_string(), "nobody"], "confirm": true});
    let answer = world.post("/v1/dead/purge", &by_id).await.json();
    assert_eq!(answer, json!({"purged": 1, "waiting": 0, "unknown": ["nobody"]}));
    let answer = world.post("/v1/dead/purge", &json!({"all": true, "confirm": true})).await.json();
    assert_eq!(answer["purged"], 249);
    assert_eq!(world.get("/v1/dead").await.json(), json!({"letters": []}));
    assert_eq!(world.get("/v1/status").await.json()["unsettled_records"], 0);
    world.end().await;
}
