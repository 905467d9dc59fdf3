//! What one record of the log means to the queue: an entry, a dead letter, or "not before I know a newer catalog".
//! Pure: the record, its place and the catalog in, the decision out.

use std::sync::Arc;

use wasmill_catalog::Catalog;
use wasmill_job::wire::{Record, decode, decode_dead};
use wasmill_job::{
    Attempt, DeadLetter, Failure, FailureCode, Job, Position, Revision, TopicPartition, UnixMs,
};
use wasmill_log::Stored;
use wasmill_queue::{Entry, NewJob};

/// What a record means.
#[derive(Clone, Debug)]
pub(crate) enum Reading {
    /// It is for the queue.
    Entry(Entry),
    /// It can never run: kept as a dead letter, and its offset passed.
    Dead(Box<DeadLetter>),
    /// It was accepted under a revision newer than the catalog at hand, which does not know its type yet.
    Wait(Revision),
}

/// Reads one record of `lane`. `now` is when the dead letter died, if it becomes one.
pub(crate) fn read(lane: &TopicPartition, record: &Stored, catalog: &Catalog, now: UnixMs) -> Reading {
    let origin = lane.at(record.offset);
    if lane.topic.is_compacted() {
        read_dead(origin, record)
    } else {
        read_queue(origin, record, catalog, now)
    }
}

/// Records of a queue's topic: jobs and cancellations.
fn read_queue(origin: Position, record: &Stored, catalog: &Catalog, now: UnixMs) -> Reading {
    let Some(value) = &record.value else {
        let failure = Failure::new(FailureCode::Undecodable, "the record has no value");
        return Reading::Dead(Box::new(letter(None, None, failure, origin, now)));
    };
    match decode(value) {
        Ok(Record::Job(job)) => read_job(origin, job, catalog, now),
        Ok(Record::Cancel(cancel)) => Reading::Entry(Entry::Cancel { offset: origin.offset, cancel }),
        Err(error) => {
            let failure = Failure::new(FailureCode::Undecodable, error.to_string());
            Reading::Dead(Box::new(letter(None, Some(value.clone()), failure, origin, now)))
        }
    }
}

/// A job, judged by the revision it is stamped with: a catalog at least as new that does not know its type is the
/// last word; an older one is not.
fn read_job(origin: Position, job: Job, catalog: &Catalog, now: UnixMs) -> Reading {
    if let Some(spec) = catalog.types.get(&job.job_type) {
        return Reading::Entry(Entry::Job {
            offset: origin.offset,
            new: NewJob { job, dedup_window: spec.dedup_window, max_pending: None },
        });
    }
    if job.stamp.revision > catalog.revision {
        return Reading::Wait(job.stamp.revision);
    }
    let reason = format!(
        "no job type `{}` in catalog revision {} (the job is stamped with revision {})",
        job.job_type, catalog.revision, job.stamp.revision
    );
    let failure = Failure::new(FailureCode::UnknownType, reason);
    Reading::Dead(Box::new(letter(Some(job), None, failure, origin, now)))
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
