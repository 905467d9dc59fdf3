//! Finding the record of a job that is done: the queue has let its payload go, and the log may still have it. Where the record
//! stands is not known, but when it was accepted is; so a stretch of its partition is read, and no more than that.

use std::time::Duration;

use tokio::sync::Semaphore;
use wasmill_http::{Kind, Problem};
use wasmill_job::wire::{Record, decode};
use wasmill_job::{Job, Offset, TopicPartition, UnixMs};
use wasmill_log::{Log, ReadError, Stored};

use crate::address::Address;
use crate::show::log_problem;

/// What a search came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Search {
    Found(Box<Job>),
    /// The log begins after it, or may.
    Gone,
    /// It is not where it would stand.
    Nothing,
    /// It is not in what was read, and there is more.
    Unfinished,
}

/// So many searches at a time in this process: each reads the log.
const SEARCHES_MAX: usize = 2;
/// How much of the log is read at once, and how often for one search.
const READ_BYTES: usize = 1 << 20;
const READS_MAX: usize = 64;
/// A record may be stored so long before the moment at which its job was accepted, because clocks differ.
const BEFORE: Duration = Duration::from_secs(5);
/// And so long after it: a log that is slow, a child whose parent's relay was away, and clocks again.
const AFTER: Duration = Duration::from_secs(60);

/// Who may search now.
pub(crate) struct Searches(Semaphore);

impl Default for Searches {
    fn default() -> Self {
        Self(Semaphore::new(SEARCHES_MAX))
    }
}

impl Searches {
    /// Searches the partition for the record of a job that was accepted at that moment.
    pub(crate) async fn search<L: Log>(
        &self,
        log: &L,
        lane: &TopicPartition,
        address: &Address,
        accepted_at: UnixMs,
    ) -> Result<Search, Problem> {
        let Ok(_permit) = self.0.acquire().await else {
            return Err(Problem::new(Kind::ShuttingDown, "The gateway is shutting down."));
        };
        let begins = UnixMs(accepted_at.0.saturating_sub(BEFORE.as_millis() as u64));
        let ends = accepted_at.plus(AFTER);
        let mut from = log.since(lane, begins).await.map_err(|error| log_problem(&error))?;
        let first = log.bounds(lane).await.map_err(|error| log_problem(&error))?.first;
        // Nothing older is left, so nobody knows what stood before.
        let mut is_cut = first > Offset(0) && from <= first;
        for _ in 0..READS_MAX {
            let records = match log.read(lane, from, READ_BYTES).await {
                Err(ReadError::Gone { first, .. }) => {
                    (from, is_cut) = (first, true);
                    continue;
                }
                other => other.map_err(|error| log_problem(&error))?,
            };
            let last = records.last().map(|last| (last.offset.next(), last.stored_at > ends));
            if let Some(job) = records.into_iter().find_map(|record| job_in(record, address)) {
                return Ok(Search::Found(Box::new(job)));
            }
            match last {
                Some((next, false)) => from = next,
                Some((_, true)) | None if is_cut => return Ok(Search::Gone),
                Some((_, true)) | None => return Ok(Search::Nothing),
            }
        }
        Ok(Search::Unfinished)
    }
}

/// The job, if this is its record: the first one, or one that was appended again.
fn job_in(record: Stored, address: &Address) -> Option<Job> {
    let job = match decode(&record.value?) {
        Ok(Record::Job(job) | Record::Copy { job, .. }) => job,
        _ => return None,
    };
    (job.id == address.id && address.names(&job.job_type)).then_some(job)
}
