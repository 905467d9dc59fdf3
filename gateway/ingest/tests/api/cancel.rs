//! Cancelling jobs wherever they are.

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
    // Partition 9 of four, generation 2 of one, generation 0 before the first.
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
