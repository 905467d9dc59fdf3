//! One step of a lane: what a run of records becomes in the queue and in the dead-letter topic, and how far it goes.
//! Pure.

use wasmill_catalog::Catalog;
use wasmill_job::{DeadLetter, Offset, Revision, TopicPartition, UnixMs};
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
        let push = Push { lane: lane.clone(), from, to: from, entries: Vec::with_capacity(records.len()) };
        let mut batch = Self { push, letters: Vec::new(), waits_for: None };
        for record in records {
            match read(lane, record, catalog, now) {
                Reading::Entry(entry) => batch.push.entries.push(entry),
                Reading::Dead(letter) => batch.letters.push(*letter),
                Reading::Wait(revision) => {
                    batch.waits_for = Some(revision);
                    break;
                }
            }
            batch.push.to = record.offset.next();
        }
        batch
    }

    /// The jobs among the entries.
    pub(crate) fn jobs(&self) -> usize {
        self.push.entries.iter().filter(|entry| matches!(entry, Entry::Job { .. })).count()
    }
}

#[cfg(test)]
mod tests;
