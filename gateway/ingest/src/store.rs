//! Storing: the one place that appends to the log, enqueues, or does both, and says in an answer what a refusal means for a
//! caller.

use std::fmt;
use std::time::Instant;

use wasmill_http::{Kind, Problem};
use wasmill_job::{Path, Position};
use wasmill_log::{Append, AppendError, Log};
use wasmill_queue::{Admission, Enqueued, NewJob, Queue, QueueError};

use crate::admit::Admitted;
use crate::router::{Ingest, Storage};
use crate::routes::Route;

/// Jobs to be stored in one step, each on the path that it is stamped with. Cheap to clone: it shares their bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// The path of each job, in order.
    paths: Vec<Path>,
    /// Those that go into the log, in order.
    records: Vec<Append>,
    /// Those that go into the queue, in order.
    jobs: Vec<NewJob>,
    /// The records of those that go both ways, with their place among `jobs`.
    doubles: Vec<(usize, Append)>,
}

/// What became of one job of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// In the log.
    At(Position),
    /// In the queue.
    Queued,
    /// The queue had it already, or has done it within its window.
    Duplicate,
    /// Nowhere: as many of its type wait as may wait.
    Over,
    /// Nowhere: where it belongs is no room, while others of the load were taken in.
    Full,
}

/// What an answer says of a stored job besides its id: members of a JSON object, each behind a comma.
pub(crate) struct Proof(Kept);

/// Why a load was not stored, or not for certain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStored {
    #[error("the log did not store jobs: {0}")]
    Log(#[from] AppendError),
    #[error("the queue did not take in jobs: {0}")]
    Queue(#[from] QueueError),
    #[error("the queue has no room for jobs")]
    Full,
}

/// Stores a load, and answers only when each job of it is durable or refused: an answer per job, in order.
///
/// A job that goes both ways is put into the queue first, and what the queue refuses is written nowhere: so the queue alone
/// decides, as it did before the type's path was changed, and a log that is away or full costs no job and repeats none. What
/// the log then does not take is counted in `wasmill_ingest_unlogged_total`.
///
/// # Errors
/// When nothing of it was stored, for a reason that is that of all; see [`NotStored::problem`].
pub(crate) async fn store<L: Log, Q: Queue>(
    ingest: &Ingest<L, Q>,
    load: Load,
) -> Result<Vec<Result<Kept, NotStored>>, NotStored> {
    let Load { paths, records, jobs, doubles } = load;
    let logged = async {
        match &ingest.storage {
            Storage::Log(log) if !records.is_empty() => append_each(log, records).await,
            Storage::Log(_) | Storage::Queue => Vec::new(),
        }
    };
    let queued = async {
        if jobs.is_empty() {
            return Vec::new();
        }
        let mut fates = enqueue(ingest, jobs).await;
        if let Storage::Log(log) = &ingest.storage {
            double(log, doubles, &mut fates).await;
        }
        fates
    };
    let (logged, queued) = tokio::join!(logged, queued);
    let (mut logged, mut queued) = (logged.into_iter(), queued.into_iter());
    let next = |path: &Path| if *path == Path::Log { logged.next() } else { queued.next() };
    let fates: Vec<_> = paths.iter().map_while(next).collect();
    match one_trouble(&fates) {
        Some(error) => Err(error),
        None => Ok(fates),
    }
}

/// Appends a record, and answers only when it is durable.
pub(crate) async fn append<L: Log>(log: &L, record: Append) -> Result<Position, NotStored> {
    match append_each(log, vec![record]).await.pop() {
        Some(Ok(Kept::At(position))) => Ok(position),
        Some(Err(error)) => Err(error),
        _ => Err(NotStored::Log(AppendError::Unknown { reason: "the log gave no answer".into() })),
    }
}

/// Appends records, each with a fate of its own.
async fn append_each<L: Log>(log: &L, records: Vec<Append>) -> Vec<Result<Kept, NotStored>> {
    let began = Instant::now();
    let fates = log.append_each(records).await;
    metrics::histogram!("wasmill_ingest_append_seconds").record(began.elapsed().as_secs_f64());
    tell(&fates);
    fates.into_iter().map(|fate| fate.map(Kept::At).map_err(NotStored::Log)).collect()
}

/// Writes the records of jobs that go both ways, of which the queue has taken those that it has not refused.
async fn double<L: Log>(log: &L, doubles: Vec<(usize, Append)>, fates: &mut [Result<Kept, NotStored>]) {
    let is_kept = |place: &usize| matches!(fates.get(*place), Some(Ok(Kept::Queued | Kept::Duplicate)));
    let (places, records): (Vec<_>, Vec<_>) = doubles.into_iter().filter(|(place, _)| is_kept(place)).unzip();
    if records.is_empty() {
        return;
    }
    for (place, logged) in places.into_iter().zip(append_each(log, records).await) {
        match logged {
            // A duplicate stays one: its answer says so.
            Ok(at) => {
                if let Some(fate) = fates.get_mut(place).filter(|fate| **fate == Ok(Kept::Queued)) {
                    *fate = Ok(at);
                }
            }
            Err(_) => metrics::counter!("wasmill_ingest_unlogged_total").increment(1),
        }
    }
}

/// The trouble that kept every job from being stored, if there was one and it is none of their own.
fn one_trouble(fates: &[Result<Kept, NotStored>]) -> Option<NotStored> {
    let first = fates.first()?.as_ref().err()?;
    let own = |error: &NotStored| matches!(error, NotStored::Log(AppendError::TooLarge { .. }));
    let of_all = fates.iter().all(|fate| fate.as_ref().is_err_and(|error| error == first && !own(error)));
    of_all.then(|| first.clone())
}

/// One line for the operator, however many records it was.
fn tell(fates: &[Result<Position, AppendError>]) {
    let errors = || fates.iter().filter_map(|fate| fate.as_ref().err());
    let Some(first) = errors().next() else { return };
    let (records, error) = (errors().count(), first);
    match errors().find(|error| matches!(error, AppendError::Refused { .. })) {
        Some(error) => tracing::error!(records, "jobs are not stored until somebody helps: {error}"),
        // Memory is the callers' own trouble, and they are told.
        None if matches!(error, AppendError::Busy) => tracing::debug!(records, "the log's buffer is full"),
        None => tracing::warn!(%error, records, "the log did not store jobs"),
    }
}

/// Puts jobs into the queue, each with a fate of its own.
async fn enqueue<L: Log, Q: Queue>(ingest: &Ingest<L, Q>, jobs: Vec<NewJob>) -> Vec<Result<Kept, NotStored>> {
    let (began, count) = (Instant::now(), jobs.len());
    let enqueued = ingest.trouble.note(ingest.queue.enqueue(jobs).await);
    metrics::histogram!("wasmill_ingest_enqueue_seconds").record(began.elapsed().as_secs_f64());
    match enqueued {
        Ok(Enqueued::Done(admissions)) => {
            admissions.into_iter().map(|admission| Ok(Kept::from(admission))).collect()
        }
        Ok(Enqueued::Full) => vec![Err(NotStored::Full); count],
        Err(error) => vec![Err(NotStored::Queue(error)); count],
    }
}

impl Load {
    /// Adds a job, on its path.
    ///
    /// # Errors
    /// When it cannot be written as a record: a bug.
    pub(crate) fn add(&mut self, admitted: Admitted<'_>) -> Result<(), Problem> {
        let path = admitted.route.path;
        match path {
            Path::Log => self.records.push(admitted.record()?),
            Path::Queue => self.jobs.push(admitted.into_new_job()),
            Path::Both => {
                self.doubles.push((self.jobs.len(), admitted.record()?));
                self.jobs.push(admitted.into_new_job());
            }
        }
        self.paths.push(path);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

impl Kept {
    /// What to answer besides the id.
    ///
    /// # Errors
    /// When the job is nowhere: 429 for its type's limit, 503 for want of room.
    pub(crate) fn proof(self, route: &Route) -> Result<Proof, Problem> {
        match self {
            Self::Over => Err(over(route)),
            Self::Full => Err(NotStored::Full.problem()),
            kept => Ok(Proof(kept)),
        }
    }
}

impl NotStored {
    /// What this means for a caller. The store's own words, with its paths, are for the operator.
    ///
    /// 507, 413, 503 `queue-full`, `log-busy`, `log-refuses` and `shutting-down`: nothing was stored. 503 `outcome-unknown`:
    /// it may have been.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Log(error) => not_appended(error),
            Self::Full => Problem::new(
                Kind::QueueFull,
                "Nothing was stored, because the queue has no room: repeat when workers have drained it.",
            )
            .retry_after(5),
            Self::Queue(QueueError::Unavailable { .. }) => Problem::new(
                Kind::OutcomeUnknown,
                "The queue could not confirm that this was stored: repeat with the same idempotency key.",
            )
            .retry_after(1),
            Self::Queue(QueueError::Closed) => shutting_down(),
            Self::Queue(QueueError::Malformed { .. }) => {
                Problem::new(Kind::Internal, "The queue did not understand the gateway; this is a bug.")
            }
        }
    }
}

fn not_appended(error: &AppendError) -> Problem {
    match error {
        AppendError::Full { .. } => Problem::new(
            Kind::StorageFull,
            "Nothing was stored, because the log's disk is full; repeat when its operator has made room.",
        )
        .retry_after(30),
        AppendError::Busy => Problem::new(
            Kind::LogBusy,
            "Nothing was stored, because more comes in than the log takes: repeat in a moment.",
        )
        .retry_after(1),
        AppendError::Refused { .. } => Problem::new(
            Kind::LogRefuses,
            "Nothing was stored, because the log refuses records of this queue; repeat when its operator has helped.",
        )
        .retry_after(30),
        AppendError::TooLarge { bytes, bytes_max } => too_large(*bytes, *bytes_max),
        AppendError::Unknown { .. } => Problem::new(
            Kind::OutcomeUnknown,
            "The log could not confirm that this was stored: repeat with the same idempotency key.",
        )
        .retry_after(1),
        AppendError::Closed => shutting_down(),
    }
}

/// What a record over the log's limit means for a caller.
fn too_large(bytes: usize, bytes_max: usize) -> Problem {
    let detail = format!("The job's record is {bytes} bytes long; the log stores at most {bytes_max}.");
    Problem::new(Kind::PayloadTooLarge, detail).with("bytes", bytes).with("bytes_max", bytes_max)
}

fn shutting_down() -> Problem {
    Problem::new(
        Kind::ShuttingDown,
        "Nothing was stored, because this gateway is shutting down: repeat on another one, or when it is back.",
    )
    .retry_after(5)
}

fn over(route: &Route) -> Problem {
    let (job_type, max) = (&route.job_type, route.max_pending.unwrap_or_default());
    let detail = format!(
        "The job was not stored: {max} jobs of type `{job_type}` are waiting, and no more may wait. Repeat when some of \
         them have been taken."
    );
    let problem = Problem::new(Kind::MaxPending, detail).with("job_type", job_type.as_str());
    problem.with("max_pending", max).retry_after(5)
}

impl From<Admission> for Kept {
    fn from(admission: Admission) -> Self {
        match admission {
            Admission::Accepted => Self::Queued,
            Admission::Duplicate => Self::Duplicate,
            Admission::Over => Self::Over,
            Admission::Full => Self::Full,
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // A position holds no character that JSON escapes.
            Kept::At(position) => write!(f, ",\"receipt\":\"{position}\""),
            Kept::Duplicate => f.write_str(",\"duplicate\":true"),
            Kept::Queued | Kept::Over | Kept::Full => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
