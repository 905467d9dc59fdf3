//! Jobs by state, and the queue's own check.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::json;
use wasmill_job::Verdict;

use crate::world::World;

impl World {
    /// The ids of all jobs that a query lists, and how many pages it took.
    async fn listed(&self, query: &str) -> (BTreeSet<String>, usize) {
        let (mut ids, mut after, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let page = self.get(&format!("/v1/jobs?{query}{after}")).await.json();
            pages += 1;
            for job in page["jobs"].as_array().unwrap() {
                assert!(ids.insert(job["id"].as_str().unwrap().to_owned()), "{job} comes twice");
            }
            match page.get("next") {
                Some(next) => after = format!("&after={}", next.as_str().unwrap()),
                None => return (ids, pages),
            }
        }
    }
}

#[tokio::test]
async fn jobs_are_listed_by_state_in_pages() {
    let world = World::without_log().await;
    let ids: BTreeSet<_> = world.enqueue(25).await.iter().map(ToString::to_string).collect();
    let (pending, pages) = world.listed("state=pending&limit=10").await;
    assert_eq!(pending, ids);
    assert!(pages >= 3, "{pages}");
    let done = world.settle(5, &Verdict::Complete { output: Bytes::new() }).await;
    let done: BTreeSet<_> = done.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(world.listed("state=completed&type=hello").await.0, done);
    assert_eq!(world.listed("state=pending&type=hello").await.0, &ids - &done);
    assert!(world.listed("state=pending&type=other").await.0.is_empty());
    for state in ["scheduled", "in_flight", "cancelled"] {
        assert!(world.listed(&format!("state={state}")).await.0.is_empty(), "{state}");
    }
    let row = &world.get("/v1/jobs?state=completed&limit=1").await.json()["jobs"][0];
    assert_eq!(
        (&row["type"], &row["state"], &row["attempts"], &row["accepted_at_ms"]),
        (&"hello".into(), &"completed".into(), &1.into(), &1_000.into())
    );
    assert!(row["ended_at_ms"].is_u64(), "{row}");
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let world = World::new().await;
    for query in
        ["", "state=dead", "state=accepted", "state=pending&limit=0", "state=pending&type=a%20b", "stat=x"]
    {
        world.get(&format!("/v1/jobs?{query}")).await.problem(400, "invalid-field");
    }
    let astray = world.get("/v1/jobs?state=pending&after=no%20cursor").await.problem(400, "invalid-field");
    assert_eq!(astray["field"], "after", "{astray}");
    let problem = world.get("/v1/jobs?state=dead").await.problem(400, "invalid-field");
    assert!(problem["detail"].as_str().unwrap().contains("/v1/dead"), "{problem}");
    world.end().await;
}

#[tokio::test]
async fn the_queue_checks_itself() {
    let world = World::without_log().await;
    world.enqueue(3).await;
    let answer = world.call("POST", "/v1/queue/check", &[], "").await;
    assert_eq!(answer.json(), json!({"jobs": 3, "faults": []}));
    world.end().await;
}
