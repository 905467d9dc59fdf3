//! What a browser is shown where it is not let in: a page that stands for itself, because nothing else is open to it.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{Html, IntoResponse, Response};

use crate::Problem;

/// A little style, so that it looks like a page of ours: theirs is not open to whoever is not let in.
const STYLE: &str = "html{font:14px/1.45 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Liberation Sans\",sans-serif}\
                     main{max-width:40rem;margin:3rem auto;padding:0 1.2rem}h1{font-size:1.5rem}";
/// Allows that style, by the SHA-256 of its bytes, and nothing else: a browser tells when the two do not fit.
const POLICY: &str = "default-src 'none'; style-src 'sha256-M1kpLfdiOJCldE/t/nXEy8CbzLZsKGdmbx0PI6LxVOU='; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The problem as a page, with a link to go on.
pub(crate) fn notice(problem: &Problem, (link, label): (&str, &str)) -> Response {
    let (title, detail) = (escape(problem.kind().title()), escape(problem.detail()));
    let (link, label) = (escape(link), escape(label));
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title} · Wasmill</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{detail}</p>\
         <p><a href=\"{link}\">{label}</a></p></main></body></html>"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ];
    let mut response = (problem.status(), Html(page)).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.extensions_mut().insert(problem.kind());
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
