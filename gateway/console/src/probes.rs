//! `/metrics`, `/healthz` and `/readyz`: what monitors ask. They tell nothing about jobs' contents and are not guarded.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use wasmill_http::{Kind, Problem};

/// The answers, handed in by whoever composes the process.
#[derive(Clone)]
pub struct Probes {
    /// The metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// What the process still waits for before it can do its work, a sentence each; nothing when it is ready.
    pub missing: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What is in trouble although the process can do work, a sentence each.
    pub remarks: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
}

/// The routes of the probes. `/healthz` answers as long as the process can answer at all.
pub fn probes(probes: Probes) -> Router {
    let Probes { metrics, missing, remarks } = probes;
    let render = move || {
        let metrics = Arc::clone(&metrics);
        async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics()) }
    };
    let ready = move || {
        let (missing, remarks) = (Arc::clone(&missing), Arc::clone(&remarks));
        async move { readiness(missing(), &remarks()) }
    };
    Router::new()
        .route("/metrics", get(render))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
}

fn readiness(missing: Vec<String>, remarks: &[String]) -> Response {
    if missing.is_empty() {
        let remarks = remarks.iter().map(|remark| format!("but: {remark}\n"));
        return std::iter::once("ready\n".to_owned()).chain(remarks).collect::<String>().into_response();
    }
    let detail = format!("Not ready: {}.", missing.join("; "));
    Problem::new(Kind::Unavailable, detail).with("missing", missing).into_response()
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probes")
    }
}
