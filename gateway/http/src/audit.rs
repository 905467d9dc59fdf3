//! The audit: one log line, with the target `audit`, for each call of a route that changes something, whatever became of it.
//! It stands in front of the routes, so that a new one cannot forget it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;

use crate::rule::rule_of;
use crate::{Caller, Kind, Rules};

/// The target of the lines.
const AUDIT: &str = "audit";

/// The other end of the connection that a request came by. Stands in its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What a change is about, in a handler's words. Until it says so, the address that was asked. Cheap to clone.
///
/// It is not handed back with the answer, because what went wrong is about something, too, and a problem has no room for it.
#[derive(Clone, Debug, Default)]
pub struct Subject(Arc<Mutex<Option<String>>>);

/// A line, written when it is dropped: also for a caller who leaves before the answer, and a handler that panics.
struct Line {
    action: &'static str,
    subject: Subject,
    path: String,
    from: Option<SocketAddr>,
    forwarded_for: Option<String>,
    end: Option<End>,
}

struct End {
    caller: Option<String>,
    status: StatusCode,
    problem: Option<Kind>,
}

/// As much of a text from outside as a line holds, in characters.
const SHOWN: usize = 256;

/// Tells each call of a route that changes something. To be called after [`protect`](crate::protect), because what that
/// refuses is told, too, and before [`finish`](crate::finish).
pub fn audit(router: Router, rules: Rules) -> Router {
    router.layer(middleware::from_fn_with_state(rules, tell))
}

async fn tell(State(rules): State<Rules>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let Some(action) = rule_of(rules, request.method(), route).change else { return next.run(request).await };
    let mut line = Line {
        action,
        subject: Subject::default(),
        path: request.uri().path().chars().take(SHOWN).collect(),
        from: request.extensions().get::<Peer>().map(|peer| peer.0),
        forwarded_for: forwarded_for(request.headers()),
        end: None,
    };
    request.extensions_mut().insert(line.subject.clone());
    let response = next.run(request).await;
    line.end = Some(End {
        caller: response.extensions().get::<Caller>().and_then(Caller::name).map(ToString::to_string),
        status: response.status(),
        problem: response.extensions().get::<Kind>().copied(),
    });
    response
}

/// What a proxy says of whom it speaks for. Whoever reaches the gateway can write it: a remark, no proof.
fn forwarded_for(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-forwarded-for")?;
    Some(String::from_utf8_lossy(value.as_bytes()).chars().take(SHOWN).collect())
}

impl Subject {
    /// Says what the change is about, such as `type mail`.
    pub fn is(&self, what: impl std::fmt::Display) {
        let text = what.to_string().chars().take(SHOWN).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

impl<S: Sync> FromRequestParts<S> for Subject {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self { action, path, from, .. } = self;
        let said = self.subject.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let subject = said.unwrap_or_else(|| std::mem::take(path));
        let forwarded_for = self.forwarded_for.as_deref();
        let from = from.map_or_else(|| "unknown".to_owned(), |from| from.to_string());
        let Some(End { caller, status, problem }) = self.end.take() else {
            tracing::info!(
                target: AUDIT, action, subject, caller = "unknown", from, forwarded_for, outcome = "unknown",
                "{action} broken off before its end was known"
            );
            return;
        };
        let caller = caller.as_deref().unwrap_or("anonymous");
        // A form is answered with the way to a page, also when it failed.
        let outcome = match problem.map_or(status, Kind::status) {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "refused",
            status if status.is_success() || status.is_redirection() => "done",
            _ => "failed",
        };
        let (status, problem) = (status.as_u16(), problem.map(Kind::name));
        tracing::info!(
            target: AUDIT, action, subject, caller, from, forwarded_for, outcome, status, problem, "{action} {outcome}"
        );
    }
}

#[cfg(test)]
mod tests;
