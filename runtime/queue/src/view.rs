//! What the queue shows of itself: counts, one job, dead letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmill_job::{Attempt, DeadLetter, JobId, JobType, Offset, Position, TopicPartition, UnixMs};

use crate::{EarlierAttempt, LastAttempt};

/// The states of a job's life that a queue can tell, in the words of the drawing in `runtime/job/README.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    Pending,
    InFlight,
    Scheduled,
    Completed,
    Cancelled,
    Dead,
}

/// Jobs of one type by state. `accepted` to `duplicates` count since the queue was last built from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    pub pending: u64,
    pub scheduled: u64,
    pub in_flight: u64,
    /// Dead letters that wait for somebody.
    pub dead: u64,
    pub accepted: u64,
    pub completed: u64,
    pub cancelled: u64,
    /// Attempts that ended in a retry.
    pub retried: u64,
    /// Claims whose lease ran out.
    pub lost: u64,
    /// Records dropped because their job was alive or done.
    pub duplicates: u64,
}

/// One job, as far as the queue knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    pub id: JobId,
    pub job_type: JobType,
    pub state: State,
    pub attempts: Attempt,
    pub accepted_at: UnixMs,
    /// When a scheduled job falls due.
    pub due_at: Option<UnixMs>,
    /// When it completed, was cancelled or died.
    pub ended_at: Option<UnixMs>,
    pub last: Option<LastAttempt>,
    /// Failed attempts before that one, oldest first: the newest eight. One that is missing between them did not come to an end: its
    /// lease ran out, or its worker was stopped. Not known after the loss of the queue.
    pub earlier: Vec<EarlierAttempt>,
}

/// Which dead letters to show.
#[derive(Clone, Debug, Default)]
pub struct DeadQuery {
    pub job_type: Option<JobType>,
    /// Only keys after this one.
    pub after: Option<String>,
    pub max: usize,
}

/// Some dead letters, and where the next page begins.
#[derive(Clone, Debug, Default)]
pub struct DeadPage {
    pub letters: Vec<Arc<DeadLetter>>,
    /// The `after` of the next page; `None` when this was the last one.
    pub next: Option<String>,
}

/// How a push went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Applied. The positions of jobs dropped as duplicates.
    Applied { duplicates: Vec<Position> },
    /// Not applied: of these types only so many of the push's new jobs may come now, the first ones; none while jobs of the
    /// type are parked. The rest has to be parked, or to wait. Counted are jobs and copies of parked jobs, repeats among them,
    /// but no redrives and no copies that were appended again to their own partition, for which there is always room. What the
    /// push itself cancels makes no room.
    Over(BTreeMap<JobType, usize>),
    /// Not applied: the copy at this offset was made of a record that its own partition has not passed. Push what is before
    /// it, and this later.
    Early(Offset),
    /// Not applied: the queue wants this offset.
    Wants(Offset),
    /// Not applied: the queue does not know the partition. It is new, or was wiped: resume it, then push from the
    /// offset that gives.
    Unknown,
    /// Not applied: there is no room. Try again later.
    Full,
}

impl Counts {
    /// The sum of two.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            pending: self.pending + other.pending,
            scheduled: self.scheduled + other.scheduled,
            in_flight: self.in_flight + other.in_flight,
            dead: self.dead + other.dead,
            accepted: self.accepted + other.accepted,
            completed: self.completed + other.completed,
            cancelled: self.cancelled + other.cancelled,
            retried: self.retried + other.retried,
            lost: self.lost + other.lost,
            duplicates: self.duplicates + other.duplicates,
        }
    }
}

impl Pushed {
    /// Applied, every job of it.
    pub fn whole() -> Self {
        Self::Applied { duplicates: Vec::new() }
    }
}

/// How an enqueue went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// An answer for each job, in order.
    Done(Vec<Admission>),
    /// Nothing was taken in: there is no room. Try again later.
    Full,
}

/// What became of a job that was enqueued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Accepted,
    /// The queue has it, or has done it within its window.
    Duplicate,
    /// Not taken in: its type has `max_pending` jobs.
    Over,
    /// Not taken in: where it belongs is no room, while others were taken in. Try again later.
    Full,
}

/// Which jobs to list.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Any but dead.
    pub state: State,
    pub job_type: Option<JobType>,
    /// The `next` of the page before.
    pub after: Option<String>,
    pub max: usize,
}

/// Some jobs, and where the next page begins.
#[derive(Clone, Debug, Default)]
pub struct JobPage {
    pub jobs: Vec<JobView>,
    /// The `after` of the next page; `None` when this was the last one. A page may have fewer jobs than asked for, even
    /// none, and still have a next one.
    pub next: Option<String>,
}

/// What the queue's check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Jobs looked at: pending, scheduled, in flight.
    pub jobs: u64,
    /// What is wrong, a sentence each; at most a hundred.
    pub faults: Vec<String>,
}

/// The memory of the server that a shard is on. Several shards on one server show the same numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardMemory {
    pub shard: u16,
    /// Host and port of the server.
    pub server: String,
    /// Bytes that are used now.
    pub used: u64,
    /// Bytes that may be used (`maxmemory`); `None` when there is no limit.
    pub max: Option<u64>,
    /// It does not answer; nothing of the rest is known.
    pub is_away: bool,
    /// Pushes are refused: more than three quarters are used, or were and less than a twentieth of the limit has become free
    /// since.
    pub is_full: bool,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Swept {
    /// Jobs whose lease had run out, now pending again.
    pub expired: usize,
    /// Scheduled jobs fallen due, now pending.
    pub due: usize,
    /// Results and done-marks forgotten.
    pub forgotten: usize,
}

/// Why the queue did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Trouble that passes: the queue is being rebuilt, or cannot be reached.
    #[error("the queue is not available at the moment: {reason}")]
    Unavailable { reason: String },
    /// A request that contradicts itself: a mistake of the caller, which repeating does not mend.
    #[error("the request makes no sense: {reason}")]
    Malformed { reason: String },
    /// The queue is being closed.
    #[error("the queue is shutting down")]
    Closed,
}

/// A lane was adopted after somebody read its progress from the log: what was read is of an epoch before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outdated {
    pub(crate) read: u64,
    pub(crate) begun: u64,
}

impl Outdated {
    /// The sentence for whoever tried to resume it.
    pub(crate) fn of(self, lane: &TopicPartition) -> String {
        let Self { read, begun } = self;
        format!(
            "somebody has begun {lane} anew, in epoch {begun}, and its progress was read in epoch {read}; it is read again. If \
             this does not end, an accept was cut off half-way: run `wasmill relay accept {lane}` again"
        )
    }
}

impl QueueError {
    /// What happened, for people.
    pub fn reason(&self) -> &str {
        match self {
            Self::Unavailable { reason } | Self::Malformed { reason } => reason,
            Self::Closed => "the queue is shutting down",
        }
    }
}
