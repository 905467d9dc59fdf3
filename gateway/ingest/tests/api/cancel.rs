//! Cancelling jobs wherever they are.

use wasmill_job::JobId;
use wasmill_job::wire::Record;

use crate::world::{Answer, World};

impl World {
    async fn cancel(&self, job_type: &str, id: &str) -> Answer {
        self.call("DELETE", &format!("/v1/jobs/{job_type}/{id}"), &[], "").await
    }
}

#[tokio::test]
async fn a_job_that_is_not_relayed_yet_is_cancelled_by_its_record() {
    let world = World::new().await;
    let id = world.post("{\"type\":\"hello\"}").await.id();
    let answer = world.cancel("hello", &id).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json(), serde_json::json!({"id": id, "state": "cancelling"}));
    let records = world.records().await;
    let [(job_at, Record::Job(job)), (cancel_at, Record::Cancel(cancel))] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!((cancel.id, &cancel.job_type), (job.id, &job.job_type));
    assert_eq!(job_at.rsplit_once('/').unwrap().0, cancel_at.rsplit_once('/').unwrap().0);
    world.relay().await;
    assert_eq!(world.get(&format!("/v1/jobs/hello/{id}")).await.json()["state"], "cancelled");
    world.end().await;
}

#[tokio::test]
async fn a_pending_job_is_cancelled_at_once_and_repeating_is_fine() {
    let world = World::new().await;
    let id = world.post("{\"type\":\"hello\"}").await.id();
    world.relay().await;
    assert_eq!(world.cancel("hello", &id).await.json()["state"], "cancelling");
    assert_eq!(world.get(&format!("/v1/jobs/hello/{id}")).await.json()["state"], "cancelled");
    let again = world.cancel("hello", &id).await;
    assert_eq!((again.status.as_u16(), &again.json()["state"]), (202, &"cancelled".into()));
    world.relay().await;
    assert_eq!(world.queue_counts("hello").await.cancelled, 1);
    world.end().await;
}

#[tokio::test]
async fn an_id_that_was_never_given_out_is_refused() {
    let world = World::new().await;
    let id = world.post("{\"type\":\"hello\"}").await.id();
    world.relay().await;
    world.cancel("small", &id).await.problem(404, "unknown-job");
    // Partition 9 of four, and generations that the queue never had.
    for stranger in [
        "0190163d-8694-8001-8009-64c2f1a0b3d5",
        "0190163d-8694-8002-8000-64c2f1a0b3d5",
        "0190163d-8694-8000-8000-64c2f1a0b3d5",
    ] {
        world.cancel("hello", stranger).await.problem(404, "unknown-job");
    }
    assert_eq!(world.records().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_job_of_a_generation_that_drains_is_found_and_cancelled_where_it_is() {
    let world = World::new().await;
    let [waits, is_stored] = [0, 1].map(|_| "{\"type\":\"hello\"}");
    let waits = world.post(waits).await.id();
    world.relay().await;
    let is_stored = world.post(is_stored).await.id();
    world.divide(8);
    let newer = world.post("{\"type\":\"hello\"}").await.id();
    let generations = [&waits, &is_stored, &newer].map(|id| id.parse::<JobId>().unwrap().generation().0);
    assert_eq!(generations, [1, 1, 2]);
    assert_eq!(world.get(&format!("/v1/jobs/hello/{waits}")).await.json()["state"], "pending");
    for id in [&waits, &is_stored] {
        assert_eq!(world.cancel("hello", id).await.json()["state"], "cancelling");
    }
    let wishes: Vec<_> =
        world.records().await.into_iter().filter(|(_, of)| matches!(of, Record::Cancel(_))).collect();
    assert!(
        wishes.len() == 2 && wishes.iter().all(|(at, _)| at.starts_with("wasmill.q.default.1/")),
        "{wishes:?}"
    );
    world.relay().await;
    for (id, state) in [(&waits, "cancelled"), (&is_stored, "cancelled"), (&newer, "pending")] {
        assert_eq!(world.get(&format!("/v1/jobs/hello/{id}")).await.json()["state"], state);
    }
    // A partition that the generation does not have, though the current one has it.
    world.cancel("hello", "0190163d-8694-8001-8005-64c2f1a0b3d5").await.problem(404, "unknown-job");
    world.end().await;
}

#[tokio::test]
async fn jobs_go_to_the_current_generation_and_a_key_has_one_id_in_each() {
    let world = World::new().await;
    let keyed = "{\"type\":\"hello\",\"idempotency_key\":\"order-17\"}";
    let first = world.post(keyed).await.id();
    assert_eq!(world.post(keyed).await.id(), first);
    world.divide(8);
    let second = world.post(keyed).await.id();
    assert_ne!(second, first);
    // Back to a generation that drains: its ids are the same again.
    world.divide(4);
    assert_eq!(world.post(keyed).await.id(), first);
    world.end().await;
}
