//! The two ends that the relay connects, and what it knows of the world: shared by all its tasks.

use std::sync::Arc;

use tokio::sync::watch;
use wasmill_catalog::Catalog;
use wasmill_job::wire::{Undecodable, encode_dead};
use wasmill_job::{Clock, DeadLetter, Partition, Progress, Topic, TopicPartition};
use wasmill_log::{Append, Log};
use wasmill_queue::Queue;

use crate::hindrance::Hindrance;

/// Log, queue, catalog and clock.
pub(crate) struct Ends<L, Q> {
    pub(crate) log: L,
    pub(crate) queue: Q,
    pub(crate) catalog: watch::Receiver<Arc<Catalog>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl<L: Log, Q: Queue> Ends<L, Q> {
    /// Stores dead letters. Each has the key [`DeadLetter::key`], so that a repeat overwrites itself.
    pub(crate) async fn bury<'a>(
        &self,
        letters: impl Iterator<Item = &'a DeadLetter> + Send,
    ) -> Result<(), Hindrance> {
        let records = letters.map(append_of).collect::<Result<Vec<_>, _>>()?;
        if !records.is_empty() {
            self.log.append(records).await?;
        }
        Ok(())
    }

    /// Tells the log how far the queue has settled `lane`, when that is more than it was told `last`. Answers what the
    /// log knows now.
    ///
    /// # Errors
    /// When the queue knows less than the log: it was lost, and has to be resumed before it may be believed.
    pub(crate) async fn commit(&self, lane: &TopicPartition, last: &Progress) -> Result<Progress, Hindrance> {
        let progress = self.queue.progress(lane).await?;
        if progress == *last {
            return Ok(progress);
        }
        if !covers(&progress, last) {
            return Err(Hindrance::Forgotten(lane.clone()));
        }
        // Power lost before this line: the log knows an older progress, and only a queue that is lost as well
        // repeats what was settled since.
        self.log.commit(lane, progress.clone()).await?;
        Ok(progress)
    }
}

/// Whether all that is settled in `older` is settled in `newer`.
fn covers(newer: &Progress, older: &Progress) -> bool {
    let mut unsettled = older.settled.clone();
    newer.settled.iter().for_each(|range| unsettled.remove(range.clone()));
    newer.floor >= older.floor && unsettled.iter().all(|range| range.end <= newer.floor.0)
}

fn append_of(letter: &DeadLetter) -> Result<Append, Undecodable> {
    Ok(Append {
        topic: Topic::dead(),
        partition: Partition(0),
        key: Some(letter.key().into()),
        value: Some(encode_dead(letter)?),
    })
}

#[cfg(test)]
mod tests;
