//! Repeats collide; everything else is spread over the partitions with ids of its own.

use std::collections::BTreeSet;

use crate::world::World;

#[tokio::test]
async fn a_repeat_with_the_key_has_the_same_id_and_runs_once() {
    let world = World::new().await;
    let json = ("content-type", "application/json");
    let by_field = world.post("{\"type\":\"hello\",\"idempotency_key\":\"a\"}").await;
    let by_header =
        world.call("POST", "/v1/jobs", &[json, ("idempotency-key", "a")], "{\"type\":\"hello\"}").await;
    let by_line = world.post_lines("{\"type\":\"hello\",\"idempotency_key\":\"a\"}").await.lines();
    assert_eq!(by_field.id(), by_header.id());
    assert_eq!(by_line[0]["id"], by_field.id());
    assert_ne!(by_field.json()["receipt"], by_header.json()["receipt"]);
    world.relay().await;
    let counts = world.queue_counts("hello").await;
    assert_eq!((counts.pending, counts.duplicates), (1, 2));

    let other_type = world.post("{\"type\":\"small\",\"idempotency_key\":\"a\"}").await;
    assert_ne!(other_type.id(), by_field.id());
    world.end().await;
}

#[tokio::test]
async fn an_event_is_named_by_its_source_and_id() {
    let world = World::new().await;
    let post = async |source: &str, id: &str, key: Option<&str>| {
        let mut headers =
            vec![("ce-specversion", "1.0"), ("ce-type", "hello"), ("ce-source", source), ("ce-id", id)];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        world.call("POST", "/v1/jobs", &headers, "x").await.id()
    };
    assert_eq!(post("/a", "1", None).await, post("/a", "1", None).await);
    assert_ne!(post("/a", "1", None).await, post("/b", "1", None).await);
    assert_ne!(post("/a", "1", None).await, post("/a", "2", None).await);
    assert_eq!(post("/a", "1", Some("k")).await, post("/b", "2", Some("k")).await);
    world.end().await;
}

#[tokio::test]
async fn jobs_without_a_key_are_spread_and_never_collide() {
    let world = World::new().await;
    let mut ids = BTreeSet::new();
    for _ in 0..8 {
        ids.insert(world.post("{\"type\":\"hello\"}").await.id());
    }
    let lines = "{\"type\":\"hello\"}\n".repeat(3_000);
    for line in world.post_lines(lines).await.lines() {
        ids.insert(line["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 3_008);
    let partitions: BTreeSet<_> = world.jobs().await.iter().map(|job| job.id.partition()).collect();
    assert_eq!(partitions.len(), 4);
    world.end().await;
}
