//! Keeps old jobs from being dropped by retention: a record that is not settled after a quarter of its topic's retention is
//! appended again, with the attempts and the due time its job has by now. When the copy comes by, the queue moves the job
//! there, and the old offset is settled.

use std::time::Duration;

use wasmill_job::wire::{Record, decode};
use wasmill_job::{Attempt, CopyOf, Job, Offset, Position, Progress, TopicPartition, UnixMs};
use wasmill_log::{Log, Stored};
use wasmill_queue::{JobView, Queue, State};

use crate::ends::{Ends, copy_at};
use crate::hindrance::Hindrance;
use crate::step::{Step, done};

/// What of a lane has been appended again already.
#[derive(Debug, Default)]
pub(crate) struct Refresh {
    /// Everything before this was looked at. A restart looks again: the queue drops copies of what has moved.
    looked_to: Offset,
    /// The retention of the topic, once it was asked for.
    retention: Option<Option<Duration>>,
    /// Whether somebody was told that the floor has grown too old.
    has_warned: bool,
}

/// How much of the log is looked at in one go: what is old is scattered among what is settled.
const LOOK_BYTES_MAX: usize = 1 << 20;
/// The part of the retention after which a record is appended again: late enough to be rare, early enough that a relay
/// may be down for half the retention.
const PART_OF_RETENTION: u32 = 4;

impl Refresh {
    /// After how long records of the lane are dropped; `None` when they never are.
    pub(crate) async fn retention<L: Log, Q: Queue>(
        &mut self,
        ends: &Ends<L, Q>,
        lane: &TopicPartition,
    ) -> Result<Option<Duration>, Hindrance> {
        match self.retention {
            Some(known) => Ok(known),
            None => Ok(*self.retention.insert(ends.log.retention(&lane.topic).await?)),
        }
    }

    /// The lane goes on from `wanted`: what comes from there on was not looked at, whatever stood there before.
    pub(crate) fn resumed(&mut self, wanted: Offset) {
        self.looked_to = self.looked_to.min(wanted);
    }

    /// Asks for the retention again at the next need: somebody may have changed it.
    pub(crate) fn forget_retention(&mut self) {
        self.retention = None;
    }

    /// Says once, loudly, when the floor is older than half the retention, and once when that is over: records that have not
    /// even been read are not appended again, and retention drops them unread.
    pub(crate) fn warn(&mut self, lane: &TopicPartition, age: Duration, retention: Option<Duration>) {
        let is_old = retention.is_some_and(|retention| age > retention / 2);
        if is_old && !self.has_warned {
            tracing::error!(
                %lane, age_s = age.as_secs(), retention_s = retention.unwrap_or_default().as_secs(),
                "the oldest unsettled record is older than half of what the topic keeps: make room in the queue, add workers, \
                 or raise kafka.retention and run `wasmill topics apply`, before records are dropped that were never run"
            );
        } else if self.has_warned && !is_old {
            tracing::info!(%lane, "the oldest unsettled record is young enough again");
        }
        self.has_warned = is_old;
    }

    /// Appends the lane's old records again, as far as they are still there (`first`), were passed (`wanted`) and are not
    /// settled. `floor_at` is when the record at the floor was stored. One step: it is called again and again.
    pub(crate) async fn step<L: Log, Q: Queue>(
        &mut self,
        ends: &Ends<L, Q>,
        lane: &TopicPartition,
        progress: &Progress,
        first: Offset,
        wanted: Offset,
        floor_at: UnixMs,
    ) -> Result<usize, Hindrance> {
        let Some(retention) = self.retention(ends, lane).await? else { return Ok(0) };
        let old = |at: UnixMs| ends.clock.now().since(at) >= retention / PART_OF_RETENTION;
        // Parked jobs are dropped only once they are settled.
        if !old(floor_at) || lane.topic.parked_type().is_some() {
            return Ok(0);
        }
        // What retention has dropped cannot be helped any more; what stands behind it can.
        let from = self.looked_to.max(progress.floor).max(first);
        if from >= wanted {
            return Ok(0);
        }
        let records = ends.log.read(lane, from, LOOK_BYTES_MAX).await?;
        let mut copies = Vec::new();
        let mut looked_to = from;
        for record in records.iter().take_while(|record| record.offset < wanted && old(record.stored_at)) {
            looked_to = record.offset.next();
            let Some(job) = job_of(record).filter(|_| !progress.is_settled(record.offset)) else { continue };
            let view = ends.queue.job(job.id).await?;
            if let Some(of) = copy_of(lane.at(record.offset), view.as_ref()) {
                copies.push(copy_at(lane, &job, &of)?);
            }
        }
        let appended = copies.len();
        if appended > 0 {
            ends.log.append(copies).await?;
            done(Step::Refreshed);
        }
        // Only now: what was not stored for certain is looked at again.
        self.looked_to = looked_to;
        Ok(appended)
    }
}

/// The job that a record brings.
fn job_of(record: &Stored) -> Option<Job> {
    match decode(record.value.as_ref()?).ok()? {
        Record::Job(job) | Record::Copy { job, .. } => Some(job),
        Record::Cancel(_) => None,
    }
}

/// What the copy says, when the job is alive. One that is done or dead owes the log something else, and is settled by that.
fn copy_of(origin: Position, view: Option<&JobView>) -> Option<CopyOf> {
    let view = view?;
    match view.state {
        // The attempt in flight counts once it has ended.
        State::InFlight => {
            Some(CopyOf { origin, attempts: Attempt(view.attempts.0.saturating_sub(1)), due_at: None })
        }
        State::Pending | State::Scheduled => {
            Some(CopyOf { origin, attempts: view.attempts, due_at: view.due_at })
        }
        State::Completed | State::Cancelled | State::Dead => None,
    }
}

#[cfg(test)]
mod tests;
