//! A visit: who looks at a page or sends a form, what the page has to say of the action before, and how it is answered.

use std::convert::Infallible;

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_TYPE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasmill_http::{Budget, Caller, Kind, Problem, is_https, read_body, require, session};
use wasmill_job::TokenName;

use super::cookie::{self, Flash};
use super::may::May;
use super::part::form::TokenField;
use super::part::quote::word;
use super::shell::{Account, Section, bare, shell};

/// The largest form, in bytes.
const FORM_BYTES_MAX: usize = 64 << 10;
const FORM: &str = "application/x-www-form-urlencoded";

/// Who looks, or acts.
pub(super) struct Visit {
    token: String,
    is_new: bool,
    flash: Option<Flash>,
    pub(super) caller: Caller,
    pub(super) may: May,
    /// Whether the browser was let in by its session, so that it can give it up.
    has_session: bool,
    /// How the browser calls this process, such as `http://127.0.0.1:8420`.
    origin: String,
}

/// The field that every form has.
#[derive(Deserialize)]
struct Repeated {
    #[serde(default)]
    token: String,
}

impl Visit {
    /// The field that lets a form of this page be sent.
    pub(super) fn field(&self) -> TokenField<'_> {
        TokenField(&self.token)
    }

    /// A command that asks this process for what is at `path`, with more arguments: as the reader's shell takes it.
    pub(super) fn curl(&self, arguments: &str, path: &str) -> String {
        let token = match self.caller.name() {
            Some(_) => "-H \"Authorization: Bearer $WASMILL_TOKEN\" ",
            None => "",
        };
        format!("curl {token}{arguments}{}", word(&format!("{}{path}", self.origin)))
    }

    /// The page, or one that says why there is none.
    pub(super) fn page(self, section: Section, title: &str, body: Result<Markup, Problem>) -> Response {
        let (status, kind, title, body) = match body {
            Ok(body) => (StatusCode::OK, None, title, body),
            Err(problem) => {
                (problem.status(), Some(problem.kind()), problem.kind().title(), trouble(&problem))
            }
        };
        let name = self.caller.name().map(TokenName::as_str);
        let account = Account { name, sign_out: self.has_session.then(|| self.field()) };
        let page = shell(section, title, self.flash.as_ref(), account, body);
        self.answer(status, kind, page)
    }

    /// A page for somebody who has not signed in: without what only others can reach.
    pub(super) fn bare(self, status: StatusCode, kind: Option<Kind>, title: &str, body: Markup) -> Response {
        let page = bare(title, body);
        self.answer(status, kind, page)
    }

    fn answer(&self, status: StatusCode, kind: Option<Kind>, page: Markup) -> Response {
        let mut response = (status, Html(page.into_string())).into_response();
        note(&mut response, kind);
        if self.is_new {
            add_cookie(&mut response, &cookie::set_token(&self.token));
        }
        if self.flash.is_some() {
            add_cookie(&mut response, &cookie::clear_flash());
        }
        response
    }

    /// Reads a form of one of our own pages.
    ///
    /// # Errors
    /// 403 when it does not come from one: another origin, or without the token that our forms repeat.
    pub(super) async fn form<T: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
        body: Body,
        budget: &Budget,
    ) -> Result<T, Problem> {
        refuse_foreign(headers)?;
        require(headers, &[FORM])?;
        let text = read_body(body, FORM_BYTES_MAX, &mut budget.hold()).await?;
        let Repeated { token } = read(text.clone()).await?;
        if self.is_new || !cookie::same_token(&self.token, &token) {
            let detail = "The form does not carry the token of this browser: nothing was done. Go back, reload the page, and \
                          send the form again; cookies of this address must be allowed.";
            return Err(Problem::new(Kind::ForeignOrigin, detail));
        }
        read(text).await
    }

    /// The answer to an action: the page to look at next, with what came of it.
    pub(super) fn done(self, next: &str, outcome: Result<String, Problem>) -> Response {
        let (flash, kind) = match outcome {
            Ok(text) => (Flash { is_good: true, text }, None),
            Err(problem) => {
                (Flash { is_good: false, text: problem.detail().to_owned() }, Some(problem.kind()))
            }
        };
        let mut response = StatusCode::SEE_OTHER.into_response();
        note(&mut response, kind);
        // Addresses that pages write are ASCII.
        let next = HeaderValue::from_str(next).unwrap_or(HeaderValue::from_static("/console"));
        response.headers_mut().insert(LOCATION, next);
        add_cookie(&mut response, &cookie::set_flash(&flash));
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let known = cookie::token(&parts.headers);
        let scheme = if is_https(&parts.headers) { "https" } else { "http" };
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8420");
        Ok(Self {
            is_new: known.is_none(),
            token: known.unwrap_or_else(cookie::new_token),
            flash: cookie::flash(&parts.headers),
            may: May::of(&caller),
            caller,
            has_session: session(&parts.headers).is_some(),
            origin: format!("{scheme}://{host}"),
        })
    }
}

/// A form that a browser sends says where it comes from; one that does not say is no form of ours.
fn refuse_foreign(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_own = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            origin.split_once("://").is_some_and(|(_, from)| Some(from) == text(HOST.as_str()))
        }
        (None, None) => false,
    };
    if is_own {
        return Ok(());
    }
    let detail =
        "This form was not sent by a page of this console: nothing was done. Programs use the API under /v1.";
    Err(Problem::new(Kind::ForeignOrigin, detail))
}

async fn read<T: DeserializeOwned>(text: bytes::Bytes) -> Result<T, Problem> {
    let mut request = Request::new(Body::from(text));
    *request.method_mut() = axum::http::Method::POST;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
    let Form(form) = Form::from_request(request, &())
        .await
        .map_err(|error| Problem::new(Kind::InvalidField, format!("{}.", error.body_text())))?;
    Ok(form)
}

/// Says what went wrong to whoever measures and tells answers: a page and a redirect do not show it.
fn note(response: &mut Response, kind: Option<Kind>) {
    if let Some(kind) = kind {
        response.extensions_mut().insert(kind);
    }
}

fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// What is said instead of a page.
fn trouble(problem: &Problem) -> Markup {
    let what_to_do = match problem.kind() {
        Kind::Unavailable | Kind::ShuttingDown | Kind::Busy => {
            "Reload in a moment. /readyz says what this process waits for."
        }
        Kind::Internal => "This is a bug, or a store is damaged; the log of this process says more.",
        _ => "",
    };
    html! {
        section.notice.bad aria-label="What is the matter" {
            p.detail { (problem.detail()) }
            @if !what_to_do.is_empty() { p { (what_to_do) } }
        }
        p { a href="/console" { "Overview" } }
    }
}
