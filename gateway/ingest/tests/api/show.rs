//! Looking at jobs: on their way, in the queue, done, forgotten, never seen.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmill_ingest::Receipt;
use wasmill_job::wire::{Record, encode_copy};
use wasmill_job::{
    Attempt, CopyOf, Durability, Failure, FailureCode, Job, LogLevel, LogLine, Offset, Partition, Position,
    Progress, Topic, TopicPartition, Usage, Verdict,
};
use wasmill_log::{Append, Log};
use wasmill_queue::{
    AttemptRecord, Claim, Entry, NewJob, Offer, Push, Pushed, Queue, Ran, Take, TypeOffer, WorkerId,
};

use crate::world::{Answer, World};

impl World {
    /// Where the record of a job stands, and the job.
    pub(crate) async fn found(&self, id: &str) -> (Position, Job) {
        for (at, record) in self.records().await {
            if let Record::Job(job) = record
                && job.id.to_string() == id
            {
                return (at.parse::<Receipt>().unwrap().0, job);
            }
        }
        panic!("the log has no job {id}")
    }

    /// Parks the job, the next of its partition, as a relay does whose queue has no room for its type.
    pub(crate) async fn park(&self, id: &str) {
        let (origin, job) = self.found(id).await;
        let (lane, job_type) = (origin.topic_partition(), job.job_type.clone());
        let parked = TopicPartition::new(Topic::parked(&job_type), origin.partition);
        let of = CopyOf { origin: origin.clone(), attempts: Attempt(0), due_at: None };
        let copy = Append {
            topic: parked.topic,
            partition: parked.partition,
            key: None,
            value: Some(encode_copy(&job, &of).unwrap()),
            durability: Durability::Quorum,
        };
        self.log.append(vec![copy]).await.unwrap();
        let from = self.queue.resume(&lane, &self.log.committed(&lane).await.unwrap()).await.unwrap();
        let (offset, to) = (origin.offset, origin.offset.next());
        let entries = vec![Entry::Parked { offset, job_type }];
        let pushed = self.queue.push(Push { lane, from, to, passed: None, entries }).await.unwrap();
        assert_eq!(pushed, Pushed::whole());
    }

    /// Takes the job's copy back, the first of its partition.
    async fn bring_back(&self, id: &str) {
        let (origin, job) = self.found(id).await;
        let lane = TopicPartition::new(Topic::parked(&job.job_type), origin.partition);
        let from = self.queue.resume(&lane, &Progress::default()).await.unwrap();
        let new = NewJob::new(job, Duration::ZERO);
        let of = CopyOf { origin, attempts: Attempt(0), due_at: None };
        let entries = vec![Entry::Copy { offset: from, new, of }];
        let push = Push { lane, from, to: from.next(), passed: None, entries };
        assert_eq!(self.queue.push(push).await.unwrap(), Pushed::whole());
    }

    async fn show(&self, job_type: &str, id: &str, receipt: Option<&str>) -> Answer {
        let query = receipt.map(|receipt| format!("?receipt={receipt}")).unwrap_or_default();
        self.get(&format!("/v1/jobs/{job_type}/{id}{query}")).await
    }

    /// Takes the only job there is.
    pub(crate) async fn take(&self, request: u64) -> Claim {
        let types = [("hello".parse().unwrap(), TypeOffer::default())].into_iter().collect();
        let offer = Arc::new(Offer { types, ..Offer::default() });
        let take = Take { worker: WorkerId(1), request, max: 1, lease: Duration::from_secs(60), offer };
        let mut claims = self.queue.take(take).await.unwrap();
        assert_eq!(claims.len(), 1);
        claims.remove(0)
    }

    pub(crate) async fn settle(&self, claim: Claim, verdict: Verdict, record: AttemptRecord) {
        self.queue.settle([claim.settle(verdict, record)].into_iter().collect()).await.unwrap();
    }
}

pub(crate) fn kept() -> AttemptRecord {
    AttemptRecord {
        logs: vec![LogLine { level: LogLevel::Warn, message: "<careful>".into(), at_ms: 3 }],
        usage: Usage { fuel: 5, wall_us: 6, memory_peak_bytes: 7, cpu_us: 8, ..Usage::default() },
        ran: Some(Ran::Module("hello@1.0.0".parse().unwrap())),
        keep_result: Duration::from_secs(60),
        dedup_window: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn a_receipt_tells_on_its_way_from_never_seen() {
    let world = World::new().await;
    let stored = world.post("{\"type\":\"hello\"}").await;
    let (id, json) = (stored.id(), stored.json());
    let receipt = json["receipt"].as_str().unwrap();

    world.show("hello", &id, None).await.problem(404, "unknown-job");
    let accepted = world.show("hello", &id, Some(receipt)).await;
    assert_eq!((accepted.status.as_u16(), &accepted.json()["state"]), (200, &"accepted".into()));
    world.show("small", &id, Some(receipt)).await.problem(400, "invalid-receipt");

    let (place, offset) = receipt.rsplit_once('/').unwrap();
    let beyond = format!("{place}/{}", offset.parse::<u64>().unwrap() + 1);
    world.show("hello", &id, Some(&beyond)).await.problem(404, "unknown-job");
    let other = world.post("{\"type\":\"hello\",\"payload\":2}").await.json();
    world.show("hello", &id, other["receipt"].as_str()).await.problem(400, "invalid-receipt");
    world.show("hello", &id, Some("wasmill.q.strange.1/0/0")).await.problem(404, "unknown-job");
    world.show("helo", &id, None).await.problem(404, "unknown-type");

    world.relay().await;
    let pending = world.show("hello", &id, Some(receipt)).await.json();
    assert_eq!(
        (&pending["state"], &pending["type"], &pending["attempts"]),
        (&"pending".into(), &"hello".into(), &0.into())
    );
    world.show("small", &id, None).await.problem(404, "unknown-job");
    world.end().await;
}

#[tokio::test]
async fn a_parked_job_is_found_in_the_log() {
    let world = World::new().await;
    let stored: Vec<_> =
        [1, 2].map(|payload| format!("{{\"type\":\"seldom\",\"payload\":{payload}}}")).into();
    let (first, second) = (world.post(stored[0].clone()).await, world.post(stored[1].clone()).await);
    world.park(&first.id()).await;
    world.park(&second.id()).await;
    for stored in [&first, &second] {
        let (id, json) = (stored.id(), stored.json());
        for receipt in [None, json["receipt"].as_str()] {
            let parked = world.show("seldom", &id, receipt).await;
            assert_eq!((parked.status.as_u16(), &parked.json()["state"]), (200, &"parked".into()));
        }
        world.show("hello", &id, None).await.problem(404, "unknown-job");
    }
    // They come back, and are what the queue says they are.
    world.bring_back(&first.id()).await;
    assert_eq!(world.show("seldom", &first.id(), None).await.json()["state"], "pending");
    assert_eq!(world.show("seldom", &second.id(), None).await.json()["state"], "parked");
    let other = world.post("{\"type\":\"seldom\"}").await.id();
    world.show("seldom", &other, None).await.problem(404, "unknown-job");
    world.end().await;
}

#[tokio::test]
async fn a_job_that_is_settled_and_forgotten_is_said_to_be_so() {
    let world = World::new().await;
    let stored = world.post("{\"type\":\"hello\"}").await;
    let (id, json) = (stored.id(), stored.json());
    world.relay().await;
    let claim = world.take(1).await;
    let record = AttemptRecord { keep_result: Duration::ZERO, dedup_window: Duration::ZERO, ..kept() };
    world.settle(claim, Verdict::Complete { output: Bytes::new() }, record).await;
    let swept = async {
        while world.queue.job(id.parse().unwrap()).await.unwrap().is_some() {
            world.queue.sweep(100).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), swept).await.unwrap();
    let problem = world.show("hello", &id, json["receipt"].as_str()).await.problem(404, "unknown-job");
    assert!(problem["detail"].as_str().unwrap().contains("ended so long ago"), "{problem}");
    world.end().await;
}

#[tokio::test]
async fn a_job_is_shown_with_all_that_is_known_of_it() {
    let world = World::new().await;
    let id = world.post("{\"type\":\"hello\"}").await.id();
    world.relay().await;
    let claim = world.take(1).await;
    assert_eq!(world.show("hello", &id, None).await.json()["state"], "in_flight");

    let failure = Failure::new(FailureCode::Trap, "unreachable");
    world.settle(claim, Verdict::Retry { pause: Duration::ZERO, failure }, kept()).await;
    world.queue.sweep(10).await.unwrap();
    let retried = world.show("hello", &id, None).await.json();
    assert_eq!(retried["error"], serde_json::json!({"code": "trap", "message": "unreachable"}));
    assert_eq!(retried["attempts"], 1);

    let again = tokio::time::timeout(Duration::from_secs(30), async {
        while world.queue_counts("hello").await.pending == 0 {
            world.queue.sweep(10).await.unwrap();
        }
        world.take(2).await
    });
    let output = Bytes::from_static(b"{\"a\": 1e400, \"a\":12345678901234567890123}");
    let settled = Verdict::Complete { output: output.clone() };
    world.settle(again.await.unwrap(), settled, kept()).await;
    let shown = world.show("hello", &id, None).await;
    assert!(shown.body.windows(output.len()).any(|window| window == output), "{:?}", shown.body);
    let text = String::from_utf8(shown.body.to_vec()).unwrap().replace("1e400", "1");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["state"], &json["attempts"]), (&"completed".into(), &2.into()));
    assert_eq!(
        json["usage"],
        serde_json::json!({"fuel": 5, "wall_us": 6, "memory_peak_bytes": 7, "cpu_us": 8, "imports": {}})
    );
    assert_eq!(json["logs"], serde_json::json!([{"level": "warn", "message": "<careful>", "at_ms": 3}]));
    assert!(json["ended_at_ms"].as_u64() >= json["accepted_at_ms"].as_u64());
    assert!(json.get("error").is_none());
    let [earlier] = &json["earlier"].as_array().unwrap()[..] else { panic!("one failed: {json}") };
    assert_eq!((&earlier["attempt"], &earlier["module"]), (&1.into(), &"hello@1.0.0".into()));
    assert_eq!(earlier["error"], serde_json::json!({"code": "trap", "message": "unreachable"}));
    assert_eq!((&earlier["logs"], &earlier["usage"]), (&json["logs"], &json["usage"]));
    assert!(earlier["ended_at_ms"].as_u64() <= json["ended_at_ms"].as_u64());
    world.end().await;
}

#[tokio::test]
async fn a_place_without_a_record_has_no_job() {
    let world = World::new().await;
    let lane = TopicPartition::new(Topic::from("wasmill.q.default.1"), Partition(0));
    assert_eq!(world.log.bounds(&lane).await.unwrap().next, Offset(0));
    let id = "0190163d-8694-8001-8000-64c2f1a0b3d5";
    world.show("hello", id, Some("wasmill.q.default.1/0/0")).await.problem(404, "unknown-job");
    world.end().await;
}
