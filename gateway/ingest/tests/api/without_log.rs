//! Jobs that go straight into the queue, because there is no log.

use serde_json::{Value, json};
use wasmill_job::{Path, Priority};
use wasmill_queue::{Offer, Queue, Take, TypeOffer, WorkerId};

use crate::world::World;

impl World {
    /// Takes everything of a type out of the queue, as a worker does.
    async fn taken(&self, job_type: &str) -> Vec<wasmill_job::Job> {
        let types = [(job_type.parse().unwrap(), TypeOffer::default())].into();
        let offer = Offer { types, ..Offer::default() };
        let lease = std::time::Duration::from_secs(60);
        let take = Take { worker: WorkerId(1), request: 1, max: 100, lease, offer: offer.into() };
        let claims = self.queue.take(take).await.unwrap();
        claims.into_iter().map(|claim| claim.job).collect()
    }
}

#[tokio::test]
async fn a_job_is_in_the_queue_when_it_is_answered() {
    let world = World::without_log(|_| ()).await;
    let body = "{\"type\":\"hello\",\"payload\":{ \"a\":1 },\"priority\":\"urgent\"}";
    let answer = world.post(body).await;
    let id = answer.id();
    assert_eq!(answer.json(), json!({"id": id, "stored": "redis"}));
    assert_eq!(world.queue_counts("hello").await.pending, 1);
    let shown = world.get(&format!("/v1/jobs/hello/{id}")).await.json();
    assert_eq!(shown["state"], "pending");
    let jobs = world.taken("hello").await;
    let [job] = &jobs[..] else { panic!("{jobs:?}") };
    assert_eq!((job.id.to_string(), job.stamp.path, job.priority), (id, Path::Queue, Priority::Urgent));
    assert_eq!(job.payload, "{ \"a\":1 }");
    assert!(world.records().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_repeat_with_a_key_is_the_same_job_and_says_so() {
    let world = World::without_log(|_| ()).await;
    let body = "{\"type\":\"hello\",\"idempotency_key\":\"k\"}";
    let id = world.post(body).await.id();
    assert_eq!(world.post(body).await.json(), json!({"id": id, "stored": "redis", "duplicate": true}));
    let lines = world.post_lines(body).await.lines();
    assert_eq!(lines, [json!({"line": 1, "id": id, "duplicate": true})]);
    assert_eq!(world.queue_counts("hello").await.pending, 1);
    world.end().await;
}

#[tokio::test]
async fn a_type_with_max_pending_is_refused_above_it_and_others_are_not() {
    let world = World::without_log(|_| ()).await;
    let seldom = "{\"type\":\"seldom\"}";
    world.post(seldom).await.id();
    let lines =
        world.post_lines([seldom, seldom, "{\"type\":\"hello\"}", "nonsense"].join("\n")).await.lines();
    assert!(lines[0]["id"].is_string() && lines[2]["id"].is_string(), "{lines:?}");
    assert_eq!(
        (&lines[1]["type"], &lines[1]["line"]),
        (&"urn:wasmill:problem:max-pending".into(), &2.into())
    );
    assert_eq!(lines[3]["type"], "urn:wasmill:problem:malformed-json");
    let answer = world.post(seldom).await;
    let problem = answer.problem(429, "max-pending");
    assert_eq!((&problem["job_type"], &problem["max_pending"]), (&"seldom".into(), &2.into()));
    assert!(answer.headers.contains_key("retry-after"));
    world.end().await;
}

#[tokio::test]
async fn a_full_queue_is_503_and_nothing_is_stored() {
    let world = World::without_log(|queue| queue.jobs_max = 1).await;
    world.post("{\"type\":\"hello\"}").await.id();
    let answer = world.post("{\"type\":\"hello\"}").await;
    let problem = answer.problem(503, "queue-full");
    assert!(problem["detail"].as_str().unwrap().contains("Nothing was stored"), "{problem}");
    assert!(answer.headers.contains_key("retry-after"));
    world.post_lines("{\"type\":\"hello\"}").await.problem(503, "queue-full");
    assert_eq!(world.queue_counts("hello").await.pending, 1);
    world.end().await;
}

#[tokio::test]
async fn a_closed_queue_is_503() {
    let world = World::without_log(|_| ()).await;
    world.queue.close().await;
    world.post("{\"type\":\"hello\"}").await.problem(503, "shutting-down");
    world.post_lines("{\"type\":\"hello\"}").await.problem(503, "shutting-down");
    world.end().await;
}

#[tokio::test]
async fn there_are_no_receipts() {
    let world = World::without_log(|_| ()).await;
    let id = world.post("{\"type\":\"hello\"}").await.id();
    let path = format!("/v1/jobs/hello/{id}?receipt=wasmill.q.default.1/0/0");
    world.get(&path).await.problem(400, "invalid-receipt");
    world.end().await;
}

#[tokio::test]
async fn a_cancellation_asks_the_queue() {
    let world = World::without_log(|_| ()).await;
    let id = world.post("{\"type\":\"hello\"}").await.id();
    let path = format!("/v1/jobs/hello/{id}");
    let answer = world.call("DELETE", &path, &[], "").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (202, &Value::from("cancelling")));
    assert_eq!(world.get(&path).await.json()["state"], "cancelled");
    let nobody = "/v1/jobs/hello/0190163d-8694-8001-8000-64c2f1a0b3d5";
    world.call("DELETE", nobody, &[], "").await.problem(404, "unknown-job");
    assert!(world.records().await.is_empty());
    world.end().await;
}
