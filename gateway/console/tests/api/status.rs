//! Counts per type.

use crate::world::World;

#[tokio::test]
async fn every_type_is_counted() {
    let world = World::with_hello().await;
    let empty = world.get("/v1/status").await.json();
    assert_eq!(empty["revision"], 1);
    assert_eq!((&empty["types"][0]["type"], &empty["types"][0]["pending"]), (&"hello".into(), &0.into()));
    assert_eq!(
        (&empty["types"][0]["mode"], &empty["types"][0]["queue"]),
        (&"live".into(), &"default".into())
    );
    assert_eq!(empty["unsettled_records"], 0);
    world.bury(3).await;
    world.post("/v1/dead/redrive", &serde_json::json!({"all": true})).await;
    world.relay().await;
    world.bury(2).await;
    let status = world.get("/v1/status").await.json();
    let row = &status["types"][0];
    assert_eq!(
        (&row["accepted"], &row["pending"], &row["dead"]),
        (&3.into(), &3.into(), &0.into()),
        "{status}"
    );
    assert_eq!(status["unsettled_records"], 3, "{status}");
    let lanes = world.get("/v1/lanes").await.json();
    let lanes = lanes["lanes"].as_array().unwrap();
    let sum = |key: &str| lanes.iter().filter_map(|lane| lane[key].as_u64()).sum::<u64>();
    assert_eq!((sum("unsettled"), sum("lag"), sum("next"), sum("wanted")), (3, 0, 3, 3), "{lanes:?}");
    let started_at = status["started_at_ms"].as_u64().unwrap();
    for lane in lanes {
        // The record at the floor was stored after the console began; a lane that owes nothing has none.
        let oldest = lane["oldest_at_ms"].as_u64();
        assert_eq!(oldest.is_some(), lane["unsettled"] != 0, "{lane}");
        assert!(oldest.is_none_or(|oldest| oldest >= started_at), "{lane}");
    }
    // The queue is on a disk here.
    assert_eq!(world.get("/v1/queue/memory").await.json(), serde_json::json!({"servers": []}));
    assert!(status["uptime_s"].as_u64().unwrap() < 600 && status["started_at_ms"].is_u64());
    world.queue.close().await;
    world.get("/v1/status").await.problem(503, "shutting-down");
    world.end().await;
}
