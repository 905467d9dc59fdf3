//! `POST /v1/dead/redrive`: sends dead jobs round again.
//!
//! One append holds both the job's record, with one redrive more, and the tombstone of its letter; all or none of it is
//! stored. A crash therefore leaves each letter either untouched or redriven, and the call can be repeated: a letter that
//! was redriven and is still shown, because the relay has not passed its tombstone, gives a second record with the same
//! id, which the queue drops as a duplicate while the job is alive and for the dedup window after.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::Catalog;
use wasmill_http::{Problem, ProblemDocument};
use wasmill_job::wire::encode_job;
use wasmill_job::{DeadLetter, Job, Partition, Stamp, Topic};
use wasmill_log::{Append, Log};
use wasmill_queue::Queue;

use crate::purge::tombstone;
use crate::router::Console;
use crate::selection::{WantedLetters, owed_keys};
use crate::trouble::{append_problem, read_json};

/// How many letters that cannot be redriven are named with their reasons.
const NAMED_MAX: usize = 100;

/// What became of the letters.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Redriven {
    redriven: u64,
    /// Letters that the log does not have yet; repeat in a moment.
    waiting: u64,
    /// Letters that cannot be redriven.
    refused: u64,
    /// The first of them, with the reasons.
    refusals: Vec<RefusedLetter>,
    /// Ids that name no letter.
    unknown: Vec<String>,
}

/// A letter that cannot be redriven.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedLetter {
    id: String,
    why: String,
}

/// Sends dead jobs round again, with their attempts counted anew. They run as the routing table says now.
#[utoipa::path(
    post, path = "/v1/dead/redrive", tag = "dead letters", request_body = WantedLetters,
    responses(
        (status = 200, description = "The counts.", body = Redriven),
        (status = 400, description = "Not valid.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No room.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn redrive<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Redriven>, Problem> {
    let wanted: WantedLetters = read_json(&headers, body, &console.bodies).await?;
    let mut selection = wanted.select()?;
    let _turn = console.burying.lock().await;
    let mut answer = Redriven::default();
    loop {
        // Before the page: a letter that is not owed now was in the log before.
        let owed = owed_keys(&console.queue).await?;
        let letters = selection.page(&console.queue).await.map_err(|problem| answer.so_far(problem))?;
        if letters.is_empty() {
            break;
        }
        let catalog = console.catalog.current();
        let mut records = Vec::with_capacity(2 * letters.len());
        for letter in &letters {
            match again(letter, &catalog) {
                _ if owed.contains(&letter.key()) => answer.waiting += 1,
                Ok(record) => records.extend([record, tombstone(letter)]),
                Err(why) => answer.refuse(letter, why),
            }
        }
        let count = records.len() as u64 / 2;
        if count > 0 {
            console.log.append(records).await.map_err(|error| answer.so_far(append_problem(&error)))?;
        }
        answer.redriven += count;
    }
    answer.unknown = selection.unknown;
    tracing::info!(redriven = answer.redriven, refused = answer.refused, "dead letters redriven");
    Ok(Json(answer))
}

/// The job's record, once more: in its queue's current topic, stamped with what the routing table says now.
fn again(letter: &DeadLetter, catalog: &Catalog) -> Result<Append, String> {
    let job =
        letter.job.as_ref().ok_or("its record could not be read, so there is no job to run; purge it")?;
    let (job_type, id) = (&job.job_type, job.id);
    let spec = catalog
        .types
        .get(job_type)
        .ok_or_else(|| format!("the job type `{job_type}` is no longer in the catalog"))?;
    let queue = catalog
        .queues
        .get(&spec.queue)
        .ok_or_else(|| format!("the queue `{}` is not in the catalog", spec.queue))?;
    let stamp = Stamp { revision: catalog.revision, path: spec.path, mode: spec.mode };
    let job = Job { stamp, redrives: job.redrives.saturating_add(1), ..job.clone() };
    let value = encode_job(&job).map_err(|error| error.to_string())?;
    // The id's own partition; folded when the queue has fewer by now.
    let partition = Partition(id.partition().0 % queue.partitions);
    Ok(Append {
        topic: Topic::queue(&spec.queue, queue.generation),
        partition,
        key: None,
        value: Some(value),
    })
}

impl Redriven {
    fn refuse(&mut self, letter: &DeadLetter, why: String) {
        self.refused += 1;
        if self.refusals.len() < NAMED_MAX {
            self.refusals.push(RefusedLetter { id: letter.key(), why });
        }
    }

    /// Adds to a problem in the middle what has been done.
    fn so_far(&self, problem: Problem) -> Problem {
        problem.with("redriven", self.redriven)
    }
}
