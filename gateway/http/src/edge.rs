//! What every request passes on its way in and every answer on its way out: an id, a limit on the address, problem
//! documents instead of bare statuses and panics, and a measurement.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::{Caller, Kind, Problem};

/// Names a request in answers and logs. A caller's own id is kept when it is sane.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest address accepted, in bytes: far above any of ours, and what proxies commonly take.
const URI_BYTES_MAX: usize = 8 << 10;

/// The longest request id taken from a caller, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Completes a router: unknown addresses and methods answer with problem documents, panics with 500, every answer
/// carries a request id and is measured. To be called once, on the whole.
pub fn finish(router: Router) -> Router {
    router
        .fallback(unknown_address)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::from_fn(pass))
}

async fn pass(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match request.uri().path_and_query().map_or(0, |path| path.as_str().len()) {
        bytes if bytes > URI_BYTES_MAX => too_long(bytes).into_response(),
        _ => AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| panicked(&id)),
    };
    measure(&method, path.as_ref(), &response, began);
    log(&method, path.as_ref(), &response, &id);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn request_id(request: &Request) -> HeaderValue {
    let sane = |id: &&HeaderValue| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    request.headers().get(REQUEST_ID).filter(sane).cloned().unwrap_or_else(|| {
        let text = format!("{:016x}", rand::random::<u64>());
        // Hexadecimal digits are always a header value.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0"))
    })
}

fn measure(method: &Method, path: Option<&MatchedPath>, response: &Response, began: Instant) {
    // Only addresses we know become labels: a stranger must not be able to make metrics.
    let route = path.map_or_else(|| "none".into(), |path| std::borrow::Cow::Owned(path.as_str().to_owned()));
    let labels = [
        ("method", method_label(method).into()),
        ("route", metrics::SharedString::from(route)),
        ("status", metrics::SharedString::from(response.status().as_str().to_owned())),
    ];
    metrics::histogram!("wasmill_http_request_seconds", &labels).record(began.elapsed().as_secs_f64());
    if let Some(kind) = response.extensions().get::<Kind>() {
        metrics::counter!("wasmill_http_problems_total", "kind" => kind.name()).increment(1);
    }
}

fn log(method: &Method, path: Option<&MatchedPath>, response: &Response, id: &HeaderValue) {
    let (status, id) = (response.status().as_u16(), id.to_str().unwrap_or_default());
    let route = path.map(MatchedPath::as_str);
    let problem = response.extensions().get::<Kind>().map(|kind| kind.name());
    // The name of the token, never the token.
    let caller = response.extensions().get::<Caller>().and_then(Caller::name).map(|name| name.as_str());
    // A probe that says "not yet" is an answer, and orchestrators ask every second.
    if status >= 500 && route != Some("/readyz") {
        tracing::warn!(%method, route, status, problem, caller, request_id = id, "request failed");
    } else {
        tracing::debug!(%method, route, status, problem, caller, request_id = id, "request");
    }
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

fn panicked(id: &HeaderValue) -> Response {
    let id = id.to_str().unwrap_or_default();
    tracing::error!(request_id = id, "a request handler panicked");
    let detail = format!("This is a bug in the gateway. Its log says more about request {id}.");
    Problem::new(Kind::Internal, detail).into_response()
}

fn too_long(bytes: usize) -> Problem {
    let detail = format!("The address is {bytes} bytes long; at most {URI_BYTES_MAX} are accepted.");
    Problem::new(Kind::UriTooLong, detail).with("bytes", bytes).with("bytes_max", URI_BYTES_MAX)
}

async fn unknown_address(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(Kind::NotFound, format!("There is nothing at `{path}`; /openapi.json lists what there is."))
}

async fn unknown_method(method: Method, uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    let detail = format!("`{path}` does not know {method}; the Allow header says what it knows.");
    Problem::new(Kind::MethodNotAllowed, detail)
}

#[cfg(test)]
mod tests;
