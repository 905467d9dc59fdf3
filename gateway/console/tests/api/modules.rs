//! Uploads that are taken, and those that are not.

use serde_json::json;
use wasmill_job::ModuleDigest;

use crate::world::{MODULE_BYTES_MAX, WASM, World};

#[tokio::test]
async fn a_module_is_stored_and_tagged_and_listed() {
    let world = World::new().await;
    let bytes = [WASM, b"hello"].concat();
    let digest = ModuleDigest::of(&bytes);
    let deployed = world.deploy("hello@1.0.0", &bytes).await;
    assert_eq!(deployed.status, 201);
    assert_eq!(
        deployed.json(),
        json!({
            "tag": "hello@1.0.0", "digest": digest.to_string(), "size_bytes": bytes.len(),
            "imports": ["wasmill:job/log@1.0.0"], "exports": ["wasmill:job/handler@1.0.0"],
        })
    );
    assert_eq!(world.store.module(digest).await.unwrap(), bytes);
    assert_eq!(world.deploy("hello@1.0.0", &bytes).await.status, 201);
    assert_eq!(world.deploy("hello@1.0.1", &bytes).await.status, 201);
    let list = world.get("/v1/modules").await.json();
    let [module] = &list["modules"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!((&module["digest"], &module["size_bytes"]), (&digest.to_string().into(), &bytes.len().into()));
    assert_eq!((&module["tags"], &module["used_by"]), (&json!(["hello@1.0.0", "hello@1.0.1"]), &json!([])));
    assert!(module["stored_at_ms"].is_u64());
    let stored = world.get(&format!("/v1/modules/{digest}")).await;
    assert_eq!(stored.status, 200);
    assert_eq!(stored.body, bytes);
    world.end().await;
}

#[tokio::test]
async fn a_tag_is_put_on_a_module_that_is_there_and_stays() {
    let world = World::new().await;
    let (one, two) = ([WASM, b"one"].concat(), [WASM, b"two"].concat());
    world.deploy("hello@1.0.0", &one).await;
    world.deploy("hello@2.0.0", &two).await;
    let path = |bytes: &[u8], tag: &str| format!("/v1/modules/{}/tags/{tag}", ModuleDigest::of(bytes));
    for _ in 0..2 {
        let tagged = world.put(&path(&one, "hello%401.0.1")).await;
        assert_eq!(tagged.status, 200);
        assert_eq!(
            tagged.json(),
            json!({ "tag": "hello@1.0.1", "digest": ModuleDigest::of(&one).to_string() })
        );
    }
    world.put(&path(&two, "hello@1.0.1")).await.problem(409, "module-conflict");
    world.put(&path(b"nobody's", "hello@1.0.2")).await.problem(404, "unknown-module");
    world.put("/v1/modules/hello@1.0.0/tags/hello@1.0.2").await.problem(404, "unknown-module");
    world.put(&path(&one, "hello")).await.problem(400, "invalid-field");
    world.end().await;
}

#[tokio::test]
async fn a_module_that_is_not_there_is_a_problem() {
    let world = World::new().await;
    let nobodys = format!("/v1/modules/{}", ModuleDigest::of(b"nobody's"));
    for path in [nobodys.as_str(), "/v1/modules/hello@1.0.0"] {
        world.get(path).await.problem(404, "unknown-module");
    }
    world.end().await;
}

/// Path, headers, body; status and kind of the problem.
type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, Vec<u8>, u16, &'a str);

#[tokio::test]
async fn every_refusal_of_an_upload_is_a_problem_and_stores_nothing() {
    let world = World::new().await;
    let wasm = ("content-type", "application/wasm");
    let with = |end: &[u8]| [WASM, end].concat();
    let cases: Vec<Case<'_>> = vec![
        ("/v1/modules", vec![wasm], with(b""), 400, "invalid-field"),
        ("/v1/modules?tag=", vec![wasm], with(b""), 400, "invalid-field"),
        ("/v1/modules?tag=hello", vec![wasm], with(b""), 400, "invalid-field"),
        ("/v1/modules?tag=hello@1.0.0&force=true", vec![wasm], with(b""), 400, "invalid-field"),
        ("/v1/modules?tag=hello@1.0.0", vec![], with(b""), 415, "unsupported-media-type"),
        (
            "/v1/modules?tag=hello@1.0.0",
            vec![("content-type", "text/plain")],
            with(b""),
            415,
            "unsupported-media-type",
        ),
        (
            "/v1/modules?tag=hello@1.0.0",
            vec![wasm, ("content-encoding", "gzip")],
            with(b""),
            415,
            "unsupported-media-type",
        ),
        ("/v1/modules?tag=hello@1.0.0", vec![wasm], b"".to_vec(), 422, "module-refused"),
        ("/v1/modules?tag=hello@1.0.0", vec![wasm], b"#!/bin/sh".to_vec(), 422, "module-refused"),
        ("/v1/modules?tag=hello@1.0.0", vec![wasm], with(b"unfit"), 422, "module-refused"),
        ("/v1/modules?tag=hello@1.0.0", vec![wasm], with(b"failed"), 500, "internal"),
        ("/v1/modules?tag=hello@1.0.0", vec![wasm], with(b"panic"), 500, "internal"),
        ("/v1/modules?tag=hello@1.0.0", vec![wasm], with(&vec![0; MODULE_BYTES_MAX]), 413, "body-too-large"),
    ];
    for (path, headers, body, status, name) in cases {
        world.call("POST", path, &headers, body).await.problem(status, name);
    }
    assert_eq!(world.get("/v1/modules").await.json(), json!({"modules": []}));
    let unfit = world.deploy("hello@1.0.0", &with(b"unfit")).await.problem(422, "module-refused");
    assert_eq!(unfit["detail"], "it does not export `handle`");
    world.end().await;
}

#[tokio::test]
async fn a_tag_points_to_one_module_for_ever() {
    let world = World::with_hello().await;
    let refused =
        world.deploy("hello@1.0.0", &[WASM, b"other"].concat()).await.problem(409, "module-conflict");
    assert!(refused["detail"].as_str().unwrap().contains("choose a new version"), "{refused}");
    assert_eq!(world.get("/v1/modules").await.json()["modules"].as_array().unwrap().len(), 1);
    world.end().await;
}
