//! Which tokens open what, and what the others are told.
#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::Value;
use tower_service::Service;

use super::{Access, Refused, Right, Token, TokenHash, protect};
use crate::finish;

const APP: &str = "wm_app";
const OPS: &str = "wm_ops";

fn access() -> Access {
    let token = |name: &str, text, right| Token { name: name.into(), right, hash: TokenHash::of(text) };
    Access::new([token("app", APP, Right::Enqueue), token("ops", OPS, Right::Operate)])
}

fn headers(values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (super::AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
}

#[test]
fn the_hash_is_sha_256_of_the_whole_text() {
    // `printf wm_app | sha256sum`
    let hash = "d1ed6f7a2ade10cd7281d478536601f18a812c3c6715b9f9daf2870a28e4a43e";
    assert_eq!(format!("{:?}", TokenHash::of(APP)), hash);
}

#[test]
fn a_token_stands_in_one_bearer_header() {
    let who = |values: &[&str]| access().check(Right::Enqueue, &headers(values)).map(|caller| caller.name);
    for good in ["Bearer wm_app", "bearer wm_app", "BEARER   wm_app "] {
        assert_eq!(who(&[good]).as_deref(), Ok("app"), "{good}");
    }
    let missing = Err(Refused::Missing { needed: Right::Enqueue });
    for none in ["", "Bearer", "Bearer ", "wm_app", "Basic wm_app", "Bearerwm_app", "Bearer\twm_app"] {
        assert_eq!(who(&[none]), missing, "{none:?}");
    }
    assert_eq!(who(&[]), missing);
    assert_eq!(who(&["Bearer wm_app", "Bearer wm_app"]), missing);
    let long = format!("Bearer {}", "x".repeat(30_000));
    for unknown in ["Bearer wm_ap", "Bearer WM_APP", "Bearer wm_app wm_ops", "Bearer app", &long] {
        assert_eq!(who(&[unknown]), Err(Refused::Unknown), "{unknown:.20}");
    }
}

#[test]
fn the_greater_right_includes_the_lesser() {
    let check = |token: &str, right| access().check(right, &headers(&[&format!("Bearer {token}")])).is_ok();
    assert!(check(APP, Right::Enqueue) && check(OPS, Right::Enqueue) && check(OPS, Right::Operate));
    assert!(!check(APP, Right::Operate));
}

fn needs(method: &Method, route: &str) -> Option<Right> {
    match (method, route) {
        (_, "/open") => None,
        (&Method::GET, "/jobs/{id}") => Some(Right::Enqueue),
        _ => Some(Right::Operate),
    }
}

async fn ask(access: Access, uri: &str, token: Option<&str>) -> Response<Body> {
    let router = Router::new()
        .route("/open", get(async || "open"))
        .route("/jobs/{id}", get(async || "a job"))
        .route("/admin", post(async || "done").get(async || "admin"));
    let mut request = Request::builder().uri(uri);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    finish(protect(router, access, needs)).call(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn each_route_asks_for_its_right() {
    for (uri, none, app, ops) in [
        ("/open", 200, 200, 200),
        ("/jobs/7", 401, 200, 200),
        ("/admin", 401, 403, 200),
        ("/nowhere", 404, 404, 404),
    ] {
        assert_eq!(ask(access(), uri, None).await.status(), none, "{uri}");
        assert_eq!(ask(access(), uri, Some(APP)).await.status(), app, "{uri}");
        assert_eq!(ask(access(), uri, Some(OPS)).await.status(), ops, "{uri}");
        // Without tokens nothing is asked.
        assert!(ask(Access::default(), uri, None).await.status() != 401, "{uri}");
    }
}

#[tokio::test]
async fn refusals_say_what_is_needed_and_never_repeat_the_token() {
    for (token, status, name, says, challenge) in [
        (None, 401, "token-missing", "the right `operate`: send", "Bearer"),
        (Some("wm_secret"), 401, "token-unknown", "not known here", "Bearer error=\"invalid_token\""),
        (
            Some(APP),
            403,
            "right-missing",
            "needs the right `operate`; the token `app` has `enqueue`",
            "Bearer error=\"insufficient_scope\", scope=\"operate\"",
        ),
    ] {
        let response = ask(access(), "/admin", token).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["www-authenticate"], challenge);
        assert!(!format!("{:?}", response.headers()).contains("wm_"));
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(problem["type"], format!("urn:wasmill:problem:{name}"));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says) && !detail.contains("wm_"), "{detail}");
    }
}
