//! A guard against browsers, for a gateway without authentication: a page of another origin must not reach it, be it
//! directly (cross-site request) or through a name that suddenly points here (DNS rebinding). A gateway that asks for
//! tokens needs it not: a foreign page knows no token, and a browser adds none by itself, but for the session of the console's
//! pages, which have guards of their own.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::{Kind, Problem};

/// The names this gateway may be called by. Addresses are always among them: a page cannot be served from an address
/// that is not its own, so they cannot be rebound.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    names: Arc<[String]>,
    any: bool,
}

impl Hosts {
    /// `localhost` and its subdomains, and any address.
    pub fn local() -> Self {
        Self::default()
    }

    /// These names as well, without port.
    pub fn with(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: names.into_iter().map(|name| name.to_ascii_lowercase()).collect(), any: false }
    }

    /// Whatever name it is called by, and from whatever page: for a gateway where each route that tells or changes
    /// something asks for a token. What takes a token from a cookie has to refuse forms of foreign pages itself.
    pub fn any() -> Self {
        Self { any: true, ..Self::default() }
    }

    fn knows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.ends_with(".localhost")
            || bare.parse::<IpAddr>().is_ok()
            || self.names.contains(&host)
    }

    /// Refuses a request that was meant for another host, and one that a foreign page asks to change something.
    ///
    /// # Errors
    /// 403, saying what was foreign.
    pub fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        if self.any {
            return Ok(());
        }
        let text =
            |name| headers.get(name).map(|value: &axum::http::HeaderValue| value.to_str().unwrap_or("?"));
        let called = uri
            .authority()
            .map(axum::http::uri::Authority::as_str)
            .or_else(|| text(HOST))
            .unwrap_or_default();
        if !self.knows(without_port(called)) {
            let detail =
                format!("`{called}` is not a name of this gateway; call it localhost, or by its address.");
            return Err(Problem::new(Kind::ForeignHost, detail));
        }
        if method.is_safe() {
            return Ok(());
        }
        match text(ORIGIN) {
            Some(origin)
                if origin.split_once("://").is_none_or(|(_, from)| !from.eq_ignore_ascii_case(called)) =>
            {
                let detail = format!("A page of `{origin}` may not change anything here.");
                return Err(Problem::new(Kind::ForeignOrigin, detail));
            }
            _ => {}
        }
        match headers.get("sec-fetch-site").map(axum::http::HeaderValue::as_bytes) {
            Some(site) if site != b"same-origin" && site != b"none" => {
                Err(Problem::new(Kind::ForeignOrigin, "A page of another site may not change anything here."))
            }
            _ => Ok(()),
        }
    }
}

/// Puts the guard in front of every route of `router`.
pub fn guard(router: Router, hosts: Hosts) -> Router {
    router.layer(middleware::from_fn_with_state(hosts, refuse_foreign))
}

async fn refuse_foreign(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    match hosts.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn without_port(called: &str) -> &str {
    match called.rsplit_once(':') {
        // `[::1]` has colons of its own.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(':') => host,
        _ => called,
    }
}

#[cfg(test)]
mod tests;
