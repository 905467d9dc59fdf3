//! What callers are told when the log or the queue is in trouble.

use wasmill_http::HttpConfig;
use wasmill_ingest::IngestConfig;

use crate::world::World;

#[tokio::test]
async fn a_full_disk_is_507_and_nothing_is_stored() {
    let full = |log: &mut wasmill_log::LogConfig| log.reserve_bytes = u64::MAX / 2;
    let world = World::on(IngestConfig::default(), HttpConfig::default(), full).await;
    let answer = world.post("{\"type\":\"hello\"}").await;
    let problem = answer.problem(507, "storage-full");
    assert!(answer.headers.contains_key("retry-after"));
    assert!(!problem["detail"].as_str().unwrap().contains("/tmp"), "{problem}");
    world.post_lines("{\"type\":\"hello\"}\nnot json\n").await.problem(507, "storage-full");
    world
        .call("DELETE", "/v1/jobs/hello/0190163d-8694-8001-8000-64c2f1a0b3d5", &[], "")
        .await
        .problem(507, "storage-full");
    assert!(world.records().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_closed_log_is_503_and_says_that_nothing_was_stored() {
    let world = World::new().await;
    world.log.clone().close().await;
    let answer = world.post("{\"type\":\"hello\"}").await;
    assert!(answer.problem(503, "shutting-down")["detail"].as_str().unwrap().contains("Nothing was stored"));
    assert!(answer.headers.contains_key("retry-after"));
    world.post_lines("{\"type\":\"hello\"}").await.problem(503, "shutting-down");
    world.end().await;
}

#[tokio::test]
async fn jobs_are_accepted_without_the_queue() {
    let world = World::new().await;
    world.queue.close().await;
    let id = world.post("{\"type\":\"hello\"}").await.id();
    world.get(&format!("/v1/jobs/hello/{id}")).await.problem(503, "shutting-down");
    world.end().await;
}
