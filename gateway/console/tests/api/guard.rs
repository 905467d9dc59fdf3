//! No page of another origin reaches the admin API.

use serde_json::Value;

use crate::world::World;

#[tokio::test]
async fn foreign_hosts_and_foreign_pages_are_refused_on_every_route() {
    let world = World::new().await;
    let api: Value = serde_json::to_value(wasmill_console::openapi()).unwrap();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let rebound = world.call(&method, path, &[("host", "evil.example:8420")], "").await;
            rebound.problem(403, "foreign-host");
            if method != "GET" {
                let foreign = [("origin", "http://evil.example"), ("content-type", "application/json")];
                world.call(&method, path, &foreign, "{}").await.problem(403, "foreign-origin");
            }
        }
    }
    let own = format!("http://{}", world.address);
    let answer = world.call("POST", "/v1/catalog/plan", &[("origin", &own)], "").await;
    answer.problem(415, "unsupported-media-type");
    assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")));
    world
        .call("OPTIONS", "/v1/status", &[("origin", "http://evil.example")], "")
        .await
        .problem(405, "method-not-allowed");
    world.end().await;
}
