//! `POST /v1/jobs/batch`: many jobs, a line each. Lines are read in groups; each group is one append; good lines are
//! stored even when others are bad. While one group is made durable the next is read.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;
use wasmill_http::{BodyReader, Caller, Hold, Kind, Problem, ProblemDocument, require};
use wasmill_log::Log;
use wasmill_queue::Queue;

use crate::group::{refusals, store_group};
use crate::lines::{GroupLimits, Line, Lines};
use crate::router::Ingest;

/// Lines per append: enough that the fsync it waits for is cheap per job, few enough to parse in a few milliseconds.
const GROUP_LINES: usize = 1_000;

/// Bytes per append: a group is closed when it has as many.
const GROUP_BYTES: usize = 1 << 20;

/// Answers that wait for a client which sends all before it reads: about 8 MiB, the answers to 65,000 lines.
const ANSWERS_WAITING: usize = 64;

/// The media types of lines of JSON. None of them is one that a foreign page can send without being asked.
const LINES_OF_JSON: [&str; 3] = ["application/x-ndjson", "application/ndjson", "application/jsonl"];

/// Stores a job per line, and answers a line for each, in order: `{line, id, receipt}` (without a log `{line, id}`, with
/// `duplicate` when the queue had it already), or a problem document with `line`. Empty lines are counted and not answered.
///
/// The answer begins when the first group of lines is stored. When nothing of it can be stored, the answer is that
/// problem alone. A body that breaks off later ends the answer with that problem, its `line` the first that was not
/// read.
#[utoipa::path(
    post, path = "/v1/jobs/batch", tag = "jobs",
    request_body(content = String, content_type = "application/x-ndjson", description = "A job per line."),
    responses(
        (status = 202, description = "An answer per line.", body = String, content_type = "application/x-ndjson"),
        (status = 400, description = "No lines.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "Too slow.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not lines.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or unknown.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post_batch<L: Log, Q: Queue>(
    State(ingest): State<Arc<Ingest<L, Q>>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    require(&headers, &LINES_OF_JSON)?;
    let line_bytes = ingest.routes.now().text_bytes_max();
    let body = BodyReader::new(body);
    // All that can be in memory at once is held from the beginning: a batch that waited for more in its middle could
    // wait for another one that waits for it.
    let announced = body.announced().map_or(usize::MAX, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let mut hold = ingest.budget.hold();
    hold.grow(announced.min(2 * (GROUP_BYTES + line_bytes)))?;

    let mut lines = Lines::new(body, GroupLimits { lines: GROUP_LINES, bytes: GROUP_BYTES, line_bytes });
    let first = lines.next_group().await?;
    if first.is_empty() {
        return Err(Problem::new(Kind::InvalidField, "The body has no lines; send a job per line."));
    }
    let answer = store_group(&ingest, &caller, first).await.map_err(|(_, problem)| problem)?;
    let content_type = [(CONTENT_TYPE, "application/x-ndjson")];
    if lines.is_done() {
        return Ok((StatusCode::ACCEPTED, content_type, answer).into_response());
    }
    // Its own task, because it must go on reading while the client does not yet read.
    let (answers, waiting) = mpsc::channel(ANSWERS_WAITING);
    tokio::spawn(store_the_rest(ingest, caller, lines, hold, answers));
    let rest =
        stream::unfold(waiting, |mut waiting| async { waiting.recv().await.map(|answer| (answer, waiting)) });
    let whole = stream::iter([answer]).chain(rest).map(Ok::<Bytes, std::convert::Infallible>);
    Ok((StatusCode::ACCEPTED, content_type, Body::from_stream(whole)).into_response())
}

/// Ends when the body does, or when nobody listens for the answers any more.
async fn store_the_rest<L: Log, Q: Queue>(
    ingest: Arc<Ingest<L, Q>>,
    caller: Caller,
    mut lines: Lines,
    _hold: Hold,
    answers: mpsc::Sender<Bytes>,
) {
    let mut read = lines.next_group().await;
    loop {
        let group = match read {
            Ok(group) if group.is_empty() => return,
            Ok(group) => group,
            Err(problem) => {
                // Nobody listens: then nobody is told.
                let _ = answers.send(refusals(&[lines.next_number()], &problem)).await;
                return;
            }
        };
        let (answer, next) = join(store_or_refuse(&ingest, &caller, group), lines.next_group()).await;
        if answers.send(answer).await.is_err() {
            return;
        }
        read = next;
    }
}

async fn store_or_refuse<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    caller: &Caller,
    group: Vec<Line>,
) -> Bytes {
    store_group(ingest, caller, group).await.unwrap_or_else(|(numbers, problem)| refusals(&numbers, &problem))
}
