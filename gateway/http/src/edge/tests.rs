//! What every answer has in common, asked of a router directly.
#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::get;
use http_body_util::BodyExt;
use serde_json::Value;
use tower_service::Service;

use crate::finish;

async fn ask(request: Request<Body>) -> Response<Body> {
    let router = Router::new()
        .route("/there", get(async || "here"))
        .route("/panic", get(async || -> &'static str { panic!("a bug") }));
    finish(router).call(request).await.unwrap()
}

async fn problem(response: Response<Body>) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn unknown_addresses_methods_panics_and_long_addresses_are_problems() {
    let long = format!("/there?{}", "x".repeat(9_000));
    for (method, uri, status, name) in [
        ("GET", "/nowhere", 404, "not-found"),
        ("POST", "/there", 405, "method-not-allowed"),
        ("GET", "/panic", 500, "internal"),
        ("GET", &long, 414, "uri-too-long"),
    ] {
        let response = ask(Request::builder().method(method).uri(uri).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status, "{method} {uri}");
        assert!(response.headers().contains_key("x-request-id"));
        if status == 405 {
            assert_eq!(response.headers()["allow"], "GET,HEAD");
        }
        let problem = problem(response).await;
        assert_eq!(problem["type"], format!("urn:wasmill:problem:{name}"));
        assert_eq!(problem["status"], status);
    }
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_sane_and_made_when_not() {
    let with =
        |id: &str| Request::builder().uri("/there").header("x-request-id", id).body(Body::empty()).unwrap();
    assert_eq!(ask(with("abc-1")).await.headers()["x-request-id"], "abc-1");
    for bad in ["", "a b", &"x".repeat(129)] {
        let made = ask(with(bad)).await.headers()["x-request-id"].clone();
        assert_eq!(made.len(), 16, "{bad:?}");
    }
}
