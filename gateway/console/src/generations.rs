//! `/v1/catalog/queues/{queue}` and its generations: what each of them still holds, and taking out one that is drained.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use wasmill_catalog::{Catalog, GenerationSpec, without_generation};
use wasmill_http::{Caller, Kind, Problem, ProblemDocument, Subject};
use wasmill_job::{Generation, JobType, QueueName};
use wasmill_log::Log;
use wasmill_queue::{ListQuery, Queue, State as JobState};

use crate::catalog_view::QueueRow;
use crate::commit::{Applied, ETag, expect, if_match, write};
use crate::entries::{DeleteQuery, read_message, read_name};
use crate::lanes::look;
use crate::parked::parked;
use crate::router::{Console, Storage};
use crate::trouble::{queue_problem, refusal_problem};

/// A queue, and what each of its generations still holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueAnswer {
    #[serde(flatten)]
    queue: QueueRow,
    /// The oldest first; the last one is where new jobs go.
    generations: Vec<GenerationRow>,
    /// Absent when all jobs were counted: else there are so many that only some were looked at, and there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    uncounted: Option<bool>,
}

/// A generation of a queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GenerationRow {
    generation: u16,
    /// `draining` or `current`.
    state: &'static str,
    partitions: u32,
    /// The name of the set of Redis servers that it lies in.
    redis: String,
    #[serde(flatten)]
    backlog: Backlog,
}

/// What a generation still holds. Nothing of it: it is drained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Backlog {
    /// Records of its topic that still owe something, whether their jobs are in the queue by now or not. None without a log.
    unsettled: u64,
    /// Jobs of it in the queue.
    pending: u64,
    scheduled: u64,
    in_flight: u64,
    /// Jobs of it that are parked in the log.
    parked: u64,
}

/// What the generations of a queue hold.
struct Backlogs {
    of: BTreeMap<Generation, Backlog>,
    is_whole: bool,
}

/// Jobs of a page, and pages of one type in one state: so many are looked at, in some seconds at the most.
const PAGE: usize = 1_000;
const PAGES_MAX: usize = 100;
/// The states of jobs that are not over.
const LIVE: [JobState; 3] = [JobState::Pending, JobState::Scheduled, JobState::InFlight];

/// Shows a queue, and what each of its generations still holds. Cost: O(jobs in the queue), up to a bound.
#[utoipa::path(
    get, path = "/v1/catalog/queues/{queue}", tag = "catalog", params(("queue" = String, Path)),
    responses(
        (status = 200, description = "The queue.", body = QueueAnswer),
        (status = 400, description = "No name.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such queue.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_queue<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<(ETag, Json<QueueAnswer>), Problem> {
    let name: QueueName = read_name(path, "queue")?;
    let catalog = console.newest().await?;
    let Some((known, spec)) = catalog.queues.get_key_value(&name) else {
        let detail = format!("There is no queue `{name}` in the catalog.");
        return Err(Problem::new(Kind::UnknownEntry, detail));
    };
    let generations: Vec<_> = spec.generations().cloned().collect();
    let Backlogs { of, is_whole } = backlogs(&console, &catalog, &name, &generations).await?;
    let row = |one: &GenerationSpec| GenerationRow {
        generation: one.generation.0,
        state: if one.generation == spec.current.generation { "current" } else { "draining" },
        partitions: one.partitions.get(),
        redis: one.redis.to_string(),
        backlog: of.get(&one.generation).copied().unwrap_or_default(),
    };
    let generations = generations.iter().map(row).collect();
    let (queue, uncounted) = (QueueRow::of((known, spec)), (!is_whole).then_some(true));
    Ok((ETag(catalog.revision), Json(QueueAnswer { queue, generations, uncounted })))
}

/// Takes a generation that is drained out of a queue. Its topic stays, until somebody deletes it.
///
/// The current one, and one that still holds jobs, are refused, with counts.
#[utoipa::path(
    delete, path = "/v1/catalog/queues/{queue}/generations/{generation}", tag = "catalog",
    params(("queue" = String, Path), ("generation" = u16, Path), DeleteQuery),
    responses(
        (status = 200, description = "Taken out.", body = Applied),
        (status = 400, description = "No name.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such generation.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "In use.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 412, description = "Not the revision of If-Match.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No answer.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn retire_generation<L: Log, Q: Queue>(
    State(console): State<Arc<Console<L, Q>>>,
    caller: Caller,
    subject: Subject,
    path: Result<Path<(String, u16)>, PathRejection>,
    query: Result<Query<DeleteQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<(ETag, Json<Applied>), Problem> {
    let (path, number) = match path {
        Ok(Path((queue, number))) => (Ok(Path(queue)), number),
        Err(rejection) => (Err(rejection), 0),
    };
    let (name, generation): (QueueName, _) = (read_name(path, "queue")?, Generation(number));
    subject.is(format_args!("generation {generation} of queue {name}"));
    let message = read_message(query)?;
    let current = console.newest().await?;
    expect(&console, &caller, &current, if_match(&headers)?, Kind::RevisionMoved).await?;
    let plan =
        without_generation(&current, &name, generation).map_err(|refusal| refusal_problem(&refusal))?;
    let spec = current.queues.get(&name).and_then(|spec| spec.generation(generation));
    refuse_undrained(&console, &current, &name, spec.map(std::slice::from_ref).unwrap_or_default()).await?;
    let message = message.unwrap_or_else(|| format!("generation {generation} of queue {name} retired"));
    write(&console, &current, plan, (&caller, &subject), message).await
}

/// Refuses when one of these generations of a queue still holds jobs.
pub(crate) async fn refuse_undrained<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    current: &Catalog,
    name: &QueueName,
    generations: &[GenerationSpec],
) -> Result<(), Problem> {
    if generations.is_empty() {
        return Ok(());
    }
    let found = backlogs(console, current, name, generations).await?;
    let held = found.of.iter().find(|(_, backlog)| **backlog != Backlog::default());
    if let Some((number, backlog)) = held {
        let Backlog { unsettled, pending, scheduled, in_flight, parked } = *backlog;
        let at_least = if found.is_whole { "" } else { "at least " };
        let detail = format!(
            "Generation {number} of queue `{name}` is not drained: {unsettled} records of its topic are unsettled, and of its \
             jobs {at_least}{pending} are pending, {scheduled} scheduled, {in_flight} in flight and {parked} parked. Wait until \
             they have run, or cancel them, then repeat."
        );
        return Err(Problem::new(Kind::InUse, detail));
    }
    if !found.is_whole {
        let detail = format!(
            "Queue `{name}` holds so many jobs that not all were looked at, and some may be of the generation that is to go. \
             Repeat when there are fewer."
        );
        return Err(Problem::new(Kind::InUse, detail));
    }
    Ok(())
}

/// What these generations of a queue hold: in the log, in the queue and parked. One step after the other, so a job that moves
/// meanwhile may be counted twice, and none is counted nowhere: it goes from the log to the queue, and is unsettled until it ends.
async fn backlogs<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    catalog: &Catalog,
    name: &QueueName,
    generations: &[GenerationSpec],
) -> Result<Backlogs, Problem> {
    let mut found = Backlogs { of: BTreeMap::new(), is_whole: true };
    for one in generations {
        let backlog = found.of.entry(one.generation).or_default();
        if let Storage::Log(log) = &console.storage {
            let lanes: Vec<_> = one.lanes(name).collect();
            for lane in lanes {
                backlog.unsettled += look(log, &console.queue, lane).await?.unsettled;
            }
        }
    }
    let types = catalog.types.iter().filter(|(_, spec)| spec.queue == *name);
    let types: Vec<JobType> = types.map(|(job_type, _)| job_type.clone()).collect();
    for job_type in &types {
        for state in LIVE {
            found.is_whole &= count_live(console, job_type, state, &mut found.of).await?;
        }
        if let Storage::Log(log) = &console.storage {
            found.is_whole &= count_parked(log, &console.queue, job_type, &mut found.of).await?;
        }
    }
    Ok(found)
}

/// Counts the jobs of a type in a state, by generation; answers whether that were all.
async fn count_live<L: Log, Q: Queue>(
    console: &Console<L, Q>,
    job_type: &JobType,
    state: JobState,
    of: &mut BTreeMap<Generation, Backlog>,
) -> Result<bool, Problem> {
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let wanted = ListQuery { state, job_type: Some(job_type.clone()), after, max: PAGE };
        let page = console.queue.list(wanted).await.map_err(|error| queue_problem(&error))?;
        for job in page.jobs {
            let Some(backlog) = of.get_mut(&job.id.generation()) else { continue };
            match state {
                JobState::Pending => backlog.pending += 1,
                JobState::Scheduled => backlog.scheduled += 1,
                _ => backlog.in_flight += 1,
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The same of the jobs of a type that are parked.
async fn count_parked<L: Log, Q: Queue>(
    log: &L,
    queue: &Q,
    job_type: &JobType,
    of: &mut BTreeMap<Generation, Backlog>,
) -> Result<bool, Problem> {
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = parked(log, queue, Some(job_type), after.as_deref(), PAGE).await?;
        for copy in page.copies {
            if let Some(backlog) = of.get_mut(&copy.job.id.generation()) {
                backlog.parked += 1;
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}
