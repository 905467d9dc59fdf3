//! What monitors ask.

use crate::world::World;

#[tokio::test]
async fn monitors_are_answered_under_any_name() {
    let world = World::new().await;
    let host = [("host", "mill.internal:8420")];
    let metrics = world.call("GET", "/metrics", &host, "").await;
    assert_eq!((metrics.status.as_u16(), &metrics.body[..]), (200, &b"wasmill_up 1\n"[..]));
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    assert_eq!(world.call("GET", "/healthz", &host, "").await.status, 200);
    let missing = world.call("GET", "/readyz", &host, "").await.problem(503, "unavailable");
    assert_eq!(missing["missing"], serde_json::json!(["no catalog yet"]));
    world.end().await;

    let world = World::with_hello().await;
    let ready = world.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.body[..]), (200, &b"ready\nbut: a part is away\n"[..]));
    world.end().await;
}
