//! Carrying a run of records over, push by push: dead letters first, parked jobs beside, and what the queue's answers mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use wasmill_catalog::Catalog;
use wasmill_job::{DeadLetter, JobType, Offset, Position, Revision};
use wasmill_log::{Log, Stored};
use wasmill_queue::{Entry, Pushed, Queue};

use super::Lane;
use crate::batch::{Batch, Parking};
use crate::gauges::count_dead;
use crate::hindrance::Hindrance;
use crate::step::{Step, done};

/// How many records one push carries: enough to make its fixed cost small, few enough for a queue's single step.
pub(super) const PUSH_RECORDS_MAX: usize = 1_000;

/// How a push is made to fit.
enum Room {
    /// Only what stands before this offset is pushed now.
    Before(Offset),
    /// These are parked.
    Park(BTreeMap<Offset, Parking>),
}

impl<L: Log, Q: Queue> Lane<L, Q> {
    /// Carries `records`, which begin at or after `wanted`, into the queue.
    pub(super) async fn carry(
        &mut self,
        mut wanted: Offset,
        records: &[Stored],
        stop: &CancellationToken,
    ) -> Result<(), Hindrance> {
        let mut records = records;
        while !records.is_empty() {
            let (piece, rest) = records.split_at(self.piece.min(records.len()));
            let catalog = Arc::clone(&self.ends.catalog.borrow());
            let batch = self.read(wanted, piece, &catalog);
            let (to, waits_for) = (batch.push.to, batch.waits_for);
            if to > wanted && !self.hand_over(batch, piece, &catalog).await? {
                return Ok(());
            }
            (wanted, records) = (to, rest);
            self.piece = (2 * self.piece).min(PUSH_RECORDS_MAX);
            if let Some(revision) = waits_for {
                self.wait_for_catalog(revision, stop).await;
                return Ok(());
            }
            if stop.is_cancelled() {
                return Ok(());
            }
        }
        self.waits_for = None;
        Ok(())
    }

    fn read(&self, from: Offset, records: &[Stored], catalog: &Catalog) -> Batch {
        Batch::read(&self.place, from, records, catalog, self.ends.clock.now())
    }

    /// One push, of `batch` as it was read from `records`. Answers whether the queue took all of it; if not, `wanted` says
    /// where to go on.
    async fn hand_over(
        &mut self,
        mut batch: Batch,
        mut records: &[Stored],
        catalog: &Catalog,
    ) -> Result<bool, Hindrance> {
        let whole = batch.push.to;
        let mut parked = BTreeSet::new();
        let mut early = None;
        loop {
            let jobs = batch.jobs();
            let Batch { push, letters, dropped, .. } = batch;
            let (from, to) = (push.from, push.to);
            // Power lost before this line: nothing has happened. The same records are read again.
            self.bury(&letters).await?;
            // Power lost before this line: the letters, and the copies of parked jobs, are in the log, the queue still wants
            // `from`. The records are read again. Letters overwrite themselves: the key is the record's position, or the
            // job's id. Of copies the queue takes those it was told of, each once.
            let answer = self.ends.queue.push(push).await?;
            // Power lost before this line: the queue has taken the push and moved to `to` in one step. Whoever resumes
            // is told `to`.
            match answer {
                Pushed::Applied { duplicates } => {
                    done(Step::Pushed);
                    letters.iter().for_each(|letter| count_dead(letter.failure.code));
                    self.gauges.pushed(jobs, duplicates.len());
                    self.gauges.parked(parked.len());
                    self.gauges.dropped(dropped);
                    if let Some(last) = records.last() {
                        self.ages.note(records[0].offset, records[0].stored_at);
                        self.ages.note(last.offset, last.stored_at);
                    }
                    self.buried = self.buried.split_off(&to);
                    self.wanted = Some(to);
                    return Ok(to == whole);
                }
                Pushed::Over(rooms) => {
                    batch = self.read(from, records, catalog);
                    batch.park(&parked);
                    match self.make_room(&batch, &rooms)? {
                        Room::Before(offset) => records = before(records, offset),
                        Room::Park(over) => {
                            self.ends.park(&self.place, over.values()).await?;
                            parked.extend(over.into_keys());
                        }
                    }
                }
                Pushed::Early(offset) => {
                    early = origin_at(&self.read(from, records, catalog), offset);
                    records = if offset <= from { &[] } else { before(records, offset) };
                }
                other => return self.refused(from, other).map(|()| false),
            }
            if records.is_empty() {
                // Nothing stands before the first that is early.
                return Err(early.map_or(Hindrance::Undecided(from), Hindrance::Early));
            }
            batch = self.read(from, records, catalog);
            batch.park(&parked);
        }
    }

    /// Stores dead letters, but none that is stored already: the records that they are made of are handed over again while there is
    /// no room for what stands beside them.
    async fn bury(&mut self, letters: &[DeadLetter]) -> Result<(), Hindrance> {
        let news = letters.iter().filter(|letter| !self.buried.contains(&letter.origin.offset));
        self.ends.bury(news).await?;
        self.buried.extend(letters.iter().map(|letter| letter.origin.offset));
        Ok(())
    }

    /// What to do about types without room for all of their jobs. The jobs for which there is room go first, in a push of
    /// their own; only then is the rest parked: so copies keep their order, whatever happens to the room meanwhile. Copies
    /// of parked jobs are not parked again, but wait.
    fn make_room(&self, batch: &Batch, rooms: &BTreeMap<JobType, usize>) -> Result<Room, Hindrance> {
        let settled = self.committed.clone().unwrap_or_default();
        let over = batch.over(rooms, &settled);
        let waits = self.place.topic.parked_type().is_some();
        let has_room = |parking: &Parking| rooms.get(&parking.job.job_type).is_some_and(|room| *room > 0);
        let Some((first, parking)) = over.iter().find(|(_, parking)| waits || has_room(parking)) else {
            return if over.is_empty() {
                Err(Hindrance::Undecided(batch.push.from))
            } else {
                Ok(Room::Park(over))
            };
        };
        if batch.push.entries.first().is_none_or(|entry| entry.offset() >= *first) {
            return Err(Hindrance::NoRoom(parking.job.job_type.clone()));
        }
        Ok(Room::Before(*first))
    }

    /// The queue did not take a push that began at `from`.
    pub(super) fn refused(&mut self, from: Offset, answer: Pushed) -> Result<(), Hindrance> {
        match answer {
            Pushed::Applied { .. } => Ok(()),
            Pushed::Full => Err(Hindrance::Full),
            Pushed::Wants(wants) if wants > from => {
                // Another relay was here, or our last push arrived though its answer did not.
                tracing::debug!(lane = %self.place, %from, %wants, "already pushed by somebody");
                self.wanted = Some(wants);
                Ok(())
            }
            Pushed::Wants(wants) if wants < from => {
                tracing::warn!(lane = %self.place, %from, %wants, "the queue was rolled back: replaying");
                self.wanted = None;
                Ok(())
            }
            Pushed::Unknown => {
                tracing::warn!(lane = %self.place, %from, "the queue was lost: replaying what is not settled");
                self.wanted = None;
                Ok(())
            }
            Pushed::Wants(offset) | Pushed::Early(offset) => Err(Hindrance::Undecided(offset)),
            Pushed::Over(_) => Err(Hindrance::Undecided(from)),
        }
    }

    /// Waits for a newer catalog, or the next pulse. A type that a catalog as new as its stamp does not know becomes a
    /// dead letter; before that, its record keeps its place, and those behind it wait.
    async fn wait_for_catalog(&mut self, revision: Revision, stop: &CancellationToken) {
        let mut catalog = self.ends.catalog.clone();
        if self.waits_for.replace(revision) != Some(revision) {
            let have = catalog.borrow_and_update().revision;
            tracing::warn!(lane = %self.place, needs = %revision, %have, "waiting for a newer catalog");
        }
        tokio::select! {
            // An error means that nobody will ever send one again: then only pulses end the wait.
            Ok(_) = catalog.wait_for(|catalog| catalog.revision >= revision) => {}
            () = tokio::time::sleep_until(self.next_pulse) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// What the copy at `offset` was made of.
fn origin_at(batch: &Batch, offset: Offset) -> Option<Position> {
    let mut copies = batch.push.entries.iter().filter_map(|entry| match entry {
        Entry::Copy { offset, of, .. } => Some((*offset, &of.origin)),
        _ => None,
    });
    copies.find(|(at, _)| *at == offset).map(|(_, origin)| origin.clone())
}

/// The records that stand before `offset`.
fn before(records: &[Stored], offset: Offset) -> &[Stored] {
    &records[..records.partition_point(|record| record.offset < offset)]
}
