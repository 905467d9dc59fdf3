//! One step of a lane: what a run of records becomes in the queue and in the dead-letter topic, and how far it goes.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use wasmill_catalog::Catalog;
use wasmill_job::{
    Attempt, CopyOf, DeadLetter, Job, JobType, Offset, Passed, Progress, RecordHash, Revision,
    TopicPartition, UnixMs,
};
use wasmill_log::Stored;
use wasmill_queue::{Entry, Push};

use crate::reading::{Reading, read};

/// What a run of records amounts to.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// What the queue is given. Its range covers the records that became dead letters, too.
    pub(crate) push: Push,
    /// What must stand in the dead-letter topic before the push may pass their offsets.
    pub(crate) letters: Vec<DeadLetter>,
    /// The batch ends before a record that needs this revision of the catalog.
    pub(crate) waits_for: Option<Revision>,
    /// Records that the relay counts and drops, because their stamp says that the queue has their jobs already.
    pub(crate) dropped: usize,
}

/// A job that has to be parked, and what its copy says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parking {
    pub(crate) job: Job,
    pub(crate) of: CopyOf,
}

impl Batch {
    /// Reads `records`, which begin at or after `from`, up to the first that has to wait for the catalog.
    pub(crate) fn read(
        lane: &TopicPartition,
        from: Offset,
        records: &[Stored],
        catalog: &Catalog,
        now: UnixMs,
    ) -> Self {
        let entries = Vec::with_capacity(records.len());
        let push = Push { lane: lane.clone(), from, to: from, passed: None, entries };
        let mut batch = Self { push, letters: Vec::new(), waits_for: None, dropped: 0 };
        let mut last = None;
        for record in records {
            match read(lane, record, catalog, now) {
                Reading::Entry(entry) => batch.push.entries.push(entry),
                Reading::Dead { letter, ended } => {
                    batch.letters.push(*letter);
                    batch.push.entries.extend(ended);
                }
                Reading::Dropped => batch.dropped += 1,
                Reading::Wait(revision) => {
                    batch.waits_for = Some(revision);
                    break;
                }
            }
            batch.push.to = record.offset.next();
            last = Some(record);
        }
        // One hash for a whole push: the last record stands for those before it.
        batch.push.passed = last
            .map(|record| Passed { offset: record.offset, hash: RecordHash::of(record.value.as_deref()) });
        batch
    }

    /// The jobs among the entries.
    pub(crate) fn jobs(&self) -> usize {
        self.push.entries.iter().filter(|entry| job_type_of(entry).is_some()).count()
    }

    /// The jobs for which there is no room, when only so many of each of these types may come, the first ones; with the
    /// offsets at which they stand. For redrives and for jobs that move there always is room; what `settled` says is settled
    /// takes some, as the queue counts, but is done, and must not come again.
    pub(crate) fn over(
        &self,
        rooms: &BTreeMap<JobType, usize>,
        settled: &Progress,
    ) -> BTreeMap<Offset, Parking> {
        let mut left = rooms.clone();
        let mut over = BTreeMap::new();
        for entry in &self.push.entries {
            let (new, attempts, due_at) = match entry {
                Entry::Job { new, .. } => (new, Attempt(0), new.job.run_at),
                Entry::Copy { new, of, .. } if of.origin.topic != self.push.lane.topic => {
                    (new, of.attempts, of.due_at)
                }
                _ => continue,
            };
            let Some(room) = left.get_mut(&new.job.job_type).filter(|_| new.job.redrives == 0) else {
                continue;
            };
            if *room > 0 {
                *room -= 1;
            } else if !settled.is_settled(entry.offset()) {
                let origin = self.push.lane.at(entry.offset());
                let parking = Parking { job: new.job.clone(), of: CopyOf { origin, attempts, due_at } };
                over.insert(entry.offset(), parking);
            }
        }
        over
    }

    /// Tells the queue that the jobs at these offsets are parked, instead of giving them to it.
    pub(crate) fn park(&mut self, parked: &BTreeSet<Offset>) {
        if parked.is_empty() {
            return;
        }
        for entry in &mut self.push.entries {
            if let Some(job_type) = job_type_of(entry).filter(|_| parked.contains(&entry.offset())) {
                *entry = Entry::Parked { offset: entry.offset(), job_type: job_type.clone() };
            }
        }
    }
}

/// The type of the job that the entry brings, if it brings one.
fn job_type_of(entry: &Entry) -> Option<&JobType> {
    match entry {
        Entry::Job { new, .. } | Entry::Copy { new, .. } => Some(&new.job.job_type),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
