//! `GET /console/live`: the numbers of open pages, as server-sent events. Each event was written once for all pages; a stream
//! that is read slowly skips some. It ends when the process stops, when the browser goes away, and
//! when its token is let in no more.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::watch;
use wasmill_http::{Access, Caller};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::live::{Snapshot, event_for};
use crate::router::Console;

/// Which numbers a page wants.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LiveQuery {
    /// Those of job types, too, if there is anything here.
    types: Option<String>,
}

pub(super) async fn live<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    query: Result<Query<LiveQuery>, QueryRejection>,
) -> Response {
    let with_types = query.is_ok_and(|Query(query)| query.types.is_some());
    let access = console.tokens.access.clone();
    let events = stream::unfold(console.live.follow(), move |snapshots| {
        let caller = caller.clone();
        let access = access.clone();
        async move { next(snapshots, (&access, &caller), with_types).await }
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

type Item = Result<Bytes, std::convert::Infallible>;

async fn next(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    (access, caller): (&Access, &Caller),
    with_types: bool,
) -> Option<(Item, watch::Receiver<Arc<Snapshot>>)> {
    loop {
        // Nobody looks any more: the process stops.
        snapshots.changed().await.ok()?;
        // Whose token is gone is told no more.
        if !access.knows(caller) {
            return None;
        }
        let snapshot = snapshots.borrow_and_update().clone();
        let event = event_for(&snapshot, caller.scope(), with_types);
        if !event.is_empty() {
            return Some((Ok(event), snapshots));
        }
    }
}
