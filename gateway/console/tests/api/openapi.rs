//! The description describes every route and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::World;

#[tokio::test]
async fn every_route_is_described() {
    let world = World::new().await;
    let api: Value = serde_json::to_value(wasmill_console::openapi()).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = api["paths"].as_object().unwrap();
    assert_eq!(
        paths.keys().collect::<Vec<_>>(),
        [
            "/v1/attempts",
            "/v1/catalog",
            "/v1/catalog/apply",
            "/v1/catalog/diff",
            "/v1/catalog/export",
            "/v1/catalog/plan",
            "/v1/catalog/queues/{queue}",
            "/v1/catalog/queues/{queue}/generations/{generation}",
            "/v1/catalog/revisions",
            "/v1/catalog/revisions/{revision}",
            "/v1/catalog/rollback",
            "/v1/catalog/types/{type}",
            "/v1/catalog/types/{type}/mode",
            "/v1/dead",
            "/v1/dead/groups",
            "/v1/dead/purge",
            "/v1/dead/redrive",
            "/v1/jobs",
            "/v1/lanes",
            "/v1/modules",
            "/v1/modules/prune",
            "/v1/modules/{digest}",
            "/v1/modules/{digest}/tags/{tag}",
            "/v1/queue/check",
            "/v1/queue/memory",
            "/v1/stats",
            "/v1/status",
            "/v1/tokens",
            "/v1/tokens/{name}",
            "/v1/tokens/{name}/rotate",
            "/v1/workers",
        ]
    );
    for (path, item) in paths {
        let described: BTreeSet<String> =
            item.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
        let answer = world.call("PATCH", path, &[], "").await;
        answer.problem(405, "method-not-allowed");
        let allowed = answer.headers["allow"].to_str().unwrap().to_owned();
        // HEAD comes with every GET.
        let allowed: BTreeSet<String> =
            allowed.split(',').map(str::to_owned).filter(|method| method != "HEAD").collect();
        assert_eq!(allowed, described, "{path}");
    }
    world.end().await;
}

#[tokio::test]
async fn the_description_holds_together() {
    let api: Value = serde_json::to_value(wasmill_console::openapi()).unwrap();
    let text = api.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(api.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
}
