//! Everything a caller can get wrong has an answer that says what to do.

use bytes::Bytes;
use hyper::Method;
use serde_json::json;
use wasmill_tests::World;

#[tokio::test]
async fn refused_jobs_say_why() {
    let world = World::start().await;
    world.route("email.welcome", "hello", "limits = { payload = \"1KiB\" }").await;
    let big = format!("{{\"type\":\"email.welcome\",\"payload\":\"{}\"}}", "x".repeat(2_000));
    let cases = [
        (r#"{"type":"email.welcom","payload":1}"#, 404, "email.welcome"),
        (r#"{"type":"email.welcome","payload":1"#, 400, "column"),
        (r#"{"type":"email.welcome","payload":1,"run_at":"2030-01-01T00:00:00Z"}"#, 400, "run_at"),
        (r#"{"type":"email.welcome","payload":1,"priority":3}"#, 400, "priority"),
        (r#"{"payload":1}"#, 400, "type"),
        (big.as_str(), 413, "1024"),
    ];
    for (body, status, word) in cases {
        let reply = world.connect().await.post("/v1/jobs", body.to_owned()).await.unwrap();
        assert_eq!(reply.status, status, "{body:.60}: {}", reply.text());
        assert!(reply.text().contains(word), "no `{word}` in {}", reply.text());
        assert_eq!(reply.json()["status"], status);
    }
}

#[tokio::test]
async fn refused_modules_say_why() {
    let world = World::start().await;
    let cases: [(&[u8], &str); 3] =
        [(b"this is text", "Wasm"), (b"\0asm\x01\0\0\0", "handle"), (b"", "empty")];
    for (bytes, word) in cases {
        let mut connection = world.connect().await;
        let headers = [("content-type", "application/wasm")];
        let body = Bytes::from_static(bytes);
        let reply = connection.send(Method::POST, "/v1/modules?tag=bad@1.0.0", &headers, body).await.unwrap();
        assert!((400..500).contains(&reply.status), "{}", reply.text());
        assert!(reply.text().contains(word), "no `{word}` in {}", reply.text());
    }
}

#[tokio::test]
async fn a_wrong_catalog_is_refused_with_every_mistake_at_once() {
    let world = World::start().await;
    let text = "[type.a]\nhandlers = [{ module = \"nobody@1.0.0\" }]\nqueue = \"nowhere\"\n\n[type.b]\nhandelrs = []\n";
    let files = json!({ "files": [{ "name": "mill.toml", "text": text }] });
    let reply = world.post("/v1/catalog/apply", &files).await;
    assert_eq!(reply.status, 422, "{}", reply.text());
    let answer = reply.text();
    for word in ["nobody@1.0.0", "nowhere", "handelrs", "mill.toml", "\"line\":6"] {
        assert!(answer.contains(word), "no `{word}` in {answer}");
    }
}
