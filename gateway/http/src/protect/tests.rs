//! Which tokens open what, and what the others are told.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::Value;
use tower_service::Service;
use wasmill_job::{Role, Roles, Scope, SystemClock, TokenHash, TypePattern, UnixMs};

use crate::{Access, Caller, Rule, Token, finish, protect};

fn access() -> Access {
    let billing: Vec<TypePattern> = vec!["billing.*".parse().unwrap()];
    let token = |name: &str, roles: &[Role]| Token {
        name: name.parse().unwrap(),
        roles: Roles::of(roles),
        scope: Scope::WHOLE,
        hash: TokenHash::of(&format!("wm_{name}")),
        expires_at: None,
    };
    let tokens = vec![
        token("app", &[Role::Enqueue]),
        token("ops", &Role::ALL),
        Token { scope: billing.try_into().unwrap(), ..token("billing", &Role::ALL) },
        Token { expires_at: Some(UnixMs(1)), ..token("gone", &Role::ALL) },
    ];
    Access::new(tokens, Arc::new(SystemClock))
}

fn rules(method: &Method, route: &str) -> Rule {
    match (method, route) {
        (_, "/open") => Rule::OPEN,
        (&Method::GET, "/jobs/{id}") => Rule::roles(&[Role::Enqueue, Role::Operate]),
        (&Method::GET, "/metrics") => Rule::whole(&[Role::Read]),
        (&Method::GET, "/mine/{type}") => Rule::roles(&[Role::Read]),
        (_, "/console" | "/console/jobs") => Rule::roles(&[Role::Read]),
        _ => Rule::undecided(method),
    }
}

async fn mine(caller: Caller, axum::extract::Path(name): axum::extract::Path<String>) -> Response<Body> {
    use axum::response::IntoResponse;
    caller.require_type(&name).map(|()| "yours").into_response()
}

async fn ask(access: Access, method: &str, uri: &str, token: Option<&str>) -> Response<Body> {
    let token = token.map(|token| ("authorization", format!("Bearer {token}")));
    send(access, method, uri, token.into_iter().collect()).await
}

async fn send(
    access: Access,
    method: &str,
    uri: &str,
    headers: Vec<(&'static str, String)>,
) -> Response<Body> {
    let router = Router::new()
        .route("/open", get(async || "open"))
        .route("/jobs/{id}", get(async || "a job"))
        .route("/metrics", get(async || "counts"))
        .route("/mine/{type}", get(mine))
        .route("/console", get(async || "page"))
        .route("/console/jobs", get(async || "page").post(async || "done"))
        .route("/admin", post(async || "done").get(async || "admin"));
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    finish(protect(router, access, rules)).call(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn each_route_asks_for_its_role() {
    for (method, uri, none, app, ops, billing) in [
        ("GET", "/open", 200, 200, 200, 200),
        ("GET", "/jobs/7", 401, 200, 200, 200),
        ("HEAD", "/jobs/7", 401, 200, 200, 200),
        ("GET", "/metrics", 401, 403, 200, 403),
        ("GET", "/mine/billing.x", 401, 403, 200, 200),
        ("GET", "/mine/mail", 401, 403, 200, 403),
        // Nobody has decided about it.
        ("POST", "/admin", 401, 403, 200, 403),
        ("GET", "/nowhere", 404, 404, 404, 404),
    ] {
        let status = async |token| ask(access(), method, uri, token).await.status().as_u16();
        let found = (
            status(None).await,
            status(Some("wm_app")).await,
            status(Some("wm_ops")).await,
            status(Some("wm_billing")).await,
        );
        assert_eq!(found, (none, app, ops, billing), "{method} {uri}");
        assert_eq!(status(Some("wm_gone")).await, none, "{method} {uri}");
        // Without tokens nothing is asked.
        let open = Access::new(Vec::new(), Arc::new(SystemClock));
        assert_ne!(ask(open, method, uri, None).await.status(), 401, "{method} {uri}");
    }
}

#[tokio::test]
async fn refusals_say_what_is_needed_and_never_repeat_the_token() {
    let (invalid, narrow) = ("Bearer error=\"invalid_token\"", "Bearer error=\"insufficient_scope\"");
    let role = "Bearer error=\"insufficient_scope\", scope=\"read\"";
    for (token, status, name, says, challenge) in [
        (None, 401, "token-missing", "a token with the role `read`: send", "Bearer"),
        (Some("wm_secret"), 401, "token-unknown", "not known here", invalid),
        (Some("wm_gone"), 401, "token-expired", "`gone` has expired, or was replaced", invalid),
        (Some("wm_app"), 403, "right-missing", "needs the role `read`; the token `app` has `enqueue`", role),
        (Some("wm_billing"), 403, "type-forbidden", "`billing` is for the job types billing.*, and", narrow),
    ] {
        let response = ask(access(), "GET", "/metrics", token).await;
        assert_eq!((response.status().as_u16(), name), (status, name));
        assert_eq!(response.headers()["www-authenticate"], challenge);
        assert!(!format!("{:?}", response.headers()).contains("wm_"));
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(problem["type"], format!("urn:wasmill:problem:{name}"));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says) && !detail.contains("wm_"), "{detail}");
    }
}

#[tokio::test]
async fn a_session_opens_pages_and_nothing_else() {
    let cookie = |token: &str| vec![("cookie", format!("wm_session={token}"))];
    for (method, uri, status) in [
        ("GET", "/console", 200),
        ("POST", "/console/jobs", 200),
        ("GET", "/jobs/7", 401),
        ("GET", "/metrics", 401),
        ("POST", "/admin", 401),
        ("GET", "/mine/billing.x", 401),
    ] {
        let answer = send(access(), method, uri, cookie("wm_ops")).await;
        assert_eq!(answer.status(), status, "{method} {uri}");
    }
    // Whoever sends a header stands and falls by it.
    for (header, status) in [("Bearer wm_ops", 200), ("Bearer wm_nobody", 401), ("Basic x", 401)] {
        let both = [cookie("wm_ops"), vec![("authorization", header.to_owned())]].concat();
        let answer = send(access(), "GET", "/console", both).await;
        assert_eq!(answer.status(), status, "{header}");
        if status == 401 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{header}");
        }
    }
}

#[tokio::test]
async fn a_browser_without_a_session_is_sent_to_sign_in_and_one_with_a_wrong_one_is_told() {
    let to = async |uri: &str| {
        let answer = send(access(), "GET", uri, Vec::new()).await;
        assert_eq!(answer.status(), 303, "{uri}");
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(to("/console").await, "/console/sign-in");
    assert_eq!(
        to("/console/jobs?type=a&state=b").await,
        "/console/sign-in?next=/console/jobs%3Ftype%3Da%26state%3Db"
    );
    let cookie = |token: &str| vec![("cookie", format!("wm_session={token}"))];
    for (method, headers, status, says) in [
        ("POST", Vec::new(), 401, "You are not signed in any more"),
        ("GET", cookie("wm_secret"), 401, "This token is not known here"),
        ("GET", cookie("wm_gone"), 401, "`gone` has expired"),
        ("GET", cookie("wm_app"), 403, "This needs the role `read`; the token `app` has `enqueue`."),
        ("POST", cookie("wm_app"), 403, "This needs the role `read`"),
    ] {
        let answer = send(access(), method, "/console/jobs", headers).await;
        assert_eq!(answer.status(), status, "{says}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert!(answer.headers().contains_key("content-security-policy"));
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let page = String::from_utf8(body.to_vec()).unwrap();
        assert!(page.contains(says) && page.contains("href=\"/console/sign-in"), "{page}");
        assert!(!page.contains("wm_"), "{page}");
    }
}

#[test]
fn nobody_gives_away_more_than_they_have() {
    let caller = |roles: &[Role], expires_at| {
        let name = "ops".parse().unwrap();
        Caller::with(crate::caller::Shown {
            name,
            roles: Roles::of(roles),
            scope: Scope::WHOLE,
            expires_at,
            hash: TokenHash::of("wm_ops"),
        })
    };
    let (deploy, operate) = (Roles::of(&[Role::Deploy]), Roles::of(&[Role::Operate]));
    let operator = caller(&[Role::Operate, Role::Read], Some(UnixMs(7)));
    assert!(operator.require_no_more(operate, Some(UnixMs(7))).is_ok());
    for (roles, end) in [
        (deploy, Some(UnixMs(7))),
        (Roles::ALL, Some(UnixMs(7))),
        (operate, None),
        (operate, Some(UnixMs(8))),
    ] {
        assert_eq!(operator.require_no_more(roles, end).unwrap_err().status(), 403, "{roles} {end:?}");
    }
    assert!(caller(&Role::ALL, None).require_no_more(Roles::ALL, None).is_ok());
}
