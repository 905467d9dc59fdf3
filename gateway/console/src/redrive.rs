//! `POST /v1/dead/redrive`: sends dead jobs round again.
//!
//! With a log, the job's record, with one redrive more, is stored first, and only when that is acknowledged the tombstone of
//! its letter. A crash therefore leaves each letter untouched, redriven, or redriven and still there, and the call can be
//! repeated: a letter that was redriven and is still shown gives a second record with the same id and as many redrives, which
//! the queue drops as a duplicate while the job is alive and for the dedup window after. Without a log the queue itself takes
//! the job in, and its letter away, in one step.
//!
//! A job of an older generation of its queue goes into the current one, and so gets another id, which follows from the old one or
//! from its idempotency key: the same letter gives the same id each time, and all of the above holds, but that without a log its
//! letter is taken away in a second step.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, GenerationSpec, QueueSpec, TypeSpec};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::wire::encode_job;
use wasmill_job::{DeadLetter, Durability, Job, JobId, Path, Stamp, partition_of_key};
use wasmill_log::{Append, Log};
use wasmill_queue::{Admission, Enqueued, NewJob, Queue};

use crate::purge::tombstone;
use crate::router::{Console, Storage};
use crate::selection::{WantedLetters, owed_keys};
use crate::trouble::{append_problem, queue_problem, read_json};

/// How many letters that cannot be redriven are named with their reasons.
const NAMED_MAX: usize = 100;

/// Why the queue does not take a job in again.
const KNOWN: &str =
    "the queue has this job already: somebody else has sent it round, or its letter is still owed to a log";
const NO_ROOM: &str = "the queue has no room for it; repeat when workers have drained it";

/// What became of the letters, or with `dry_run` would.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Redriven {
    pub(crate) redriven: u64,
    /// Letters that the log does not have yet; repeat in a moment.
    pub(crate) waiting: u64,
    /// Letters that cannot be redriven.
    pub(crate) refused: u64,
    /// The first of them, with the reasons.
    pub(crate) refusals: Vec<RefusedLetter>,
    /// Ids that name no letter.
    pub(crate) unknown: Vec<String>,
}

/// A letter whose job goes round again.
struct Round<'a> {
    letter: &'a DeadLetter,
    job: Job,
    spec: &'a TypeSpec,
    queue: &'a QueueSpec,
}

impl Round<'_> {
    /// Whether the job goes round under another id, so that its letter does not go by itself when the queue takes it in.
    fn is_moved(&self) -> bool {
        self.letter.job.as_ref().is_some_and(|before| before.id != self.job.id)
    }
}

/// A letter that cannot be redriven.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedLetter {
    pub(crate) id: String,
    pub(crate) why: String,
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
    caller: Caller,
    subject: Subject,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Redriven>, Problem> {
    let wanted: WantedLetters = read_json(&headers, body, &console.bodies).await?;
    subject.is(wanted.subject());
    Ok(Json(redrive_letters(&console, &caller, wanted).await?))
}

/// Sends the jobs of the letters meant round again.
pub(crate) async fn redrive_letters<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    caller: &Caller,
    wanted: WantedLetters,
) -> Result<Redriven, Problem> {
    let dry_run = wanted.dry_run;
    let mut selection = wanted.select(caller)?;
    let _turn = console.burying.lock().await;
    let mut answer = Redriven::default();
    loop {
        // Before the page: a letter that is not owed now was in the log before.
        let owed = owed_keys(console).await?;
        let letters = selection.page(&console.queue).await.map_err(|problem| answer.so_far(problem))?;
        if letters.is_empty() {
            break;
        }
        let catalog = console.catalog.current();
        // Where there is a log a redrive goes through it, whatever the type's path: its letter's end stands there.
        let path = console.backing.path();
        let mut rounds = Vec::with_capacity(letters.len());
        for letter in &letters {
            match Round::of(letter, &catalog, path) {
                _ if owed.contains(&letter.key()) => answer.waiting += 1,
                Ok(round) => rounds.push(round),
                Err(why) => answer.refuse(letter, why),
            }
        }
        let count = rounds.len() as u64;
        if dry_run {
            answer.redriven += count;
        } else if count > 0 {
            let refused = send(console, rounds).await.map_err(|problem| answer.so_far(problem))?;
            answer.redriven += count - refused.len() as u64;
            refused.into_iter().for_each(|(letter, why)| answer.refuse(letter, why.to_owned()));
        }
    }
    answer.unknown = selection.unknown;
    if !dry_run {
        tracing::info!(redriven = answer.redriven, refused = answer.refused, "dead letters redriven");
    }
    Ok(answer)
}

/// Sends a page of jobs round again; answers the letters of those that were not taken in, and why.
async fn send<'a, L: Log, Q: Queue>(
    console: &Console<L, Q>,
    rounds: Vec<Round<'a>>,
) -> Result<Vec<(&'a DeadLetter, &'static str)>, Problem> {
    match &console.storage {
        Storage::Log(log) => {
            let records = rounds.iter().map(Round::record).collect::<Result<_, _>>()?;
            log.append(records).await.map_err(|error| append_problem(&error))?;
            // Not in one append: that is one step in no log that has more than one machine.
            let tombstones = rounds.iter().map(|round| tombstone(round.letter)).collect();
            log.append(tombstones).await.map_err(|error| append_problem(&error))?;
            Ok(Vec::new())
        }
        Storage::Queue => {
            let (letters, jobs): (Vec<_>, Vec<_>) = rounds
                .into_iter()
                .map(|round| ((round.letter, round.is_moved()), round.into_new_job()))
                .unzip();
            match console.queue.enqueue(jobs).await.map_err(|error| queue_problem(&error))? {
                Enqueued::Done(admissions) => {
                    let mut moved = Vec::new();
                    let refused =
                        letters.into_iter().zip(admissions).filter_map(|((letter, is_moved), admission)| {
                            let why = match admission {
                                // A duplicate was moved before, by a call that came no further.
                                Admission::Accepted | Admission::Duplicate if is_moved => {
                                    moved.push(letter.key());
                                    return None;
                                }
                                Admission::Accepted => return None,
                                Admission::Full => NO_ROOM,
                                Admission::Duplicate | Admission::Over => KNOWN,
                            };
                            Some((letter, why))
                        });
                    let refused = refused.collect();
                    if !moved.is_empty() {
                        console.queue.purge(moved).await.map_err(|error| queue_problem(&error))?;
                    }
                    Ok(refused)
                }
                Enqueued::Full => {
                    let detail = "The queue has no room; repeat when workers have drained it.";
                    Err(Problem::new(Kind::QueueFull, detail).retry_after(5))
                }
            }
        }
    }
}

impl<'a> Round<'a> {
    /// The letter's job once more: in its queue's current topic, stamped with what the routing table says now.
    fn of(letter: &'a DeadLetter, catalog: &'a Catalog, path: Path) -> Result<Self, String> {
        let job =
            letter.job.as_ref().ok_or("its record could not be read, so there is no job to run; purge it")?;
        let job_type = &job.job_type;
        let spec = catalog
            .types
            .get(job_type)
            .ok_or_else(|| format!("the job type `{job_type}` is no longer in the catalog"))?;
        let queue = catalog
            .queues
            .get(&spec.queue)
            .ok_or_else(|| format!("the queue `{}` is not in the catalog", spec.queue))?;
        let id = id_in(&queue.current, job);
        let mode = spec.mode.of(id).ok_or_else(|| format!("the job type `{job_type}` is off"))?;
        let stamp = Stamp { revision: catalog.revision, path, mode };
        let job = Job { id, stamp, redrives: job.redrives.saturating_add(1), ..job.clone() };
        Ok(Self { letter, job, spec, queue })
    }

    fn record(&self) -> Result<Append, Problem> {
        let value = encode_job(&self.job).map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
        let (partition, topic) = (self.job.id.partition(), self.queue.current.topic(&self.spec.queue));
        // Its letter goes when it is stored, so it has to be stored as well as letters are.
        Ok(Append { topic, partition, key: None, value: Some(value), durability: Durability::Quorum })
    }

    fn into_new_job(self) -> NewJob {
        NewJob::new(self.job, self.spec.dedup_window)
    }
}

/// The id of a job in the current generation of its queue: its own where it is of that, and else one that follows from it, or from
/// its idempotency key, so that a repeat by its caller and a redrive collide as they did.
fn id_in(current: &GenerationSpec, job: &Job) -> JobId {
    let GenerationSpec { generation, partitions, .. } = *current;
    if job.id.generation() == generation {
        return job.id;
    }
    match &job.idempotency_key {
        Some(key) => {
            let partition = partition_of_key(&job.job_type, key, partitions);
            JobId::derived(&job.job_type, key, generation, partition)
        }
        None => job.id.moved(generation, partitions),
    }
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
