//! Every way to be refused, and that nothing is stored by it.

use std::sync::Arc;

use wasmill_catalog::Catalog;

use crate::world::{SMALL_BYTES, World};

/// Method, path, headers, body; status and kind of the problem.
type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a str, u16, &'a str);

#[tokio::test]
async fn every_refusal_is_a_problem_and_stores_nothing() {
    let world = World::new().await;
    let json = ("content-type", "application/json");
    let key = |value| ("idempotency-key", value);
    let over = format!("{{\"type\":\"small\",\"payload\":\"{}\"}}", "x".repeat(SMALL_BYTES as usize - 1));
    let event = [("ce-specversion", "1.0"), ("ce-type", "small"), ("ce-source", "test")];
    let long_key = "k".repeat(257);
    let cases: Vec<Case<'_>> = vec![
        ("POST", "/v1/jobs", vec![json], "{\"type\":\"a\",}", 400, "malformed-json"),
        ("POST", "/v1/jobs", vec![json], "", 400, "malformed-json"),
        ("POST", "/v1/jobs", vec![json], "[]", 400, "invalid-field"),
        ("POST", "/v1/jobs", vec![json], "{}", 400, "invalid-field"),
        ("POST", "/v1/jobs", vec![json], "{\"type\":7}", 400, "invalid-field"),
        ("POST", "/v1/jobs", vec![json], "{\"type\":\"hello\",\"type\":\"hello\"}", 400, "invalid-field"),
        ("POST", "/v1/jobs", vec![json], "{\"type\":\"hello\",\"run_at\":1}", 400, "not-built"),
        ("POST", "/v1/jobs", vec![json], "{\"type\":\"hello\",\"payloda\":1}", 400, "unknown-field"),
        (
            "POST",
            "/v1/jobs",
            vec![json],
            "{\"type\":\"hello\",\"idempotency_key\":\"\"}",
            400,
            "invalid-field",
        ),
        (
            "POST",
            "/v1/jobs",
            vec![json, key("a")],
            "{\"type\":\"hello\",\"idempotency_key\":\"b\"}",
            400,
            "invalid-field",
        ),
        ("POST", "/v1/jobs", vec![json, key(&long_key)], "{\"type\":\"hello\"}", 400, "invalid-field"),
        ("POST", "/v1/jobs", vec![json], "{\"type\":\"helo\"}", 404, "unknown-type"),
        ("POST", "/v1/jobs", vec![json], &over, 413, "payload-too-large"),
        ("POST", "/v1/jobs", vec![], "{\"type\":\"hello\"}", 415, "unsupported-media-type"),
        (
            "POST",
            "/v1/jobs",
            vec![("content-type", "text/plain")],
            "{\"type\":\"hello\"}",
            415,
            "unsupported-media-type",
        ),
        ("POST", "/v1/jobs", vec![json, ("content-encoding", "gzip")], "x", 415, "unsupported-media-type"),
        (
            "POST",
            "/v1/jobs",
            vec![("content-type", "application/cloudevents+json")],
            "{}",
            415,
            "unsupported-media-type",
        ),
        ("POST", "/v1/jobs", vec![("ce-specversion", "1.0")], "x", 400, "invalid-event"),
        ("POST", "/v1/jobs", [event.as_slice(), &[("ce-subject", "x")]].concat(), "x", 400, "not-built"),
        (
            "POST",
            "/v1/jobs",
            [event.as_slice(), &[("content-encoding", "br")]].concat(),
            "x",
            415,
            "unsupported-media-type",
        ),
        ("POST", "/v1/jobs", event.to_vec(), "0123456789abcdefg", 413, "body-too-large"),
        ("POST", "/v1/jobs/batch", vec![json], "{\"type\":\"hello\"}", 415, "unsupported-media-type"),
        (
            "POST",
            "/v1/jobs/batch",
            vec![("content-type", "application/x-ndjson")],
            "\n \n",
            400,
            "invalid-field",
        ),
        ("GET", "/v1/jobs", vec![], "", 405, "method-not-allowed"),
        ("PUT", "/v1/jobs/hello/x", vec![], "", 405, "method-not-allowed"),
        ("GET", "/v1/job", vec![], "", 404, "not-found"),
        ("GET", "/v1/jobs/hello/x", vec![], "", 400, "invalid-id"),
        ("GET", "/v1/jobs/hello/%FF", vec![], "", 404, "not-found"),
        (
            "GET",
            "/v1/jobs/hello/0190163d-8694-8001-8000-64c2f1a0b3d5?receit=x",
            vec![],
            "",
            400,
            "invalid-field",
        ),
        (
            "GET",
            "/v1/jobs/hello/0190163d-8694-8001-8000-64c2f1a0b3d5?receipt=x",
            vec![],
            "",
            400,
            "invalid-receipt",
        ),
        ("DELETE", "/v1/jobs/hello/x", vec![], "", 400, "invalid-id"),
        ("DELETE", "/v1/jobs/helo/0190163d-8694-8001-8000-64c2f1a0b3d5", vec![], "", 404, "unknown-type"),
    ];
    for (method, path, headers, body, status, name) in cases {
        let answer = world.call(method, path, &headers, body.to_owned()).await;
        let problem = answer.problem(status, name);
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
    }
    assert!(world.records().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let world = World::new().await;
    let near = world.post("{\"type\":\"email.welcom\"}").await.problem(404, "unknown-type");
    assert_eq!(near["near"], serde_json::json!(["email.welcome"]));
    assert!(near["detail"].as_str().unwrap().contains("Did you mean `email.welcome`?"), "{near}");

    let place =
        world.post("{\n  \"type\": \"hello\",\n  \"payload\": tru\n}").await.problem(400, "malformed-json");
    assert_eq!(
        (&place["line"], &place["column"], &place["byte"]),
        (&3.into(), &17.into(), &37.into()),
        "{place}"
    );

    let over = format!("{{\"type\":\"small\",\"payload\":\"{}\"}}", "x".repeat(SMALL_BYTES as usize));
    let sizes = world.post(over).await.problem(413, "payload-too-large");
    assert_eq!((&sizes["bytes"], &sizes["bytes_max"]), (&18.into(), &16.into()), "{sizes}");

    let huge = world.post(vec![b' '; 3 << 20]).await.problem(413, "body-too-large");
    assert_eq!(
        (&huge["bytes"], &huge["bytes_max"]),
        (&(3 << 20).into(), &((1 << 20) + (64 << 10)).into()),
        "{huge}"
    );

    world.catalog.send_replace(Arc::new(Catalog::default()));
    let none = world.post("{\"type\":\"hello\"}").await.problem(404, "unknown-type");
    assert!(none["detail"].as_str().unwrap().contains("No types are defined yet"), "{none}");
    world.end().await;
}
