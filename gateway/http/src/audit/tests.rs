//! One line for each call of what changes something, whatever becomes of it.
#![allow(clippy::unwrap_used)]

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::routing::post;
use axum::{Extension, Router};
use serde_json::Value;
use tower_service::Service;
use wasmill_job::{Role, Roles, Scope, SystemClock, TokenHash};

use crate::{Access, Kind, Problem, Rule, Subject, Token, audit, finish, protect};

/// Keeps what is written.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    /// The lines of the audit since the last look.
    fn audit(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let lines = String::from_utf8(bytes).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["target"] == "audit").collect()
    }
}

fn rules(method: &Method, route: &str) -> Rule {
    match (method, route) {
        (&Method::GET, _) => Rule::roles(&[Role::Read]),
        (&Method::POST, "/plan") => Rule::roles(&[Role::Deploy]),
        (&Method::POST, "/apply") => Rule::roles(&[Role::Deploy]).changes("apply"),
        _ => Rule::undecided(method),
    }
}

fn router() -> Router {
    let apply = async |subject: Subject| {
        subject.is("revision 7");
        "done"
    };
    let fail = async |subject: Subject| {
        subject.is("type mail");
        Problem::new(Kind::InUse, "no")
    };
    let router = Router::new()
        .route("/apply", post(apply).get(async || "shown"))
        .route("/plan", post(async || "planned"))
        .route("/new", post(fail))
        .route("/form", post(async || (StatusCode::SEE_OTHER, [("location", "/page")])))
        .route("/bad-form", post(async || (StatusCode::SEE_OTHER, Extension(Kind::InUse))))
        .route("/foreign-form", post(async || (StatusCode::SEE_OTHER, Extension(Kind::TypeForbidden))))
        .route("/panic", post(async || -> &'static str { panic!("a bug") }))
        .route("/never", post(async || std::future::pending::<&'static str>().await));
    let token = |name: &str, role| Token {
        name: name.parse().unwrap(),
        roles: Roles::of(&[role]),
        scope: Scope::WHOLE,
        hash: TokenHash::of(&format!("wm_{name}")),
        expires_at: None,
    };
    let tokens = vec![token("ci", Role::Deploy), token("ops", Role::Operate)];
    finish(audit(protect(router, Access::new(tokens, Arc::new(SystemClock)), rules), rules))
}

fn request(method: &str, uri: &str, token: &str) -> Request<Body> {
    let request =
        Request::builder().method(method).uri(uri).header("authorization", format!("Bearer {token}"));
    request.header("x-forwarded-for", "10.0.0.9").body(Body::empty()).unwrap()
}

fn listen() -> (Page, tracing::subscriber::DefaultGuard) {
    let page = Page::default();
    let writer = page.clone();
    let builder = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
    (page, tracing::subscriber::set_default(builder.finish()))
}

#[tokio::test]
async fn each_change_is_told_once_with_who_what_and_how_it_ended() {
    let (page, _listening) = listen();
    for (method, uri, token, wanted) in [
        ("POST", "/apply", "wm_ci", Some(("apply", "revision 7", "ci", "done", 200))),
        ("POST", "/apply", "wm_ops", Some(("apply", "/apply", "ops", "refused", 403))),
        ("POST", "/apply", "wm_nobody", Some(("apply", "/apply", "anonymous", "refused", 401))),
        ("POST", "/new", "wm_ops", Some(("undecided", "type mail", "ops", "failed", 409))),
        ("POST", "/form", "wm_ops", Some(("undecided", "/form", "ops", "done", 303))),
        ("POST", "/bad-form", "wm_ops", Some(("undecided", "/bad-form", "ops", "failed", 303))),
        ("POST", "/foreign-form", "wm_ops", Some(("undecided", "/foreign-form", "ops", "refused", 303))),
        ("GET", "/apply", "wm_ci", None),
        ("POST", "/plan", "wm_ci", None),
        ("POST", "/nowhere", "wm_ci", None),
    ] {
        router().call(request(method, uri, token)).await.unwrap();
        let lines = page.audit();
        let Some((action, subject, caller, outcome, status)) = wanted else {
            assert!(lines.is_empty(), "{method} {uri}: {lines:?}");
            continue;
        };
        let [line] = &lines[..] else { panic!("{method} {uri}: {lines:?}") };
        assert_eq!((&line["action"], &line["subject"]), (&action.into(), &subject.into()), "{line}");
        assert_eq!((&line["caller"], &line["outcome"]), (&caller.into(), &outcome.into()), "{line}");
        assert_eq!((&line["status"], &line["forwarded_for"]), (&status.into(), &"10.0.0.9".into()), "{line}");
        assert_eq!(line["from"], "unknown", "there is no connection here");
        assert!(!line.to_string().contains("wm_"), "{line}");
    }
}

#[tokio::test]
async fn a_caller_who_leaves_and_a_handler_that_panics_are_told_all_the_same() {
    let (page, _listening) = listen();
    router().call(request("POST", "/panic", "wm_ops")).await.unwrap();
    let lines = page.audit();
    assert_eq!((lines.len(), &lines[0]["outcome"]), (1, &"unknown".into()), "{lines:?}");
    {
        let mut router = router();
        let mut call = pin!(router.call(request("POST", "/never", "wm_ops")));
        poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        assert!(page.audit().is_empty(), "it goes on");
    }
    let lines = page.audit();
    assert_eq!((lines.len(), &lines[0]["outcome"]), (1, &"unknown".into()), "{lines:?}");
    assert_eq!(lines[0]["subject"], "/never");
}
