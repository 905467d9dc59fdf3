//! A queue whose layout changes: what its generations hold is shown, and one that is drained is retired.

use bytes::Bytes;
use serde_json::{Value, json};
use wasmill_job::{IdSource, Job, Partition, Verdict};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::world::{Answer, World, job_record};

/// Such as `[[1, "draining", 4, 0, 0, 0, 0, 0]]`: number, state, partitions, and what it holds.
fn rows(queue: &Value) -> Value {
    let fields =
        ["generation", "state", "partitions", "unsettled", "pending", "scheduled", "in_flight", "parked"];
    let row = |row: &Value| fields.iter().map(|field| row[*field].clone()).collect::<Vec<_>>();
    queue["generations"].as_array().unwrap().iter().map(row).collect()
}

impl World {
    async fn queue(&self) -> Value {
        self.get("/v1/catalog/queues/default").await.json()
    }

    async fn divide(&self, partitions: u32) {
        let applied = self.apply(&format!("[queue.default]\npartitions = {partitions}"), &[]).await;
        assert_eq!(applied.status, 200, "{:?}", applied.body);
    }

    async fn retire(&self, generation: &str, headers: &[(&str, &str)]) -> Answer {
        let path = format!("/v1/catalog/queues/default/generations/{generation}");
        self.call("DELETE", &path, headers, "").await
    }

    /// Stores jobs in the current generation, and carries them to the queue.
    async fn accept(&self, count: usize) -> Vec<Job> {
        let mut ids = IdSource::default();
        let partition = Partition(1);
        let jobs: Vec<_> = (0..count).map(|index| self.job(&mut ids, index, partition)).collect();
        let topic = self.lane(partition).topic;
        self.log.append(jobs.iter().map(|job| job_record(topic.clone(), job)).collect()).await.unwrap();
        self.relay().await;
        jobs
    }
}

#[tokio::test]
async fn a_generation_is_retired_when_it_is_drained() {
    let world = World::with_hello().await;
    world.accept(2).await;
    world.divide(8).await;
    let shown = world.queue().await;
    assert_eq!(rows(&shown), json!([[1, "draining", 4, 2, 2, 0, 0, 0], [2, "current", 8, 0, 0, 0, 0, 0]]));
    assert_eq!(
        (&shown["partitions"], &shown["generation"], &shown["redis"]),
        (&8.into(), &2.into(), &"main".into())
    );
    let listed = &world.get("/v1/catalog").await.json()["queues"][0];
    assert_eq!(listed["draining"], json!([{"generation": 1, "partitions": 4, "redis": "main"}]));

    let page = world.page_that_says("/console/queues", "<td class=\"n\">2</td></tr>").await;
    assert!(page.contains("Draining") && page.contains("wasmill queues show default"), "{page}");

    let held = world.retire("1", &[]).await.problem(409, "in-use");
    let expected = "Generation 1 of queue `default` is not drained: 2 records of its topic are unsettled, and of its jobs 2 are \
                    pending, 0 scheduled, 0 in flight and 0 parked.";
    assert!(held["detail"].as_str().unwrap().starts_with(expected), "{held}");
    let current = world.retire("2", &[]).await.problem(409, "in-use");
    assert!(current["detail"].as_str().unwrap().contains("the one that its new jobs go to"), "{current}");
    world.retire("9", &[]).await.problem(404, "unknown-entry");
    world.retire("first", &[]).await.problem(400, "invalid-field");

    assert_eq!(world.settle(10, &complete()).await.len(), 2);
    assert_eq!(rows(&world.queue().await)[0], json!([1, "draining", 4, 0, 0, 0, 0, 0]));
    world.retire("1", &[("if-match", "\"1\"")]).await.problem(412, "revision-moved");
    let retired = world.retire("1", &[("if-match", "\"2\"")]).await;
    assert_eq!((retired.status.as_u16(), &retired.json()["revision"]), (200, &3.into()));
    assert_eq!(rows(&world.queue().await), json!([[2, "current", 8, 0, 0, 0, 0, 0]]));
    // Its number does not come again.
    world.divide(4).await;
    assert_eq!(world.queue().await["generation"], 3);
    world.get("/v1/catalog/queues/nobody").await.problem(404, "unknown-entry");
    world.end().await;
}

#[tokio::test]
async fn a_queue_goes_only_when_its_older_generations_are_drained() {
    let world = World::with_hello().await;
    world.accept(1).await;
    world.divide(8).await;
    let off = "[type.hello]\nmode = \"off\"\nhandlers = [{ module = \"hello@1.0.0\" }]";
    assert_eq!(world.apply(off, &[]).await.status, 200);
    let delete = |path: &'static str| world.call("DELETE", path, &[], "");
    delete("/v1/catalog/types/hello").await.problem(409, "in-use");
    assert_eq!(world.settle(10, &complete()).await.len(), 1);
    assert_eq!(delete("/v1/catalog/types/hello").await.status, 200);
    // A record of a job whose type has gone meanwhile.
    let old = wasmill_job::Topic::from("wasmill.q.default.1");
    let job = world.job(&mut IdSource::default(), 7, Partition(0));
    world.log.append(vec![job_record(old, &job)]).await.unwrap();
    let held = delete("/v1/catalog/queues/default").await.problem(409, "in-use");
    assert!(held["detail"].as_str().unwrap().contains("1 records of its topic are unsettled"), "{held}");
    // Going back to before there was the queue is no way around it.
    let back = json!({"revision": 0});
    world.post("/v1/catalog/rollback", &back).await.problem(409, "in-use");
    world.end().await;
}

#[tokio::test]
async fn a_letter_of_an_older_generation_goes_round_in_the_current_one_and_once() {
    let world = World::with_hello().await;
    let before = world.bury(3).await;
    world.divide(8).await;
    let all = json!({"all": true});
    for _ in 0..2 {
        // The second time the letters are still shown: their ends are not relayed yet.
        let answer = world.post("/v1/dead/redrive", &all).await.json();
        assert_eq!((&answer["redriven"], &answer["refused"]), (&3.into(), &0.into()), "{answer}");
    }
    world.relay().await;
    let jobs = world.jobs().await;
    assert!(jobs.iter().all(|job| job.id.generation().0 == 2 && job.redrives == 1), "{jobs:?}");
    assert!(jobs.iter().all(|job| !before.contains(&job.id.to_string())));
    assert_eq!(jobs.len(), 6);
    let counts = world.queue.counts().await.unwrap()[&"hello".parse().unwrap()];
    assert_eq!((counts.pending, counts.duplicates, counts.dead), (3, 3, 0));
    world.end().await;
}

#[tokio::test]
async fn without_a_log_generations_are_counted_in_the_queue() {
    let world = World::without_log().await;
    world.enqueue(5).await;
    world.divide(8).await;
    assert_eq!(rows(&world.queue().await)[0], json!([1, "draining", 4, 0, 5, 0, 0, 0]));
    world.retire("1", &[]).await.problem(409, "in-use");
    let failure = wasmill_job::Failure::new(wasmill_job::FailureCode::Rejected, "no");
    assert_eq!(world.settle(10, &Verdict::Bury { failure }).await.len(), 5);
    // Dead letters hold nothing up: they go round in the current generation.
    assert_eq!(world.retire("1", &[]).await.status, 200);
    let answer = world.post("/v1/dead/redrive", &json!({"all": true})).await.json();
    assert_eq!((&answer["redriven"], &answer["refused"]), (&5.into(), &0.into()), "{answer}");
    assert_eq!(world.get("/v1/dead").await.json(), json!({"letters": []}));
    assert_eq!(rows(&world.queue().await), json!([[2, "current", 8, 0, 5, 0, 0, 0]]));
    let again = world.settle(10, &complete()).await;
    assert!(again.iter().all(|job| job.id.generation().0 == 2 && job.redrives == 1), "{again:?}");
    assert_eq!(again.len(), 5);
    world.end().await;
}

fn complete() -> Verdict {
    Verdict::Complete { output: Bytes::new() }
}
