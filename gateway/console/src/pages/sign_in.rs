//! `/console/sign-in` and `/console/sign-out`: a browser gets a session with a token, and gives it up.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use wasmill_http::{Caller, Kind, Problem, Subject, close_session, open_session, page_after, session};
use wasmill_log::Log;
use wasmill_queue::Queue;

use super::part::help::command;
use super::visit::Visit;
use crate::router::Console;

/// Where to go then.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

/// No `Debug`: it holds a token.
#[derive(Deserialize)]
struct SignInForm {
    secret: String,
    #[serde(default)]
    next: String,
}

/// A form without fields of its own.
#[derive(Deserialize)]
struct Nothing {}

const TITLE: &str = "Sign in";
const SIGN_IN: &str = "/console/sign-in";

/// `GET /console/sign-in`.
pub(super) async fn show<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let next = asked.map(|Query(asked)| asked.next).unwrap_or_default();
    let next = page_after(&next);
    if console.tokens.access.is_open() {
        return Redirect::to(next).into_response();
    }
    let body = form(&visit, next, None);
    visit.bare(StatusCode::OK, None, TITLE, body)
}

/// `POST /console/sign-in`.
pub(super) async fn sign_in<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    headers: HeaderMap,
    body: Body,
) -> Response {
    subject.is("console");
    let SignInForm { secret, next } = match visit.form(&headers, body, &console.bodies).await {
        Ok(form) => form,
        Err(problem) => return again(visit, "", &problem),
    };
    let next = page_after(&next);
    if console.tokens.access.is_open() {
        return Redirect::to(next).into_response();
    }
    match enter(&console, secret.trim(), &headers) {
        Ok((caller, cookie)) => {
            let mut response = to(next);
            response.headers_mut().append(SET_COOKIE, cookie);
            // For the audit: nobody asked for a token before this.
            response.extensions_mut().insert(caller);
            response
        }
        Err(problem) => again(visit, next, &problem),
    }
}

/// `POST /console/sign-out`. The token goes on to work: whoever has it elsewhere is not affected.
pub(super) async fn sign_out<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    subject: Subject,
    visit: Visit,
    headers: HeaderMap,
    body: Body,
) -> Response {
    subject.is("console");
    if let Err(problem) = visit.form::<Nothing>(&headers, body, &console.bodies).await {
        return again(visit, "", &problem);
    }
    let mut response = to(SIGN_IN);
    response.headers_mut().append(SET_COOKIE, close_session());
    if let Some(Ok(caller)) = session(&headers).map(|token| console.tokens.access.caller(token)) {
        response.extensions_mut().insert(caller);
    }
    response
}

/// Whose token it is, and the cookie that keeps it.
fn enter<L, Q>(
    console: &Console<L, Q>,
    token: &str,
    headers: &HeaderMap,
) -> Result<(Caller, HeaderValue), Problem> {
    let caller = console.tokens.access.caller(token)?;
    let cookie = open_session(token, headers).ok_or_else(|| {
        let detail = "This token has characters that a cookie cannot hold; `wasmill token create` makes one that has none.";
        Problem::new(Kind::InvalidField, detail)
    })?;
    Ok((caller, cookie))
}

fn to(next: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // A way back that was let through is ASCII.
    let next = HeaderValue::from_str(next).unwrap_or(HeaderValue::from_static("/console"));
    response.headers_mut().insert(LOCATION, next);
    response
}

/// The form once more, with what was wrong.
fn again(visit: Visit, next: &str, problem: &Problem) -> Response {
    let body = form(&visit, next, Some(problem));
    visit.bare(problem.status(), Some(problem.kind()), TITLE, body)
}

fn form(visit: &Visit, next: &str, problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem { p.flash.bad role="alert" { (problem.detail()) } }
        form.filter method="post" action=(SIGN_IN) {
            (visit.field())
            input type="hidden" name="next" value=(next);
            label for="secret" { "Token" }
            input #secret type="password" name="secret" required maxlength="256" autocomplete="current-password" spellcheck="false" autofocus;
            button type="submit" { "Sign in" }
        }
        p.quiet {
            "This browser keeps it in a cookie until it is closed, or you sign out. The cookie opens these pages, and nothing else. \
             Whoever runs this mill makes a token for you:"
        }
        (command("token-create", "wasmill token create NAME --role read --role operate --expires 90d"))
        // A link from another site brings no session with it; this one does.
        p { a href=(if next.is_empty() { "/console" } else { next }) { "I have signed in here before: go on" } }
    }
}
