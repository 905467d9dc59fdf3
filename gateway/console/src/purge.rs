//! `POST /v1/dead/purge`: throws dead letters away, for good. With a log by tombstones, without one in the queue; both can
//! be repeated at will.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::{DeadLetter, Durability, Partition, Topic};
use wasmill_log::{Append, Log};
use wasmill_queue::Queue;

use crate::router::{Console, Storage};
use crate::selection::{WantedLetters, owed_keys};
use crate::trouble::{append_problem, queue_problem, read_json};

/// The one partition of the dead-letter topic.
const PARTITION: Partition = Partition(0);

/// What became of the letters, or with `dry_run` would.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Purged {
    pub(crate) purged: u64,
    /// Letters that the log does not have yet; repeat in a moment.
    pub(crate) waiting: u64,
    /// Ids that name no letter.
    pub(crate) unknown: Vec<String>,
}

/// Throws dead letters away. What they held is gone when the log compacts its topic; without a log, at once.
#[utoipa::path(
    post, path = "/v1/dead/purge", tag = "dead letters", request_body = WantedLetters,
    responses(
        (status = 200, description = "The counts.", body = Purged),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn purge<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Purged>, Problem> {
    let wanted: WantedLetters = read_json(&headers, body, &console.bodies).await?;
    subject.is(wanted.subject());
    Ok(Json(purge_letters(&console, &caller, wanted).await?))
}

/// Throws the letters meant away.
pub(crate) async fn purge_letters<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    caller: &Caller,
    wanted: WantedLetters,
) -> Result<Purged, Problem> {
    let dry_run = wanted.dry_run;
    if !wanted.confirm && !dry_run {
        let detail = "A purge cannot be undone: say \"confirm\": true.";
        return Err(Problem::new(Kind::InvalidField, detail).with("field", "confirm"));
    }
    let mut selection = wanted.select(caller)?;
    let _turn = console.burying.lock().await;
    let mut answer = Purged::default();
    loop {
        // Before the page: a letter that is not owed now was in the log before.
        let owed = owed_keys(console).await?;
        let letters = selection.page(&console.queue).await.map_err(|problem| answer.so_far(problem))?;
        if letters.is_empty() {
            break;
        }
        let known: Vec<_> = letters.iter().filter(|letter| !owed.contains(&letter.key())).collect();
        answer.waiting += (letters.len() - known.len()) as u64;
        if dry_run {
            answer.purged += known.len() as u64;
        } else if !known.is_empty() {
            let purged = throw_away(console, &known).await;
            answer.purged += purged.map_err(|problem| answer.so_far(problem))?;
        }
    }
    answer.unknown = selection.unknown;
    if !dry_run {
        tracing::info!(purged = answer.purged, "dead letters purged");
    }
    Ok(answer)
}

/// Throws a page of letters away; answers how many there were.
async fn throw_away<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    letters: &[&Arc<DeadLetter>],
) -> Result<u64, Problem> {
    match &console.storage {
        Storage::Log(log) => {
            let tombstones = letters.iter().map(|letter| tombstone(letter)).collect();
            log.append(tombstones).await.map_err(|error| append_problem(&error))?;
            Ok(letters.len() as u64)
        }
        Storage::Queue => {
            let keys = letters.iter().map(|letter| letter.key()).collect();
            let purged = console.queue.purge(keys).await.map_err(|error| queue_problem(&error))?;
            Ok(purged as u64)
        }
    }
}

/// What takes a letter out of the compacted topic.
pub(crate) fn tombstone(letter: &DeadLetter) -> Append {
    Append {
        topic: Topic::dead(),
        partition: PARTITION,
        key: Some(letter.record_key().into()),
        value: None,
        durability: Durability::Quorum,
    }
}

impl Purged {
    /// Adds to a problem in the middle what has been done.
    fn so_far(&self, problem: Problem) -> Problem {
        problem.with("purged", self.purged)
    }
}
