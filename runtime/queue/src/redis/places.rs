//! What a shard told of its lanes and types: their numbers, which stand in front of each job's record, and whether the last push
//! of a lane was of plain jobs alone. All of it is a guess, for others push too, and a shard may have been wiped: a guess that is
//! wrong costs time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wasmill_job::{JobType, TopicPartition};

use super::record::PLACE_BYTES;

/// What is guessed of each shard.
pub(super) struct Places(Vec<Mutex<Shard>>);

#[derive(Default)]
struct Shard {
    types: HashMap<JobType, u64>,
    /// Without a lane: of what stands in no log.
    lanes: HashMap<Option<TopicPartition>, Lane>,
}

#[derive(Clone, Copy, Default)]
struct Lane {
    number: u64,
    /// Its last push held something else than new plain jobs.
    is_mixed: bool,
}

impl Places {
    pub(super) fn new(shards: usize) -> Self {
        Self((0..shards).map(|_| Mutex::default()).collect())
    }

    /// What the records of jobs of a type in a lane begin with. Nothing right before something was told.
    pub(super) fn of(
        &self,
        shard: usize,
        lane: Option<&TopicPartition>,
        job_type: &JobType,
    ) -> [u8; PLACE_BYTES] {
        let known = self.lock(shard);
        let lane = known.lanes.get(&lane.cloned()).map_or(0, |lane| lane.number);
        let job_type = known.types.get(job_type).copied().unwrap_or_default();
        let [.., t0, t1, t2] = job_type.to_be_bytes();
        let [.., l0, l1] = lane.to_be_bytes();
        [t0, t1, t2, l0, l1]
    }

    /// Takes over the numbers of a lane and of types.
    pub(super) fn learn(
        &self,
        shard: usize,
        lane: Option<&TopicPartition>,
        number: u64,
        types: impl IntoIterator<Item = (JobType, u64)>,
    ) {
        let mut known = self.lock(shard);
        known.lanes.entry(lane.cloned()).or_default().number = number;
        known.types.extend(types);
    }

    /// Whether the last push of the lane was mixed, and the next one is likely to be.
    pub(super) fn is_mixed(&self, shard: usize, lane: Option<&TopicPartition>) -> bool {
        self.lock(shard).lanes.get(&lane.cloned()).is_some_and(|lane| lane.is_mixed)
    }

    /// Notes whether a push of the lane was mixed.
    pub(super) fn note_mixed(&self, shard: usize, lane: Option<&TopicPartition>, is_mixed: bool) {
        self.lock(shard).lanes.entry(lane.cloned()).or_default().is_mixed = is_mixed;
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        // Each change is made whole, so that what a thread that panicked left is as good a guess.
        self.0[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
