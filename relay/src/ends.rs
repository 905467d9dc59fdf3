//! The two ends that the relay connects, and what it knows of the world: shared by all its tasks.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use wasmill_catalog::Catalog;
use wasmill_job::wire::{Undecodable, encode_copy, encode_dead};
use wasmill_job::{
    Clock, CopyOf, DeadLetter, Durability, Job, JobType, Partition, Passed, Progress, Topic, TopicPartition,
};
use wasmill_log::{Append, Log};
use wasmill_queue::Queue;

use crate::batch::Parking;
use crate::hindrance::Hindrance;
use crate::step::{Step, done};

/// Log, queue, catalog and clock.
pub(crate) struct Ends<L, Q> {
    pub(crate) log: L,
    pub(crate) queue: Q,
    pub(crate) catalog: watch::Receiver<Arc<Catalog>>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Partitions of topics of parked jobs that this process has made sure of.
    pub(crate) ensured: Mutex<BTreeSet<TopicPartition>>,
}

impl<L: Log, Q: Queue> Ends<L, Q> {
    /// Stores dead letters. Each has the key [`DeadLetter::record_key`], so that a repeat overwrites itself.
    pub(crate) async fn bury<'a>(
        &self,
        letters: impl Iterator<Item = &'a DeadLetter> + Send,
    ) -> Result<(), Hindrance> {
        let records = letters.map(append_of).collect::<Result<Vec<_>, _>>()?;
        if !records.is_empty() {
            self.log.append(records).await?;
            done(Step::Buried);
        }
        Ok(())
    }

    /// Stores copies of jobs of `lane` in the topics of their types' parked jobs, in order. A repeat stores
    /// them again; the queue takes one of each.
    pub(crate) async fn park<'a>(
        &self,
        lane: &TopicPartition,
        jobs: impl Iterator<Item = &'a Parking> + Send,
    ) -> Result<(), Hindrance> {
        let mut records = Vec::new();
        for Parking { job, of } in jobs {
            // The partner of a partition has the same number, and is of the same servers: so it has the same shard of the queue.
            let topic = Topic::parked_in(&job.job_type, lane.topic.server_set());
            let place = TopicPartition::new(topic, lane.partition);
            self.ensure(&place, &job.job_type).await?;
            records.push(copy_at(&place, job, of)?);
        }
        self.log.append(records).await?;
        done(Step::Parked);
        Ok(())
    }

    /// Makes the topic of a type's parked jobs at its first use, with as many partitions as the type's queue has, or as are
    /// needed for one that has more.
    async fn ensure(&self, place: &TopicPartition, job_type: &JobType) -> Result<(), Hindrance> {
        let ensured = || self.ensured.lock().unwrap_or_else(PoisonError::into_inner);
        if ensured().contains(place) {
            return Ok(());
        }
        let catalog = Arc::clone(&self.catalog.borrow());
        let queue = catalog.types.get(job_type).and_then(|spec| catalog.queues.get(&spec.queue));
        let needed = NonZeroU32::MIN.saturating_add(place.partition.0);
        let partitions = queue.map_or(needed, |queue| queue.current.partitions.max(needed));
        self.log.ensure(&place.topic, partitions).await?;
        ensured().insert(place.clone());
        Ok(())
    }

    /// What the log knows to be settled of `lane`.
    pub(crate) async fn committed(&self, lane: &TopicPartition) -> Result<Progress, Hindrance> {
        let committed = self.log.committed(lane).await;
        committed.map_err(|error| Hindrance::Unread { lane: lane.clone(), error })
    }

    /// Tells the log how far the queue has settled `lane`, when that is more than it was told `last`, and the record that was `passed`
    /// lately. Answers what the log knows now.
    ///
    /// # Errors
    /// When the queue knows less than the log: it was lost, and has to be resumed before it may be believed.
    pub(crate) async fn commit(
        &self,
        lane: &TopicPartition,
        last: &Progress,
        passed: Option<Passed>,
    ) -> Result<Progress, Hindrance> {
        // The epoch is that of what the queue was resumed with: progress of before an operator accepted the lane anew is told as
        // such, and changes nothing.
        let passed = passed.or(last.passed);
        let progress = Progress { epoch: last.epoch, passed, ..self.queue.progress(lane).await? };
        if progress == *last {
            return Ok(progress);
        }
        if !covers(&progress, last) {
            return Err(Hindrance::Forgotten(lane.clone()));
        }
        // Power lost before this line: the log knows an older progress, and only a queue that is lost as well
        // repeats what was settled since.
        let told = self.log.commit(lane, progress.clone()).await;
        told.map_err(|error| Hindrance::Untold { lane: lane.clone(), error })?;
        done(Step::Committed);
        Ok(progress)
    }
}

/// A copy of a job as a record at `place`.
pub(crate) fn copy_at(place: &TopicPartition, job: &Job, of: &CopyOf) -> Result<Append, Undecodable> {
    Ok(Append {
        topic: place.topic.clone(),
        partition: place.partition,
        key: Some(job.id.to_string().into()),
        value: Some(encode_copy(job, of)?),
        durability: Durability::Quorum,
    })
}

/// Whether all that is settled in `older` is settled in `newer`.
fn covers(newer: &Progress, older: &Progress) -> bool {
    let mut unsettled = older.settled.clone();
    newer.settled.iter().for_each(|range| unsettled.remove(range.clone()));
    newer.floor >= older.floor && unsettled.iter().all(|range| range.end <= newer.floor.0)
}

/// A dead letter as a record. Its key is [`DeadLetter::record_key`], so that a repeat overwrites itself.
pub(crate) fn append_of(letter: &DeadLetter) -> Result<Append, Undecodable> {
    Ok(Append {
        topic: Topic::dead(),
        partition: Partition(0),
        key: Some(letter.record_key().into()),
        value: Some(encode_dead(letter)?),
        durability: Durability::Quorum,
    })
}

#[cfg(test)]
mod tests;
