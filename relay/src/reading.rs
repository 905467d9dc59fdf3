//! What one record of the log means to the queue: an entry, a dead letter, nothing, or "not before I know a newer catalog".
//! Pure: the record, its place and the catalog in, the decision out.

use std::sync::Arc;
use std::time::Duration;

use wasmill_catalog::{Catalog, TypeSpec};
use wasmill_job::wire::{Record, decode, decode_dead};
use wasmill_job::{
    Attempt, CopyOf, DeadLetter, Failure, FailureCode, Job, Offset, Path, Position, Revision, Topic,
    TopicPartition, UnixMs,
};
use wasmill_log::Stored;
use wasmill_queue::{Entry, NewJob};

/// What a record means.
#[derive(Clone, Debug)]
pub(crate) enum Reading {
    /// It is for the queue.
    Entry(Entry),
    /// It can never run: kept as a dead letter, and its offset passed. `ended` tells the queue when it was the copy of a
    /// parked job.
    Dead { letter: Box<DeadLetter>, ended: Option<Entry> },
    /// The queue has its job already, from the gateway.
    Dropped,
    /// It was accepted under a revision newer than the catalog at hand, which does not know its type yet.
    Wait(Revision),
}

/// For a job whose type has left the catalog while it waited: what a type has that says nothing.
const DEDUP_WINDOW: Duration = Duration::from_secs(600);

/// Reads one record of `lane`. `now` is when the dead letter died, if it becomes one.
pub(crate) fn read(lane: &TopicPartition, record: &Stored, catalog: &Catalog, now: UnixMs) -> Reading {
    let origin = lane.at(record.offset);
    if lane.topic == Topic::dead() {
        read_dead(origin, record)
    } else {
        read_queue(origin, record, catalog, now)
    }
}

/// Records of a queue's topic, or of one of parked jobs: jobs, copies and cancellations.
fn read_queue(origin: Position, record: &Stored, catalog: &Catalog, now: UnixMs) -> Reading {
    let Some(value) = &record.value else {
        let failure = Failure::new(FailureCode::Undecodable, "the record has no value");
        return dead(letter(None, None, failure, origin, now));
    };
    match decode(value) {
        // The stamp decides, not the catalog: the gateway knew what it did.
        Ok(Record::Job(job)) if job.stamp.path == Path::Both => Reading::Dropped,
        Ok(Record::Job(job)) => match judge(origin, job, catalog, now) {
            Judged::Good(offset, new) => {
                let new = NewJob { record: Some(value.clone()), ..new };
                Reading::Entry(Entry::Job { offset, new })
            }
            Judged::Wait(revision) => Reading::Wait(revision),
            Judged::Dead(letter) => dead(letter),
        },
        Ok(Record::Copy { job, of }) => read_copy(origin, job, of, catalog, now),
        Ok(Record::Cancel(cancel)) => Reading::Entry(Entry::Cancel { offset: origin.offset, cancel }),
        Err(error) => {
            let failure = Failure::new(FailureCode::Undecodable, error.to_string());
            dead(letter(None, Some(value.clone()), failure, origin, now))
        }
    }
}

/// A copy of a job. Appended again, it is the same job in another place, whatever has become of its type: the queue knows
/// it. Parked, it comes to the queue only now.
fn read_copy(origin: Position, job: Job, of: CopyOf, catalog: &Catalog, now: UnixMs) -> Reading {
    let offset = origin.offset;
    if of.origin.topic_partition() == origin.topic_partition() {
        let window = catalog.types.get(&job.job_type).map_or(DEDUP_WINDOW, |spec| spec.dedup_window);
        let new = NewJob::new(job, window);
        return Reading::Entry(Entry::Copy { offset, new, of });
    }
    let job_type = job.job_type.clone();
    match judge(origin, job, catalog, now) {
        Judged::Good(offset, new) => Reading::Entry(Entry::Copy { offset, new, of }),
        Judged::Wait(revision) => Reading::Wait(revision),
        Judged::Dead(mut letter) => {
            letter.attempts = of.attempts;
            let ended = Some(Entry::Ended { offset, job_type, origin: of.origin });
            Reading::Dead { letter: Box::new(letter), ended }
        }
    }
}

/// What a catalog makes of a job.
enum Judged {
    Good(Offset, NewJob),
    Wait(Revision),
    Dead(DeadLetter),
}

/// A job, judged by the revision it is stamped with: a catalog at least as new that does not know its type is the
/// last word; an older one is not.
fn judge(origin: Position, job: Job, catalog: &Catalog, now: UnixMs) -> Judged {
    if let Some(TypeSpec { dedup_window, flow, .. }) = catalog.types.get(&job.job_type) {
        let new = NewJob { max_pending: flow.max_pending, ..NewJob::new(job, *dedup_window) };
        return Judged::Good(origin.offset, new);
    }
    if job.stamp.revision > catalog.revision {
        return Judged::Wait(job.stamp.revision);
    }
    let reason = format!(
        "no job type `{}` in catalog revision {} (the job is stamped with revision {})",
        job.job_type, catalog.revision, job.stamp.revision
    );
    let failure = Failure::new(FailureCode::UnknownType, reason);
    Judged::Dead(letter(Some(job), None, failure, origin, now))
}

/// Records of the dead-letter topic. One that cannot be decoded is shown as a dead letter of its own: it stands in
/// the dead-letter topic already, so nothing is appended, and nothing is skipped in silence.
fn read_dead(origin: Position, record: &Stored) -> Reading {
    let offset = origin.offset;
    let Some(value) = &record.value else {
        let key = record.key.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        return Reading::Entry(Entry::Undead { offset, key });
    };
    let found = decode_dead(value).unwrap_or_else(|error| {
        let failure = Failure::new(FailureCode::Undecodable, error.to_string());
        letter(None, Some(value.clone()), failure, origin, record.stored_at)
    });
    Reading::Entry(Entry::Dead { offset, letter: Arc::new(found) })
}

fn dead(letter: DeadLetter) -> Reading {
    Reading::Dead { letter: Box::new(letter), ended: None }
}

fn letter(
    job: Option<Job>,
    raw: Option<bytes::Bytes>,
    failure: Failure,
    origin: Position,
    died_at: UnixMs,
) -> DeadLetter {
    DeadLetter { job, raw, failure, attempts: Attempt(0), died_at, origin }
}

#[cfg(test)]
pub(crate) mod tests;
