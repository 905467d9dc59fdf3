//! A job's payload, given back: from the queue, from the log, or not any more.

use std::time::Duration;

use bytes::Bytes;
use wasmill_http::HttpConfig;
use wasmill_ingest::IngestConfig;
use wasmill_job::wire::encode_job;
use wasmill_job::{
    Cancel, Durability, Failure, FailureCode, Generation, IdSource, Job, Offset, Partition, Progress, UnixMs,
    Verdict,
};
use wasmill_log::{Append, Log};
use wasmill_queue::Queue;

use crate::show::kept;
use crate::world::{Answer, World};

/// A payload that would not come back if anybody wrote it anew.
const PAYLOAD: &str = "{ \"a\": 1e400,\"a\":\"\\u0041\" }";

impl World {
    async fn payload(&self, job_type: &str, id: &str, receipt: Option<&str>) -> Answer {
        let query = receipt.map(|receipt| format!("?receipt={receipt}")).unwrap_or_default();
        self.get(&format!("/v1/jobs/{job_type}/{id}/payload{query}")).await
    }

    /// Posts a job of the type `hello`; its id and its receipt.
    async fn post_hello(&self) -> (String, String) {
        let stored = self.post(format!("{{\"type\":\"hello\",\"payload\":{PAYLOAD}}}")).await;
        let receipt = stored.json()["receipt"].as_str().unwrap_or_default().to_owned();
        (stored.id(), receipt)
    }

    /// Posts a job, and completes it as the worker's request of this number.
    async fn complete(&self, request: u64) -> (String, String) {
        let posted = self.post_hello().await;
        self.relay().await;
        let claim = self.take(request).await;
        self.settle(claim, Verdict::Complete { output: Bytes::new() }, kept()).await;
        posted
    }

    async fn assert_given(&self, id: &str, receipt: Option<&str>) {
        let answer = self.payload("hello", id, receipt).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &Bytes::from_static(PAYLOAD.as_bytes())));
        assert_eq!(answer.headers["content-type"], "application/octet-stream");
        assert_eq!(answer.headers["content-disposition"], format!("attachment; filename=\"{id}.payload\""));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        self.payload("small", id, None).await.problem(404, "unknown-job");
    }
}

/// What a problem says.
fn detail(problem: &serde_json::Value) -> &str {
    problem["detail"].as_str().unwrap()
}

#[tokio::test]
async fn it_comes_from_the_queue_until_the_job_is_done_and_then_from_the_log() {
    let world = World::new().await;
    let (id, receipt) = world.post_hello().await;
    world.payload("hello", &id, None).await.problem(404, "unknown-job");
    world.assert_given(&id, Some(&receipt)).await;

    world.relay().await;
    world.assert_given(&id, None).await;
    let claim = world.take(1).await;
    world.assert_given(&id, None).await;
    let failure = Failure::new(FailureCode::Trap, "unreachable");
    let pause = Duration::from_secs(3_600);
    world.settle(claim, Verdict::Retry { pause, failure: failure.clone() }, kept()).await;
    world.assert_given(&id, None).await;
    let cancel = Cancel { id: id.parse().unwrap(), job_type: "hello".parse().unwrap(), at: UnixMs(0) };
    assert!(world.queue.cancel(cancel).await.unwrap());
    assert!(world.queue.record(id.parse().unwrap()).await.unwrap().is_none());
    world.assert_given(&id, None).await;

    let (dead, _) = world.post_hello().await;
    world.relay().await;
    let claim = world.take(2).await;
    world.settle(claim, Verdict::Bury { failure }, kept()).await;
    world.assert_given(&dead, None).await;

    let (completed, receipt) = world.complete(3).await;
    world.assert_given(&completed, None).await;
    world.assert_given(&completed, Some(&receipt)).await;
    world.end().await;
}

#[tokio::test]
async fn a_done_job_of_an_older_generation_is_found_in_its_own_topic() {
    let world = World::new().await;
    let (id, _) = world.complete(1).await;
    world.divide(8);
    world.assert_given(&id, None).await;
    world.end().await;
}

#[tokio::test]
async fn that_of_a_parked_job_comes_from_its_copy() {
    let world = World::new().await;
    let id = world.post("{\"type\":\"seldom\",\"payload\": 17}").await.id();
    world.park(&id).await;
    let parked = world.payload("seldom", &id, None).await;
    assert_eq!((parked.status.as_u16(), &parked.body), (200, &Bytes::from_static(b"17")));
    world.end().await;
}

#[tokio::test]
async fn without_a_log_it_goes_with_the_job() {
    let world = World::without_log(|_| ()).await;
    let (id, _) = world.post_hello().await;
    world.assert_given(&id, None).await;
    let claim = world.take(1).await;
    world.settle(claim, Verdict::Complete { output: Bytes::new() }, kept()).await;
    let gone = world.payload("hello", &id, None).await.problem(404, "payload-gone");
    assert!(detail(&gone).contains("this mill has no log"), "{gone}");
    world.payload("small", &id, None).await.problem(404, "unknown-job");
    world.payload("hello", &id, Some("wasmill.q.default.1/0/0")).await.problem(400, "invalid-receipt");
    world.end().await;
}

#[tokio::test]
async fn a_record_that_the_log_has_let_go_is_said_to_be_gone() {
    let forgetful = |log: &mut wasmill_log::LogConfig| log.retention_age = Duration::ZERO;
    let world = World::on(IngestConfig::default(), HttpConfig::default(), forgetful).await;
    let (id, receipt) = world.complete(1).await;
    let (at, _) = world.found(&id).await;
    let lane = at.topic_partition();
    world.log.commit(&lane, Progress { floor: at.offset.next(), ..Progress::default() }).await.unwrap();
    let trimmed = async {
        while world.log.bounds(&lane).await.unwrap().first == Offset(0) {
            world.log.trim().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), trimmed).await.unwrap();
    let gone = world.payload("hello", &id, None).await.problem(404, "payload-gone");
    assert!(detail(&gone).contains("the log has let its record go, too"), "{gone}");
    world.payload("hello", &id, Some(&receipt)).await.problem(404, "unknown-job");
    world.end().await;
}

#[tokio::test]
async fn a_record_that_stands_far_from_where_it_would_is_found_by_its_receipt_alone() {
    let world = World::new().await;
    let (id, _) = world.complete(1).await;
    let (_, job) = world.found(&id).await;
    // Accepted in an hour by somebody's clock, and stored now.
    let (accepted_at, partition) = (job.accepted_at.plus(Duration::from_secs(3_600)), Partition(2));
    let id = IdSource::default().next(accepted_at, 0, Generation(1), partition);
    let job = Job { id, accepted_at, ..job };
    let lane = world.catalog.borrow().lanes().into_iter().find(|lane| lane.partition == partition).unwrap();
    let record = Append {
        topic: lane.topic,
        partition,
        key: None,
        value: Some(encode_job(&job).unwrap()),
        durability: Durability::Quorum,
    };
    let at = world.log.append(vec![record]).await.unwrap().remove(0);
    world.relay().await;
    let id = id.to_string();
    world.assert_given(&id, None).await;
    let claim = world.take(2).await;
    world.settle(claim, Verdict::Complete { output: Bytes::new() }, kept()).await;
    let gone = world.payload("hello", &id, None).await.problem(404, "payload-gone");
    assert!(detail(&gone).contains("With its receipt it is read where it stands"), "{gone}");
    world.assert_given(&id, Some(&at.to_string())).await;
    world.end().await;
}

#[tokio::test]
async fn whoever_has_none_is_told_why() {
    let world = World::new().await;
    world.payload("hello", "x", None).await.problem(400, "invalid-id");
    let never = "0190163d-8694-8001-8000-64c2f1a0b3d5";
    world.payload("hello", never, None).await.problem(404, "unknown-job");
    world.payload("helo", never, None).await.problem(404, "unknown-type");
    world.payload("hello", never, Some("nonsense")).await.problem(400, "invalid-receipt");
    world.get(&format!("/v1/jobs/hello/{never}/payload?whole=1")).await.problem(400, "invalid-field");
    world.end().await;
}

#[tokio::test]
async fn a_token_for_other_types_gets_none() {
    let world = World::guarded().await;
    let token = [("authorization", "Bearer wm_email")];
    let never = "0190163d-8694-8001-8000-64c2f1a0b3d5";
    let foreign = world.call("GET", &format!("/v1/jobs/hello/{never}/payload"), &token, "").await;
    foreign.problem(403, "type-forbidden");
    let own = world.call("GET", &format!("/v1/jobs/email.welcome/{never}/payload"), &token, "").await;
    own.problem(404, "unknown-job");
    world.end().await;
}
