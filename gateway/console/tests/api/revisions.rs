//! The history of the routing table: who, when, why; what changed; going back; nobody overwrites anybody.

use serde_json::json;
use wasmill_job::{ModuleDigest, Revision};

use crate::world::{Answer, WASM, World};

const HELLO: &str = "[type.hello]\nhandlers = [{ module = \"hello@1.0.0\" }]\n";

/// `hello` in another mode.
async fn apply_mode(world: &World, mode: &str, message: &str) -> Answer {
    world.apply(&format!("{HELLO}mode = \"{mode}\"\n"), &[("message", message.into())]).await
}

async fn rollback(world: &World, revision: u64, headers: &[(&str, &str)]) -> Answer {
    let headers = [headers, &[("content-type", "application/json")]].concat();
    let body = json!({ "revision": revision }).to_string();
    world.call("POST", "/v1/catalog/rollback", &headers, body).await
}

#[tokio::test]
async fn the_history_tells_when_and_why_page_by_page() {
    let world = World::with_hello().await;
    for number in 2..=5 {
        let mode = if number % 2 == 0 { "paused" } else { "live" };
        apply_mode(&world, mode, &format!("step {number}")).await;
    }
    let page = world.get("/v1/catalog/revisions?limit=2").await.json();
    let rows = page["revisions"].as_array().unwrap();
    assert_eq!((&rows[0]["revision"], &rows[0]["message"]), (&5.into(), &"step 5".into()));
    assert!(rows[0]["created_at_ms"].is_u64() && rows[0]["author"].is_null());
    assert_eq!((rows.len(), &page["next"]), (2, &4.into()));
    let rest = world.get("/v1/catalog/revisions?before=4").await.json();
    assert_eq!((rest["revisions"].as_array().unwrap().len(), &rest["next"]), (3, &json!(null)));
    world.get("/v1/catalog/revisions?limit=0").await.problem(400, "invalid-field");
    world.end().await;
}

#[tokio::test]
async fn two_revisions_are_compared_and_one_is_shown() {
    let world = World::with_hello().await;
    apply_mode(&world, "paused", "").await;
    let diff = world.get("/v1/catalog/diff?from=1&to=2").await.json();
    assert_eq!(
        diff["changes"],
        json!([{
            "subject": "type hello", "kind": "changed", "fields": [{"path": "mode", "old": "live", "new": "paused"}],
        }])
    );
    let all = world.get("/v1/catalog/diff?from=0&to=2").await.json();
    assert_eq!(all["changes"].as_array().unwrap().len(), 2);
    assert_eq!(world.get("/v1/catalog/revisions/1").await.json()["types"][0]["mode"], "live");
    for path in ["/v1/catalog/revisions/9", "/v1/catalog/diff?from=1&to=9"] {
        world.get(path).await.problem(404, "unknown-revision");
    }
    world.end().await;
}

#[tokio::test]
async fn an_export_applied_changes_nothing() {
    let world = World::with_hello().await;
    let exported = world.get("/v1/catalog/export").await;
    assert_eq!(exported.headers["content-type"], "application/toml");
    let text = String::from_utf8(exported.body.to_vec()).unwrap();
    assert_eq!(world.apply(&text, &[]).await.json(), json!({"revision": 1, "changes": []}));
    world.end().await;
}

#[tokio::test]
async fn a_rollback_is_a_new_revision_that_says_the_same() {
    let world = World::with_hello().await;
    apply_mode(&world, "paused", "").await;
    let back = rollback(&world, 1, &[]).await.json();
    assert_eq!((&back["revision"], back["changes"].as_array().unwrap().len()), (&3.into(), 1));
    let shown = world.get("/v1/catalog").await.json();
    assert_eq!(
        (&shown["message"], &shown["types"][0]["mode"]),
        (&"back to revision 1".into(), &"live".into())
    );
    assert_eq!(rollback(&world, 3, &[]).await.json()["revision"], 3);
    rollback(&world, 9, &[]).await.problem(404, "unknown-revision");
    world.end().await;
}

#[tokio::test]
async fn a_rollback_to_a_module_that_is_gone_is_refused() {
    let world = World::with_hello().await;
    world.deploy("hello@2.0.0", &[WASM, b"two"].concat()).await;
    world.apply("[type.hello]\nhandlers = [{ module = \"hello@2.0.0\" }]\n", &[]).await;
    let first = ModuleDigest::of(&[WASM, b"hello"].concat());
    let pruned = world.post("/v1/modules/prune", &json!({"modules": ["hello@1.0.0"]})).await.json();
    assert_eq!(pruned["pruned"][0]["digest"], first.to_string());
    let refused = rollback(&world, 1, &[]).await.problem(422, "catalog-refused");
    assert!(refused["detail"].as_str().unwrap().contains("`hello@1.0.0`"), "{refused}");
    // Its tag is not usable any more, until the same bytes are back.
    world.apply(HELLO, &[]).await.problem(422, "catalog-invalid");
    world.deploy("hello@1.0.0", &[WASM, b"hello"].concat()).await;
    assert_eq!(rollback(&world, 1, &[]).await.json()["revision"], 3);
    world.end().await;
}

#[tokio::test]
async fn whoever_comes_too_late_is_told_what_has_changed() {
    let world = World::with_hello().await;
    let seen = world.get("/v1/catalog").await.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(seen, "\"1\"");
    apply_mode(&world, "paused", "night shift").await;
    let late = rollback(&world, 1, &[("if-match", &seen)]).await.problem(412, "revision-moved");
    assert_eq!((&late["revision"], &late["revisions"][0]["message"]), (&2.into(), &"night shift".into()));
    assert_eq!(late["changes"][0]["fields"][0]["new"], "paused");
    let detail = late["detail"].as_str().unwrap();
    for word in ["revision 2", "night shift", "mode: live → paused", "repeat"] {
        assert!(detail.contains(word), "{detail}");
    }
    assert_eq!(world.store.latest_number().await.unwrap(), Revision(2));
    assert_eq!(rollback(&world, 1, &[("if-match", "\"2\"")]).await.status, 200);
    rollback(&world, 1, &[("if-match", "two")]).await.problem(400, "invalid-field");
    world.end().await;
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let world = World::with_hello().await;
    let delete = |path: &'static str| world.call("DELETE", path, &[], "");
    let used = delete("/v1/catalog/queues/default").await.problem(409, "in-use");
    assert!(used["detail"].as_str().unwrap().contains("job type `hello`"), "{used}");
    let used =
        world.post("/v1/modules/prune", &json!({"modules": ["hello@1.0.0"]})).await.problem(409, "in-use");
    assert_eq!(used["used_by"], json!(["hello"]));
    delete("/v1/catalog/types/hello").await.problem(409, "in-use");
    apply_mode(&world, "off", "").await;
    assert_eq!(delete("/v1/catalog/types/hello?message=done").await.json()["revision"], 3);
    assert_eq!(delete("/v1/catalog/queues/default").await.json()["revision"], 4);
    delete("/v1/catalog/types/hello").await.problem(404, "unknown-entry");
    delete("/v1/catalog/queues/default").await.problem(404, "unknown-entry");
    let shown = world.get("/v1/catalog").await.json();
    assert_eq!((&shown["types"], &shown["queues"]), (&json!([]), &json!([])));
    assert_eq!(world.get("/v1/catalog/revisions/3").await.json()["message"], "done");
    world.end().await;
}

#[tokio::test]
async fn modules_that_nothing_needs_are_pruned() {
    let world = World::with_hello().await;
    world.deploy("hello@2.0.0", &[WASM, b"two"].concat()).await;
    let wanted = |more: serde_json::Value| {
        let mut body = json!({"min_age_s": 0});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let young = world.post("/v1/modules/prune", &json!({})).await.json();
    assert_eq!((&young["pruned"], &young["kept"]), (&json!([]), &2.into()));
    let shown = world.post("/v1/modules/prune", &wanted(json!({"dry_run": true}))).await.json();
    assert_eq!(shown["pruned"][0]["tags"], json!(["hello@2.0.0"]));
    assert_eq!(world.store.modules().await.unwrap().len(), 2);
    let pruned = world.post("/v1/modules/prune", &wanted(json!({}))).await.json();
    assert_eq!(pruned["kept"], 1);
    assert_eq!(world.store.modules().await.unwrap().len(), 1);
    world.post("/v1/modules/prune", &json!({"modules": ["hello@2.0.0"]})).await.problem(404, "unknown-entry");
    world.end().await;
}
