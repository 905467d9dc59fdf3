//! An application developer deploys a handler, enqueues jobs and looks at what became of them.

use serde_json::{Value, json};
use wasmill_tests::World;

#[tokio::test]
async fn a_job_runs_and_its_result_can_be_read() {
    let world = World::start().await;
    world.route("greet", "hello", "").await;
    let job = world.enqueue("greet", &json!({ "name": "Ada" })).await;
    let done = world.reaches(&job, "completed").await;
    assert_eq!(done["attempts"], 1);
    assert!(done["output"].to_string().contains("Ada"), "{done}");
    let usage = &done["usage"];
    assert!(
        usage["fuel"].as_u64().unwrap() > 0 && usage["memory_peak_bytes"].as_u64().unwrap() > 0,
        "{done}"
    );
}

#[tokio::test]
async fn a_failing_job_is_tried_again_until_it_succeeds() {
    let world = World::start().await;
    world
        .route("shaky", "flaky", "retry = { attempts = 5, backoff = { first = \"10ms\", max = \"50ms\" } }")
        .await;
    let job = world.enqueue("shaky", &json!({ "failures": 2 })).await;
    let done = world.reaches(&job, "completed").await;
    assert_eq!(done["attempts"], 3, "{done}");
}

#[tokio::test]
async fn a_repeated_key_is_one_job() {
    let world = World::start().await;
    world.route("greet", "hello", "").await;
    let body = json!({ "type": "greet", "payload": { "name": "Ada" }, "idempotency_key": "order-17" });
    let mut ids = Vec::new();
    for _ in 0..3 {
        let reply = world.post("/v1/jobs", &body).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        ids.push(reply.json()["id"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    world.drained(wasmill_tests::DEADLINE).await;
    let counts = world.counts("greet").await;
    assert_eq!((&counts["accepted"], &counts["completed"]), (&json!(1), &json!(1)), "{counts}");
}

#[tokio::test]
async fn a_real_page_unfurls() {
    let world = World::start().await;
    world.route("chat.unfurl", "unfurl", "").await;
    let html = "<html><head><title>A &amp; B</title><meta property=og:image content=/pic.png>\
                <link rel=canonical href=https://example.com/a></head><body><a href=/b>b</a></body></html>";
    let job = world.enqueue("chat.unfurl", &json!({ "url": "https://example.com/x", "html": html })).await;
    let done = world.reaches(&job, "completed").await;
    let output: &Value = &done["output"];
    assert_eq!(output["title"], "A & B", "{done}");
    assert_eq!(output["canonical"], "https://example.com/a", "{done}");
    assert_eq!(output["image"], "https://example.com/pic.png", "{done}");
}

#[tokio::test]
async fn bytes_that_are_no_picture_are_rejected() {
    let world = World::start().await;
    world.route("pictures.thumbnail", "thumbnail", "").await;
    let job = world.enqueue_bytes("pictures.thumbnail", &b"\x89PNG\0not really"[..], "picture-1").await;
    let dead = world.reaches(&job, "dead").await;
    assert_eq!(dead["error"]["code"], "rejected", "{dead}");
}

#[tokio::test]
async fn the_logs_of_the_last_attempt_are_kept() {
    let world = World::start().await;
    world.route("talk", "chatty", "").await;
    let job = world.enqueue("talk", &json!({ "lines": 3, "bytes": 20 })).await;
    let done = world.reaches(&job, "completed").await;
    assert_eq!(done["logs"].as_array().unwrap().len(), 3, "{done}");
}
